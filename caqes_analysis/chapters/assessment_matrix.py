"""The evaluation at a glance: one row per contract, one column per indicator."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from caqes_analysis import french, tables
from caqes_analysis.chapters.assessment import evaluations, is_official, region_total
from caqes_analysis.chapters.assessment_words import (
    ATTAINMENT_WORDS,
    OBJECTIVES,
    REFERENCE_WORDS,
    STATUS_WORDS,
    TOTALS,
    with_amounts,
    with_values,
)
from caqes_analysis.chapters.level_changes import listed_changes_note
from caqes_analysis.chapters.page import Page
from caqes_analysis.contract_level import contract_keys
from caqes_analysis.display import ColumnFormat, Details, Figure, Notice, Table
from caqes_analysis.display.charts_verdicts import verdict_grid
from caqes_analysis.display.payload import State
from caqes_analysis.display.style import abbreviated
from caqes_analysis.evaluation.assess import evaluated_year
from caqes_analysis.indicators.catalogue import definitions_of

__all__ = [
    "folded",
    "incentive_matrix",
    "matrix_table",
    "overview",
    "realisation_matrix",
    "short_names",
    "targeting_matrix",
]

_ABSENT = "–"
_VERDICTS = ("attained", "not_attained")
_CHOSEN = (
    " Les établissements des volets additionnels ont été choisis à la signature, par une règle que ce rapport n'a pas."
)
_REDONE = " Le ciblage que la région a écrit dans ses règles, par écart à la médiane, est ci-dessous."
_NOT_CONTRACTED = "Un tiret : l'indicateur n'est pas dans le contrat."


def short_names(page: Page) -> dict[str, str]:
    """Return the short name of each indicator of the catalogue of a campaign."""
    return {name: one.short_name for name, one in definitions_of(page.campaign).items()}


def _objectives(page: Page) -> pd.DataFrame:
    """Return the indicators of each contract, with their short name; a name that two share is told apart."""
    rows = evaluations(page)
    rows = rows[rows["kind"].isin(OBJECTIVES)]
    short = short_names(page)
    return rows.assign(indicator=[short.get(name, name) for name in rows["subject"]])


def overview(page: Page) -> Figure | Notice:
    """Return the figure of the chapter: who is targeted, and who attained what."""
    rows = _objectives(page)
    if rows.empty:
        return Notice("missing", "Vue d'ensemble", "Aucun contrat n'est évalué cette année.")
    return verdict_grid(rows, name=page.campaign.region.name, year=evaluated_year(page.campaign))


def matrix_table(
    rows: pd.DataFrame, text: str, state: str, *, caption: str, header: str, notes: Sequence[str] = ()
) -> Table:
    """Lay out one column of long rows as a table: a row per contract, a column per indicator.

    Parameters
    ----------
    rows
        One row a contract and indicator: ``contract_finess``, ``name``, ``href``, ``indicator``, and the two columns
        that the next parameters name.
    text, state
        Columns that hold the words of a cell and its state.
    caption, header
        Caption, and what a cell says.
    notes
        Sentences under the table.
    """
    order = sorted(rows["indicator"].unique(), key=french.alphabetical)
    contracts = rows.drop_duplicates("contract_finess").set_index("contract_finess")[["name", "href"]]
    wide = rows.pivot(index="contract_finess", columns="indicator", values=text).reindex(contracts.index)
    states = rows.pivot(index="contract_finess", columns="indicator", values=state)
    frame, columns = contracts.copy(), [ColumnFormat.text("name", "Établissement", href="href")]
    for number, indicator in enumerate(order):
        frame[f"c{number}"] = wide[indicator].fillna(_ABSENT)
        frame[f"s{number}"] = states[indicator].reindex(frame.index).astype(object)
        columns.append(ColumnFormat.text(f"c{number}", indicator, state=f"s{number}"))
    notes = [*notes, *([_NOT_CONTRACTED] if wide.isna().any().any() else [])]
    frame = _by_name(frame)
    return Table.from_frame(frame.reset_index(), caption=f"{caption} ({header})", columns=columns, notes=notes)


def _by_name(frame: pd.DataFrame) -> pd.DataFrame:
    """Return contracts in the order of their names, abbreviated so that a row stays on a line or two."""
    ordered = frame.sort_values("name", key=lambda names: names.map(french.alphabetical), kind="stable")
    return ordered.assign(name=[abbreviated(str(name)) for name in ordered["name"]])


def folded(title: str, shown: Table | Notice | None) -> Details | None:
    """Return a table folded behind its title; None without one, or for a notice, which the page has given already."""
    return Details(title, [shown]) if isinstance(shown, Table) else None


def targeting_matrix(page: Page) -> Table | Notice:
    """Return who each référentiel targets: one row per contract, one column per référentiel that is known."""
    rows = _objectives(page)
    rows = rows[rows["reference_status"].notna()]
    if rows.empty:
        how = _REDONE if page.scheme.atypie is not None else _CHOSEN if page.scheme.common_volets else ""
        text = f"Ce rapport ne connaît de référentiel pour aucun indicateur du {page.scheme.name}.{how}"
        return Notice("info" if page.scheme.atypie is not None else "missing", "Référentiels", text)
    is_known = rows["reference_status"].isin(["respected", "targeted"])
    known = is_known.groupby(rows["indicator"]).any()
    unknown = sorted(known[~known].index, key=french.alphabetical)
    shown = rows[rows["indicator"].isin(known[known].index)]
    published = f"Référentiel non publié, donc personne n'est dit ciblé : {french.list_in_words(unknown)}."
    if shown.empty:
        return Notice("missing", "Référentiels", published)
    words = {status: word for status, (word, _) in REFERENCE_WORDS.items()}
    colours: dict[str, State | None] = {status: colour for status, (_, colour) in REFERENCE_WORDS.items()}
    return matrix_table(
        shown.assign(
            text=[words[one] for one in shown["reference_status"]],
            state=pd.Series([colours[one] for one in shown["reference_status"]], index=shown.index, dtype=object),
        ),
        "text",
        "state",
        caption=f"Qui est ciblé en {evaluated_year(page.campaign)}",
        header="un référentiel par colonne",
        notes=[
            "Ciblé : aucune des conditions du référentiel n'est remplie. Une seule suffit à le respecter.",
            *([published] if unknown else []),
        ],
    )


def realisation_matrix(page: Page) -> Table | Notice:
    """Return what each contract attained: one row per contract, one column per indicator."""
    rows = _objectives(page)
    if rows.empty:
        return Notice("missing", "Objectifs", "Aucun contrat n'est évalué cette année.")
    judged = rows.groupby("indicator")["attainment"].agg(lambda found: bool(found.isin(_VERDICTS).any()))
    silent = sorted(judged[~judged].index, key=french.alphabetical) if judged.any() else []
    valued = with_values(rows[~rows["indicator"].isin(silent)], decimals=1)
    words = [
        f"{value}, {ATTAINMENT_WORDS[verdict][0]}" if verdict in _VERDICTS else _without(verdict)
        for verdict, value in zip(valued["attainment"], valued["value_text"], strict=True)
    ]
    states = [ATTAINMENT_WORDS[verdict][1] if isinstance(verdict, str) else None for verdict in valued["attainment"]]
    return matrix_table(
        valued.assign(text=words, state=pd.Series(states, index=valued.index, dtype=object)),
        "text",
        "state",
        caption=f"Ce que chaque contrat a atteint en {evaluated_year(page.campaign)}",
        header="valeur, puis verdict",
        notes=[
            *([f"Sans verdict pour personne, donc sans colonne : {french.list_in_words(silent)}."] if silent else []),
            *_changes_note(page, rows),
        ],
    )


def _changes_note(page: Page, rows: pd.DataFrame) -> list[str]:
    """Name the establishments judged on a year whose level changed with no declared event; often nobody."""
    judged = rows.loc[rows["attainment"].isin(_VERDICTS), ["contract_finess", "subject"]]
    signatory = contract_keys(page.store.read(tables.ESTABLISHMENTS))
    who = pd.DataFrame({"finess": page.establishments["finess"]})
    who["contract_finess"] = [signatory.get(finess, finess) for finess in who["finess"]]
    listed = who.merge(judged, on="contract_finess").rename(columns={"subject": "envelope"})
    end = "l'évolution, donc le verdict, en vient en partie, à éclaircir avant de conclure"
    year = evaluated_year(page.campaign)
    return listed_changes_note(page, listed, names_envelope=True, year=year, end=end)


def _without(verdict: object) -> str:
    return ATTAINMENT_WORDS[verdict][0] if isinstance(verdict, str) else french.MISSING


def incentive_matrix(page: Page) -> Table | Notice:
    """Return what each contract is paid: one row per contract, one column per indicator, and the total."""
    rows = evaluations(page)
    totals = rows[rows["kind"].isin(TOTALS)]
    if not page.scheme.shares_savings:
        return Notice("info", "Intéressement", f"Le dispositif {page.scheme.name} n'a pas d'intéressement.")
    if totals.empty:
        return Notice("missing", "Intéressement", "Aucun contrat n'a d'indicateur intéressé cette année.")
    paid = with_amounts(_objectives(page))
    paid = paid[paid["amount_eur"].notna() | paid["status"].isin(STATUS_WORDS)]
    some = paid.groupby("indicator")["amount_eur"].agg(lambda amounts: bool(amounts.notna().any()))
    valued = sorted(some[some].index, key=french.alphabetical)
    regional = set(paid[paid["kind"] == "regional_indicator"]["indicator"])
    wide = paid.pivot(index="contract_finess", columns="indicator", values="due_text")
    due = with_amounts(totals)
    frame = due.set_index("contract_finess")[["name", "href"]].groupby(level=0).first()
    columns = [ColumnFormat.text("name", "Établissement", href="href")]
    national = "Total national" if (due["kind"] == "regional_incentive").any() else "Total"
    is_alone = len(regional & set(valued)) == 1  # its amount is that of the regional part
    for kind, label in (("incentive", national), ("regional_incentive", "Part régionale")):
        for number, indicator in enumerate(valued):
            is_own = indicator in regional if kind == "regional_incentive" else indicator not in regional
            if is_own and not (kind == "regional_incentive" and is_alone):
                frame[f"c{number}"] = wide[indicator].reindex(frame.index).fillna(_ABSENT)
                columns.append(ColumnFormat.text(f"c{number}", indicator, align="right"))
        own = due[due["kind"] == kind].set_index("contract_finess")["due_text"]
        if len(own):
            frame[kind] = own.reindex(frame.index).fillna(_ABSENT)
            columns.append(ColumnFormat.text(kind, label, align="right"))
    frame = _by_name(frame)
    last = {column.name: _ABSENT for column in columns} | {"name": "Région", "href": None}
    for number, indicator in enumerate(valued):
        last[f"c{number}"] = region_total(paid[paid["indicator"] == indicator])
    for kind in TOTALS:
        if kind in frame:
            last[kind] = region_total(due[due["kind"] == kind])
    others = sorted(set(paid["indicator"]) - set(valued), key=french.alphabetical)
    notes = [f"Plancher, plafond et compensation s'appliquent au {national.lower()} : il peut différer de la somme."]
    notes += [f"Part régionale : {french.list_in_words(sorted(regional))}."] if regional else []
    if others:
        notes.append(f"Non valorisables ou non calculables, donc sans colonne : {french.list_in_words(others)}.")
    caption = f"Intéressement de {evaluated_year(page.campaign)}, par établissement"
    return Table.from_frame(
        frame.reset_index(drop=True),
        caption=caption if is_official(page) else f"{caption} (formule non officielle)",
        columns=columns,
        totals=pd.DataFrame([last]),
        notes=notes,
    )

"""The three figures under a scheme of rates: what separates the spending from its objective, made of what, real or not.

Such a contract (2018) shares no savings: it counts an evolution against a national rate. Its figure in euros stands
beside the other two, never in place of one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from caqes_analysis import french, tables
from caqes_analysis.chapters.level_changes import conclusion_reserve, judged_changes_notes
from caqes_analysis.chapters.page import Page
from caqes_analysis.chapters.savings_amounts import amounts_of
from caqes_analysis.chapters.savings_estimates import (
    NOT_ESTIMATED,
    TOLD_SHARE,
    card_text,
    chance_text,
    estimate_note,
    estimate_text,
    estimates_of,
    verdict_of,
)
from caqes_analysis.chapters.savings_left_out import left_out, out_notes, own_left_out_notes
from caqes_analysis.chapters.savings_notes import SINGLE_CHANCE_NOTE, SINGLE_NOTE, added_notes
from caqes_analysis.display import Card, ColumnFormat, Details, Table, Text
from caqes_analysis.savings.decomposition import DECOMPOSED
from caqes_analysis.savings.incentive import total_of
from caqes_analysis.savings.objectives import OVERRUN
from caqes_analysis.savings.regulatory import REGULATORY
from caqes_analysis.savings.transports import TRAJECTORY

__all__ = [
    "objective_answer",
    "objective_card",
    "objective_contracts",
    "objective_figures",
    "objective_how_to_read",
    "objective_reading",
    "objective_rows",
    "own_objectives",
]

_SUMMED = ("overrun_eur", "change_eur", "price_eur", "volume_eur", "other_eur")
_NOT_A_RESULT = (
    "Le contrat compare une évolution à un taux national, le même pour tous. Être au-dessus ne dit pas que le contrat "
    "n'a rien changé ; être en dessous ne dit pas qu'il a fait économiser : seule l'économie réelle répond à cela."
)
_NOTES = (
    "Écart à l'objectif : dépense de N moins dépense de N-1 augmentée du taux, au centime ; positif, c'est un "
    "dépassement. Les textes donnent le taux : son écriture en euros est une traduction, non officielle, qui ne coûte "
    "ni ne rapporte rien.",
    "« Autres » : structure, taux de remboursement, honoraires, entrées et sorties, périmètre, et ce dont les produits "
    "ne sont pas connus un à un ; « n. d. » quand ils ne le sont pour aucun contrat.",
    "Économie réelle : dépense attendue sans contrat moins dépense observée ; négative, c'est un surcoût.",
)


def objective_rows(page: Page) -> pd.DataFrame:
    """Return the figures of each contract that were computed, one row per contract and indicator.

    Parameters
    ----------
    page
        The page.

    Returns
    -------
    DataFrame
        ``finess, indicator, year, label, rate_pct``, then exact euros: ``overrun_eur, change_eur``, and the parts
        ``price_eur, volume_eur, other_eur`` (missing where the products are not known); empty under another scheme.
    """
    rows = amounts_of(page, REGULATORY)
    if page.scheme.shares_savings or OVERRUN not in rows or "previous" not in rows:
        return pd.DataFrame(columns=["finess", "indicator", "year", "label", "rate_pct", *_SUMMED])
    own = rows[rows[OVERRUN].notna() & (rows["indicator"] != TRAJECTORY)].reset_index(drop=True)
    stored = page.store.read(tables.SAVINGS)
    rates = stored[(stored["method"] == REGULATORY) & (stored["component"] == "rate") & stored["value"].notna()]
    rate_of = rates.set_index(["finess", "indicator"])["value"].to_dict()
    split = amounts_of(page, DECOMPOSED).set_index(["finess", "indicator"])
    found = []
    for row in own.to_dict("records"):
        place, change = (row["finess"], row["indicator"]), row["current"] - row["previous"]
        parts = split.loc[place] if place in split.index else None
        if parts is not None and (parts["previous"], parts["current"]) != (row["previous"], row["current"]):
            parts = None
        found.append(
            {
                **{name: row[name] for name in ("finess", "indicator", "year", "label")},
                "rate_pct": rate_of.get(place),
                "overrun_eur": row[OVERRUN],
                "change_eur": change,
                "price_eur": None if parts is None else parts["price"],
                "volume_eur": None if parts is None else parts["volume"],
                "other_eur": None if parts is None else change - parts["price"] - parts["volume"],
            }
        )
    columns = ["finess", "indicator", "year", "label", "rate_pct", *_SUMMED]
    return pd.DataFrame(found, columns=columns).astype(dict.fromkeys(_SUMMED, object))


def _regional(rows: pd.DataFrame) -> dict[str, Any]:
    """Return the sums of the contracts of one indicator; what no product tells goes to « autres »."""
    sums: dict[str, Any] = {name: total_of(rows[name]) for name in _SUMMED}
    if sums["price_eur"] is not None:
        sums["other_eur"] = sums["change_eur"] - sums["price_eur"] - sums["volume_eur"]
    return sums


def objective_answer(page: Page) -> Text | None:
    """Return what the contracts count of the first envelope, and what is real of it; None under another scheme."""
    rows = _first(objective_rows(page))
    if rows.empty:
        return None
    return Text.paragraphs(_sentence(rows, _real_of(page).get(str(rows["indicator"].iloc[0]))))


def objective_card(page: Page) -> Card | None:
    """Return the same for the home page; None under another scheme."""
    rows = _first(objective_rows(page))
    if rows.empty:
        return None
    indicator = str(rows["indicator"].iloc[0])
    sums, out = _regional(rows), left_out(page)
    out_nb = int((out["indicator"] == indicator).sum())
    counted = french.plural(len(rows), "contrat") + (f" sur {french.number(len(rows) + out_nb)}" if out_nb else "")
    return Card(
        f"{rows['label'].iloc[0]} {int(rows['year'].iloc[0])}, écart à l'objectif",
        french.compact_euros(sums["overrun_eur"], signed=True),
        f"{counted} ; évolution {french.compact_euros(sums['change_eur'], signed=True)} ; "
        f"{card_text(_real_of(page).get(indicator))}",
    )


def objective_how_to_read(page: Page) -> Text | None:
    """Return in one sentence what a gap to an objective is not; None under another scheme."""
    return None if objective_rows(page).empty else Text.paragraphs(_NOT_A_RESULT)


def _first(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the envelope told first: the whole of what hospitals prescribe, else the most contracts."""
    if rows.empty:
        return rows
    contracts = rows.groupby("indicator").size()
    return rows[rows["indicator"] == ("phev" if "phev" in contracts.index else contracts.idxmax())]


def _real_of(page: Page) -> dict[str, Mapping[Any, Any]]:
    return {str(row["indicator"]): row for row in estimates_of(page).to_dict("records")}


def _sentence(rows: pd.DataFrame, real: Mapping[Any, Any] | None) -> str:
    """Return in one sentence the three figures of an indicator, and how to read their difference."""
    sums = _regional(rows)
    above_nb, all_nb = sum(one > 0 for one in rows["overrun_eur"]), len(rows)
    rate = rows["rate_pct"].dropna().unique()
    named = f" ({french.percent(float(rate[0]))})" if len(rate) == 1 else ""
    moved = f"la dépense a varié de {french.compact_euros(sums['change_eur'], signed=True)}"
    if sums["price_eur"] and abs(sums["price_eur"]) >= TOLD_SHARE * abs(sums["change_eur"]):
        moved += f", dont {french.compact_euros(sums['price_eur'], signed=True)} par les prix"
    apart = french.compact_euros(abs(sums["overrun_eur"]))
    together = f"dépassent ensemble l'objectif{named} de {apart}"
    if sums["overrun_eur"] <= 0:
        together = f"restent ensemble {apart} sous l'objectif{named}"
    return (
        f"{rows['label'].iloc[0]} : en {int(rows['year'].iloc[0])}, les contrats {together}, {above_nb} sur {all_nb} "
        f"étant au-dessus ; {moved} ; {verdict_of(real)}."
    )


def objective_figures(page: Page) -> Table | None:
    """Return the three figures of the region, envelope by envelope; None under another scheme."""
    rows = objective_rows(page)
    if rows.empty:
        return None
    real = _real_of(page)
    found = [
        {
            "label": own["label"].iloc[0],
            "contracts_nb": len(own),
            "rate_text": _rate(own["rate_pct"]),
            "real_text": _estimated(real.get(str(indicator))),
            **_regional(own),
        }
        for indicator, own in rows.groupby("indicator", sort=True)
    ]
    return Table.from_frame(
        _exact(pd.DataFrame(found)),
        caption=f"Les trois chiffres de {int(rows['year'].iloc[0])}, par enveloppe sous contrat",
        columns=[
            ColumnFormat.text("label", "Enveloppe"),
            ColumnFormat.count("contracts_nb", "Contrats"),
            ColumnFormat.text("rate_text", "Objectif", align="right"),
            *_three(),
        ],
        notes=[
            *_overlap(rows),
            *_NOTES,
            *_uncounted(rows, left_out(page)),
            *_fewer(found, real),
            *added_notes(real.values()),
        ],
    )


def _uncounted(rows: pd.DataFrame, lost: pd.DataFrame) -> list[str]:
    """Return how many contracts of each envelope have no figure: the sums are not those of all the contracts."""
    some = [
        f"{own['label'].iloc[0]}, {french.plural(nb, 'contrat')} sur {len(own) + nb}"
        for indicator, own in rows.groupby("indicator", sort=True)
        if (nb := int((lost["indicator"] == indicator).sum()))
    ]
    return [f"Contrats non comptés, nommés dans le détail{french.NBSP}: {' ; '.join(some)}."] if some else []


def _fewer(found: list[dict[str, Any]], real: Mapping[str, Mapping[Any, Any]]) -> list[str]:
    """Return which envelopes have fewer contracts estimated than counted: the figures are not of the same contracts."""
    estimated = {row["label"]: row["series_nb"] for row in real.values() if not pd.isna(row["saving_eur"])}
    some = [
        f"{row['label']}, {french.plural(estimated[row['label']], 'contrat')} sur {row['contracts_nb']}"
        for row in found
        if estimated.get(row["label"], row["contracts_nb"]) < row["contracts_nb"]
    ]
    if not some:
        return []
    return [f"Économie réelle estimée pour une partie des contrats, faute de mois sûrs : {' ; '.join(some)}."]


def _three() -> list[ColumnFormat]:
    return [
        ColumnFormat.text("overrun_text", "Contrat : écart à l'objectif", align="right"),
        ColumnFormat.compact_amount("change_eur", "Évolution", signed=True),
        ColumnFormat.compact_amount("price_eur", "dont prix", signed=True),
        ColumnFormat.compact_amount("volume_eur", "dont volume", signed=True),
        ColumnFormat.compact_amount("other_eur", "dont autres", signed=True),
        ColumnFormat.text("real_text", "Économie réelle (à 95 %)", align="right"),
    ]


def _exact(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(overrun_text=[french.euros(one, cents=True, signed=True) for one in frame["overrun_eur"]])


def _rate(rates: pd.Series[Any]) -> str:
    known = rates.dropna().unique()
    return french.percent(float(known[0]), signed=True) if len(known) == 1 else french.MISSING


def _estimated(row: Mapping[Any, Any] | None) -> str:
    return NOT_ESTIMATED if row is None else estimate_text(row)


def _overlap(rows: pd.DataFrame) -> list[str]:
    if "phev" not in set(rows["indicator"]):
        return []
    return ["La PHEV réunit les médicaments et la LPP, qui ont aussi leur taux : les lignes ne s'additionnent pas."]


def objective_reading(page: Page) -> Text | None:
    """Return how to read the difference between the three figures, envelope by envelope; None under another scheme."""
    rows = objective_rows(page)
    if rows.empty:
        return None
    real = _real_of(page)
    said = [_sentence(own, real.get(str(indicator))) for indicator, own in rows.groupby("indicator", sort=True)]
    return Text.paragraphs(_NOT_A_RESULT, *said)


def objective_contracts(page: Page) -> Details | None:
    """Return the three figures of each contract, folded: one table per envelope, the region being their sum."""
    rows = objective_rows(page)
    if rows.empty:
        return None
    estimates = page.store.read(tables.SAVING_ESTIMATES)
    series = estimates[estimates["level"] == "series"].set_index(["indicator", "series"])
    names, out = page.establishments.set_index("finess"), left_out(page)
    shown = []
    for indicator, own in rows.groupby("indicator", sort=True):
        found = [
            {
                "name": names["name"].get(row["finess"], row["finess"]),
                "href": names["href"].get(row["finess"]),
                "real_text": _estimated(_at(series, (indicator, row["finess"]))),
                **{name: row[name] for name in _SUMMED},
            }
            for row in own.to_dict("records")
        ]
        frame = _exact(pd.DataFrame(found)).sort_values(["overrun_eur", "name"], ascending=[False, True])
        who = f"Ensemble des {french.plural(len(own), 'contrat')}" if len(own) > 1 else "Ensemble"
        last = {"name": who, "href": None, "real_text": _estimated(_real_of(page).get(str(indicator)))}
        shown.append(
            Table.from_frame(
                frame,
                caption=f"{own['label'].iloc[0]}, {int(own['year'].iloc[0])} : les trois chiffres, contrat par contrat",
                columns=[ColumnFormat.text("name", "Établissement", href="href"), *_three()],
                totals=_exact(pd.DataFrame([last | _regional(own)])),
                notes=[
                    "L'ensemble est la somme des contrats listés, au centime ; les intervalles ne s'additionnent pas, "
                    "et l'économie réelle de l'ensemble ne réunit que ce qui est estimable.",
                    *([SINGLE_NOTE] if frame["real_text"].ne(NOT_ESTIMATED).any() else []),
                    *out_notes(out[out["indicator"] == indicator], names["name"]),
                ],
            )
        )
    return Details("Détail : les trois chiffres, contrat par contrat", shown)


def _by_itself(row: Mapping[Any, Any]) -> str:
    chance = row["prob_target_without_effect"]
    return "" if pd.isna(chance) else f" Chance d'atteindre l'objectif sans avoir rien changé : {chance_text(chance)}."


def _at(series: pd.DataFrame, place: tuple[Any, Any]) -> Mapping[Any, Any] | None:
    if place not in series.index:
        return None
    row: Mapping[Any, Any] = series.loc[[place]].iloc[0].to_dict()
    return row


def own_objectives(page: Page) -> Table | None:
    """Return the three figures of the contract that an establishment is under; None when it has none."""
    rows = objective_rows(page)
    own = rows[rows["finess"] == page.signatory]
    if own.empty:
        return None
    estimates = estimates_of(page, page.signatory).to_dict("records")
    real = {row["indicator"]: row for row in estimates}
    return Table.from_frame(
        _exact(
            own.assign(
                rate_text=[_rate(pd.Series([one])) for one in own["rate_pct"]],
                real_text=[_estimated(real.get(name)) for name in own["indicator"]],
            )
        ),
        caption=f"Économies de {int(own['year'].iloc[0])} : les trois chiffres",
        columns=[
            ColumnFormat.text("label", "Enveloppe"),
            ColumnFormat.text("rate_text", "Objectif", align="right"),
            *_three(),
        ],
        notes=[
            *_overlap(own),
            *own_left_out_notes(page),
            *_NOTES,
            *(
                f"{estimate_note(row)}{_by_itself(row)}"
                for row in estimates
                if row["indicator"] in set(own["indicator"])
            ),
            *added_notes(row for row in estimates if row["indicator"] in set(own["indicator"])),
            # A distance to the cent stands there, whatever the estimates allow.
            *(
                conclusion_reserve(page, [row["conclusion"] for row in estimates], year=int(own["year"].iloc[0]))
                or judged_changes_notes(page, own["indicator"], year=int(own["year"].iloc[0]))
            ),
            *([SINGLE_CHANCE_NOTE] if estimates else []),
        ],
    )

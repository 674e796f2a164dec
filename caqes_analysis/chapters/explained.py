"""What explains the change of an envelope: the waterfall of its effects, then the classes or products that moved it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from caqes_analysis import french, tables
from caqes_analysis.chapters.amounts_received import AMOUNT_WORDS, received_amounts
from caqes_analysis.chapters.constant_perimeter import opening_between
from caqes_analysis.chapters.drugs import base_years
from caqes_analysis.chapters.page import Page
from caqes_analysis.chapters.savings_levers import extract_notes
from caqes_analysis.chapters.words import against_phrase, envelope_of, sentence_case, through_phrase
from caqes_analysis.display import ColumnFormat, Figure, Notice, Table
from caqes_analysis.display.charts_waterfall import EFFECT_LABELS, waterfall
from caqes_analysis.indicators.evolution import in_both_years, missing_numbers
from caqes_analysis.savings.campaign import CONSTANT_PERIMETER, compared_year, last_compared_year
from caqes_analysis.savings.decomposition import DECOMPOSED, EFFECTS
from caqes_analysis.savings.estimate import REGION
from caqes_analysis.savings.regulatory import CURRENT_PERIMETER

__all__ = ["effects_of", "explained", "movers"]

_UNITS = {"phmev": "boîtes", "extra_list_drugs": "unités, UCD", "extra_list_devices": "unités", "lpp": "unités"}
_NEEDED = {
    "phmev": "deux bases annuelles Open PHMEV qui se suivent, à nommer dans la campagne (sources.open_phmev)",
    "extra_list_drugs": "les lignes par UCD de l'année et de la précédente (fichiers de l'ATIH), à nommer dans "
    "la campagne (sources.extra_list)",
    "extra_list_devices": "les lignes par code LPP de l'année et de la précédente (fichiers de l'ATIH), à nommer "
    "dans la campagne (sources.extra_list)",
    "lpp": "les montants par code LPP de l'année et de la précédente, à nommer dans la campagne (sources.lpp_spend)",
}
_LEFT_OUT_WORDS = {"phmev": "hors médicaments de l'hépatite C", "extra_list_drugs": "hors anti-PD1"}
_NAMELESS = "associations"
_NUMBER_ALONE = "Numéro seul : aucune liste de codes de la campagne ne donne le libellé de ce code."
_TITLE = "Ce qui explique l'évolution"


def effects_of(page: Page, envelope: str, *, perimeter: str = CURRENT_PERIMETER) -> pd.DataFrame | None:
    """Return the effects of an envelope: those of the establishment of a sheet, summed over the region for a chapter.

    Parameters
    ----------
    page
        The page.
    envelope
        The envelope.
    perimeter
        ``courant`` or ``constant``.

    Returns
    -------
    DataFrame or None
        One row, as :func:`caqes_analysis.savings.decompose` returns it, the region being the sum of its establishments;
        None when the two years were not received, or when the establishment has no line in them.
    """
    rows = page.store.read(tables.SAVINGS)
    own = rows[(rows["method"] == DECOMPOSED) & (rows["indicator"] == envelope) & (rows["perimeter"] == perimeter)]
    if page.finess is not None:
        own = own[own["finess"] == page.finess]
    if own.empty:
        return None
    sums = own.groupby("component")["amount_eur"].sum()
    names = ["previous", *EFFECTS, "current"]
    return pd.DataFrame([{f"{name}_eur": sums[name] for name in names}])


def explained(page: Page, envelope: str) -> tuple[Figure | Table | Notice, ...]:
    """Return the waterfall of an envelope and what moved most; one notice when two years were not received.

    Parameters
    ----------
    page
        The page.
    envelope
        Envelope whose products are known one by one.
    """
    effects, year = effects_of(page, envelope), _compared_year(page, envelope)
    if year is None:
        return (Notice("missing", f"{_TITLE} : données non reçues", f"Il y faut {_NEEDED[envelope]}."),)
    if effects is None and page.has_no_drugs:
        return (Notice("info", _TITLE, "Sans objet : les cliniques à but lucratif ne figurent pas dans Open PHMEV."),)
    day = None if page.finess is None else opening_between(page, page.finess, year=year)
    if effects is None:
        text = f"Aucune ligne en {year - 1} ni en {year} pour cet établissement."
        return (Notice("missing", _TITLE, text),)
    if not effects["previous_eur"].iloc[0] or not effects["current_eur"].iloc[0]:
        why = "" if day is None else f" ; il a ouvert le {french.date(day, short=True)}"
        text = f"L'établissement n'a de lignes qu'une des deux années, {year - 1} et {year} : rien ne se compare{why}."
        return (Notice("info", _TITLE, text),)
    if day is not None:
        before, now = (french.compact_euros(effects[name].iloc[0]) for name in ("previous_eur", "current_eur"))
        text = (
            f"L'établissement a ouvert le {french.date(day, short=True)}. De {before} en {year - 1} à {now} en {year}, "
            "toute la variation est un effet de périmètre."
        )
        return (Notice("info", _TITLE, text),)
    name = page.campaign.region.name if page.finess is None else str(page.establishment["name"])
    figure = waterfall(
        effects,
        year=year,
        name=name,
        envelope=envelope,
        period=_period(page, envelope),
        unit=_UNITS[envelope],
        notes=_notes(page, envelope, effects),
    )
    return figure, movers(page, envelope, year=year)


def _compared_year(page: Page, envelope: str) -> int | None:
    if envelope == "phmev":
        return last_compared_year(base_years(page))
    return compared_year(page.store, page.campaign, envelope)


def _period(page: Page, envelope: str) -> str:
    if envelope == "phmev":
        return ""  # whole years: the figure names them
    month_nb = page.campaign.settled_month_nb
    return f"{through_phrase(page.campaign, month_nb)} par rapport {against_phrase(page.campaign, month_nb)}"


def _notes(page: Page, envelope: str, effects: pd.DataFrame) -> Sequence[str]:
    notes: list[str] = []
    if envelope == "phmev":
        notes.append("Prix et structure se lisent sur la base de remboursement, produit par produit (CIP13).")
    if envelope.startswith("extra_list"):
        notes.append(
            "Le prix est le tarif de la période ; la référence et ses biosimilaires ont le même : l'économie de "
            "l'Assurance Maladie y est un effet de prix."
        )
        notes += _other_source_notes(page, envelope, effects)
    if envelope == "phmev":
        notes += extract_notes(page)
    constant = effects_of(page, envelope, perimeter=CONSTANT_PERIMETER)
    if constant is not None and constant["previous_eur"].iloc[0] != effects["previous_eur"].iloc[0]:
        before, now = constant["previous_eur"].iloc[0], constant["current_eur"].iloc[0]
        change = french.compact_euros(now - before, signed=True)
        rate = french.percent(100 * float(now / before - 1), signed=True) if before else french.MISSING
        paid = ", au prix d'achat" if envelope.startswith("extra_list") else ""
        notes.append(f"À champ constant ({_LEFT_OUT_WORDS[envelope]}){paid} : {change}, soit {rate}.")
    return notes


def _other_source_notes(page: Page, envelope: str, effects: pd.DataFrame) -> list[str]:
    """Say that the lines by code are another source than the months read above: other euros, another total."""
    year, kinds = page.campaign.year, received_amounts(page, [envelope], page.campaign.year)
    if not kinds:
        return []
    notes = []
    if any(not kind.startswith(AMOUNT_WORDS["purchase"]) for kind in kinds):
        above = french.list_in_words(kinds) if len(kinds) > 1 else kinds[0]
        notes.append(
            f"Lignes par code, au prix d'achat ; le reste de la page lit les montants reçus au mois ({above})."
        )
    rows = page.settled(envelope)
    own = rows[in_both_years(rows)] if page.finess is None else rows[rows["finess"] == page.finess]
    here, above_eur = effects["current_eur"].iloc[0], own["current_eur"].sum()
    if not above_eur or here == above_eur:
        return notes
    said = [french.compact_euros(amount) for amount in (here, above_eur)]
    if said[0] == said[1]:
        said = [french.euros(amount) for amount in (here, above_eur)]
    lacking = any(missing_numbers(months) for months in own["missing_months"])
    why = (
        "Les mois qui manquent aux montants reçus au mois sont dans les lignes par code" if lacking else "Deux sources"
    )
    notes.append(f"{why}{french.NBSP}: {year} fait {said[0]} ici, {said[1]} dans le reste de la page.")
    return notes


def movers(page: Page, envelope: str, *, year: int | None = None) -> Table | Notice:
    """Return the molecules (or codes) whose spending moved most, with the effects that moved it.

    Parameters
    ----------
    page
        The page.
    envelope
        The envelope.
    year
        Last year compared, as the caption names it.
    """
    own = {"series": page.finess or REGION, "indicator": envelope}
    rows = page.store.rows(tables.SAVING_PRODUCTS, where=own, order_by=["rank"])
    if rows.empty:
        return Notice("info", _TITLE, "Aucun produit n'a bougé.")
    is_by_molecule = envelope == "phmev"
    change = rows["current_eur"] - rows["previous_eur"]
    shown = rows.assign(
        label=[_label(*pair, of_code=not is_by_molecule) for pair in zip(rows["code"], rows["label"], strict=True)],
        change_eur=change,
        other_eur=change - rows["price_eur"] - rows["volume_eur"] - rows["mix_eur"],
    )
    noun, whose_volume = ("Molécule", "de la molécule") if is_by_molecule else ("Code", "du code")
    whose = "" if page.finess is None else ", établissement"
    when = "" if year is None else f" de {year - 1} à {year}"
    others = french.list_in_words([EFFECT_LABELS[name].lower() for name in _others(rows)])
    return Table.from_frame(
        shown,
        caption=f"Ce qui a le plus bougé{when}, {envelope_of(page.campaign, envelope).short_label}{whose}",
        columns=[
            ColumnFormat.text("label", noun),
            ColumnFormat.compact_amount("change_eur", "Variation", signed=True),
            ColumnFormat.compact_amount("price_eur", "dont prix", signed=True),
            ColumnFormat.compact_amount("volume_eur", "dont volume", signed=True),
            ColumnFormat.compact_amount("mix_eur", "dont structure", signed=True),
            ColumnFormat.compact_amount("other_eur", "dont autres", signed=True),
        ],
        notes=[
            f"Ici, le volume est celui {whose_volume}, à son propre coût moyen ; la structure, le passage d'une "
            f"présentation à une autre. Autres : {others}.",
            *([_NUMBER_ALONE] if not is_by_molecule and (shown["label"] == shown["code"]).any() else []),
        ],
    )


def _others(rows: pd.DataFrame) -> tuple[str, ...]:
    """Return the effects that have no column of their own, as they are named."""
    return ("rate", "entries", "exits", "perimeter", *(("masked",) if (rows["masked_eur"] != 0).any() else ()))


def _label(code: Any, label: Any, *, of_code: bool = False) -> str:
    if isinstance(label, str) and label:
        said = sentence_case(label.lower()) if label.isupper() else label
        if of_code:  # a presentation: its number finds it in the files
            return f"{said} ({code})"
        # « Associations » names the end of a class alone: its code says of which.
        return f"{said} ({code})" if said.lower().startswith(_NAMELESS) and code else said
    return str(code) or "Non renseigné"

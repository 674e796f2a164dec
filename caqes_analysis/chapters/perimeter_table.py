"""The changes of perimeter of a region, with what each moves between the two years."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from caqes_analysis import french, quality
from caqes_analysis.chapters.page import Page
from caqes_analysis.chapters.words import MAIN_ENVELOPE, envelope_of, through_phrase
from caqes_analysis.display import ColumnFormat, Table
from caqes_analysis.indicators.perimeter_effects import annual_perimeter_changes, grouped_sites, perimeter_effects

__all__ = ["perimeter_table"]

_CHANGES = {
    "merger": "fusion",
    "opening": "ouverture",
    "closure": "fermeture sans repreneur",
    "entered": "entrée dans la base",
    "left": "sortie de la base",
}
_OF_CHANGES = {
    "opening": "d'une ouverture",
    "closure": "d'une fermeture sans repreneur",
    "entered": "d'une entrée",
    "left": "d'une sortie",
}


def perimeter_table(page: Page) -> Table:
    """Return the mergers, openings, closures and groupings, in euros, with the rate without each and with it.

    Parameters
    ----------
    page
        The page of a region.
    """
    year, is_annual = page.campaign.year, page.campaign.is_annual
    changes = (
        annual_perimeter_changes(page.store, year=year)
        if is_annual
        else quality.perimeter_changes(page.store, year=year).assign(sites_nb=None)
    )
    grouped = grouped_sites(page.store, year=year, is_annual=is_annual)
    changes = pd.concat([part for part in (changes, grouped) if len(part)] or [changes], ignore_index=True)
    rows = perimeter_effects(
        page.store,
        changes,
        page.settled(MAIN_ENVELOPE),
        year=year,
        month_nb=page.campaign.settled_month_nb,
        is_annual=is_annual,
    )
    named = page.all_names
    follows = rows["kind"].isin(["merger", "grouping"])
    frame = rows.assign(
        name=named.reindex(rows["finess"]).to_numpy(),
        what=[
            f"{french.plural(sites, 'site réuni', 'sites réunis')} sous l'entité qui signe"
            if kind == "grouping"
            else _CHANGES[kind]
            for kind, sites in zip(rows["kind"], rows["sites_nb"], strict=True)
        ],
        since_text=[french.MISSING if pd.isna(day) else french.date(day, short=True) for day in rows["since"]],
        heir=named.reindex(rows["current_finess"].where(rows["kind"] == "merger")).to_numpy(),
        heir_status=rows["kind"].map(lambda kind: None if kind == "merger" else "not_applicable"),
        read_on=["repreneur" if one else "région" for one in follows],
        without_status=rows["without_pct"].map(lambda rate: "not_applicable" if pd.isna(rate) else "reported"),
    )
    label = envelope_of(page.campaign, MAIN_ENVELOPE).short_label
    return Table.from_frame(
        frame,
        caption=f"Changements de périmètre depuis le 1er janvier {year - 1}",
        columns=[
            ColumnFormat.text("name", "Établissement"),
            ColumnFormat.text("what", "Changement"),
            ColumnFormat.text("since_text", "Depuis le"),
            ColumnFormat.text("heir", "Repris par", value_status="heir_status"),
            ColumnFormat.compact_amount("amount_eur", "Montant remboursé concerné", value_status=None),
            ColumnFormat.compact_amount(
                "effect_eur",
                f"Effet ({label})",
                signed=True,
                value_status="effect_status",
                is_provisional=None,
            ),
            ColumnFormat.text("read_on", "Évolution de"),
            ColumnFormat.percent(
                "without_pct", "Sans", signed=True, value_status="without_status", is_provisional=None
            ),
            ColumnFormat.percent("with_pct", "Avec", signed=True, value_status="effect_status", is_provisional=None),
        ],
        notes=list(_notes(page, frame)),
    )


def _notes(page: Page, rows: pd.DataFrame) -> Iterator[str]:
    kinds = set(rows["kind"])
    year = page.campaign.year
    if page.campaign.is_annual:
        yield f"Montant concerné : celui de la base de {year - 1}, de {year} pour qui entre."
    else:
        yield (
            "Montant concerné, toutes enveloppes : les douze mois d'avant une fusion ou une fermeture, tout ce qui est "
            "reçu depuis une ouverture."
        )
    if "merger" in kinds:
        yield (
            "Fusion : l'établissement fermé est compté avec le repreneur les deux années ; sans cela, l'évolution du "
            "repreneur serait celle de la colonne « sans »."
        )
    if kinds - {"merger", "grouping"}:
        yield (
            "Ouverture, entrée, sortie : l'évolution de la région est celle des établissements présents les deux "
            "années ; avec les autres, elle serait celle de la colonne « avec »."
        )
    if "grouping" in kinds:
        yield "Sites réunis : les mêmes les deux années, la région n'en est pas changée."
    month_nb = page.campaign.settled_month_nb
    now, before = (through_phrase(page.campaign, month_nb, year=one) for one in (year, year - 1))
    label = envelope_of(page.campaign, MAIN_ENVELOPE).short_label
    if "merger" in kinds:
        yield (
            f"Effet d'une fusion : la dépense de {label} que l'établissement fermé avait sous son propre numéro {now}, "
            f"moins celle qu'il y avait {before} ; elle est passée au repreneur, celle de la région n'en change pas."
        )
    if others := [words for kind, words in _OF_CHANGES.items() if kind in kinds]:
        yield (
            f"Effet {french.list_in_words(others, any_of=True)} : ce que l'établissement ajoute à la dépense de "
            f"{label} de la région {now}, moins ce qu'il y ajoutait {before}."
        )
    yield "Les évolutions comparent les mêmes périodes."
    if rows["other_kinds_nb"].sum():
        yield "Montants remboursés seulement : d'autres natures (prix d'achat, tarif, base) ne s'y ajoutent pas."

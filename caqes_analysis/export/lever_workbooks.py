"""The workbook of levers of one establishment: what its pharmacist sends to those who prescribe."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pandas as pd
from openpyxl import Workbook

from caqes_analysis import tables
from caqes_analysis.chapters.page import Page
from caqes_analysis.chapters.savings_levers import extract_notes
from caqes_analysis.export.package import CIRCULATION
from caqes_analysis.export.sheets import Field, Number, add_table_sheet, add_text_sheet
from caqes_analysis.savings.incentive import total_of
from caqes_analysis.savings.lever_details import WITHOUT_DETAIL, lever_details
from caqes_analysis.savings.lever_prescribers import MINIMUM_BOXES_NB, OTHERS, lever_prescribers
from caqes_analysis.savings.levers import LEVER_ASSUMPTIONS, top_levers
from caqes_analysis.sources.workbook_writing import save_undated

__all__ = ["RESTRICTED", "write_lever_workbooks"]

RESTRICTED: Final = "Diffusion restreinte – secret statistique non appliqué"
"""First line of every sheet."""
_SCENARIO: Final = "best_quartile"
_SHEETS: Final[Mapping[str, str]] = {
    "biosimilars": "Biosimilaires",
    "substitution": "Substitution",
    "ipp": "IPP",
    "ezetimibe": "Ézétimibe",
    "perfadom": "PERFADOM",
    "pansements": "Pansements",
}
_GROUPS: Final = "Molécules et classes"
_PRESCRIBERS: Final[Mapping[str, str]] = {"rpps": "Prescripteurs", "service": "Services"}
_NO_PRODUCT: Final = "les fichiers reçus ne nomment aucun de ses produits"
_NO_GAIN: Final = "rien à gagner au meilleur quart ; l'objectif, lui, n'est pas atteint"
_CENTS, _UNITS, _RATES = 2, 0, 1


def write_lever_workbooks(page: Page, folder: Path) -> list[tuple[Path, str]]:
    """Write one workbook for each establishment that has a lever; the same tables give the same bytes.

    Parameters
    ----------
    page
        The data of the campaign.
    folder
        Folder that receives ``leviers-<FINESS>.xlsx``; made when needed.

    Returns
    -------
    list of (Path, str)
        Each file with its French title, in the order of FINESS; none without levers.
    """
    levers = page.store.read(tables.LEVERS)
    ranked = top_levers(levers)
    if ranked.empty:
        return []
    folder.mkdir(parents=True, exist_ok=True)
    own_levers = dict(iter(levers[levers["scenario"] == _SCENARIO].groupby("finess")))
    products = lever_details(page.store, levers, scenario=_SCENARIO)
    details = dict(iter(products.groupby("finess")))
    year = int(levers["year"].iloc[0])
    prescribers = lever_prescribers(page.store, products, year=year)
    who = dict(iter(prescribers.groupby("finess")))
    names = page.establishments.set_index("finess")["name"]
    notes = extract_notes(page)
    written = []
    for finess, ranks in ranked.groupby("finess", sort=True):
        named = f"{names.get(finess, finess)} (FINESS {finess})"
        path = folder / f"leviers-{finess}.xlsx"
        groups = own_levers.get(finess, levers[levers["finess"] == finess].iloc[:0])
        explained = _explanations(page, named, year, notes, has_prescribers=finess in who)
        _write(path, named, ranks, groups, details.get(finess), who.get(finess), explained)
        written.append((path, f"Leviers de {named}"))
    return written


def _write(
    path: Path,
    named: str,
    ranks: pd.DataFrame,
    groups: pd.DataFrame,
    products: pd.DataFrame | None,
    prescribers: pd.DataFrame | None,
    explained: list[tuple[str, bool]],
) -> None:
    lists: dict[str, pd.DataFrame] = (
        {} if products is None else {str(lever): rows for lever, rows in products.groupby("lever")}
    )
    mark = f"{RESTRICTED} – {named}"
    book = Workbook(write_only=True)
    add_text_sheet(book, "Lisez-moi", explained)
    fields = _lever_fields(has_target=bool(ranks["target_eur"].notna().any()))
    add_table_sheet(book, "Leviers", fields, _lever_rows(ranks, lists, fields), above=mark, frozen_columns_nb=2)
    add_table_sheet(book, _GROUPS, _GROUP_FIELDS, _group_rows(ranks, groups), above=mark, frozen_columns_nb=2)
    for lever in ranks["lever"]:
        if lever in lists:
            total = [None, None, "Total", None, _euros(total_of(lists[lever]["spent_eur"])), None]
            total.append(_euros(total_of(lists[lever]["saving_eur"])))
            rows = _product_rows(lists[lever])
            add_table_sheet(book, _SHEETS[lever], _PRODUCT_FIELDS, rows, above=mark, frozen_columns_nb=3, total=total)
    if prescribers is not None:
        for kind, lines in prescribers.groupby("prescriber_kind", sort=True):
            rows = _prescriber_rows(lines, ranks)
            sheet = _PRESCRIBERS[str(kind)]
            add_table_sheet(book, sheet, _prescriber_fields(sheet), rows, above=mark, frozen_columns_nb=3)
    save_undated(book, path)


def _explanations(
    page: Page, named: str, year: int, notes: list[str], *, has_prescribers: bool
) -> list[tuple[str, bool]]:
    campaign = page.campaign
    simulated = [("Données simulées : aucun établissement n'est réel.", False)] if campaign.is_simulated else []
    return [
        (f"Leviers d'économies : {named}", True),
        (RESTRICTED, True),
        (CIRCULATION, False),
        *simulated,
        (f"{campaign.title}. Région : {campaign.region.name}. Volumes et prix de {year}.", False),
        *((note, False) for note in notes),
        ("La question", True),
        (
            "Que coûterait en moins l'année si l'établissement prescrivait comme la médiane, ou le meilleur quart, des "
            "établissements de la région ? Ce sont des ordres de grandeur : les patients reçus diffèrent, et un écart "
            "n'est pas une faute. Les leviers ne s'additionnent pas : une même boîte peut relever de deux.",
            False,
        ),
        ("Les feuilles", True),
        ("Leviers : ceux de la fiche de l'établissement, en euros et dans le même ordre.", False),
        (f"{_GROUPS} : le taux de l'établissement, celui du meilleur quart, et l'économie de chaque groupe.", False),
        (
            "Une feuille par levier : ses présentations, leurs boîtes, ce qu'elles ont coûté, et la part de "
            "l'économie (au meilleur quart) qui leur revient. Leur total est celui de la feuille « Leviers ».",
            False,
        ),
        ("Lire les parts", True),
        (
            "L'économie d'une molécule est partagée entre ses présentations selon ce que rapporterait de remplacer, "
            "ou d'éviter, toutes leurs boîtes. Une présentation qui ne coûte pas plus que ce qui la remplacerait n'a "
            "pas de part. Une présentation sans équivalent de même dose et de même nombre d'unités n'est pas citée.",
            False,
        ),
        *_who_prescribed(has_prescribers),
        ("Les lignes que le producteur de la base a masquées ne nomment aucun produit : elles n'y sont pas.", False),
    ]


def _who_prescribed(has_prescribers: bool) -> list[tuple[str, bool]]:
    if not has_prescribers:
        return [("Aucune liste par prescripteur ou service n'a été reçue pour cet établissement.", False)]
    return [
        ("Qui a prescrit", True),
        (
            "Prescripteurs, Services : qui a prescrit chaque présentation qui a une part, selon la liste reçue. "
            "L'économie d'une présentation est partagée selon les boîtes ; les parts s'additionnent au centime.",
            False,
        ),
        (
            f"Personne n'est nommé pour moins de {MINIMUM_BOXES_NB} boîtes d'une présentation : la ligne « {OTHERS} » "
            "les réunit, avec les boîtes que la liste n'attribue à personne.",
            False,
        ),
        (
            "Données nominatives : à ne remettre qu'à l'établissement. Un écart n'est pas une faute : les patients "
            "d'un prescripteur ne sont pas ceux d'un autre.",
            False,
        ),
    ]


def _lever_fields(*, has_target: bool) -> list[Field]:
    return [
        Field("Rang", 7),
        Field("Levier", 34, wrap=True),
        Field("À la médiane (€)", 16),
        Field("Au meilleur quart (€)", 16),
        Field("Borne basse, 95 % (€)", 16),
        Field("Borne haute, 95 % (€)", 16),
        *([Field("À l'objectif (€)", 16)] if has_target else []),
        Field("Détail", 44, wrap=True),
        Field("Ce que le chiffre suppose", 60, wrap=True),
    ]


def _lever_rows(ranks: pd.DataFrame, lists: Mapping[str, pd.DataFrame], fields: list[Field]) -> Iterator[list[Any]]:
    has_target = any(field.header.startswith("À l'objectif") for field in fields)
    for row in ranks.to_dict("records"):
        lever = row["lever"]
        gains = not pd.isna(row[f"{_SCENARIO}_eur"]) and row[f"{_SCENARIO}_eur"] > 0
        why = WITHOUT_DETAIL.get(lever, _NO_PRODUCT if gains else _NO_GAIN)
        detail = f"feuille « {_SHEETS[lever]} »" if lever in lists else f"sans détail par produit ({why})"
        yield [
            row["rank"],
            f"{row['label']} (plafond théorique)" if row["is_ceiling"] else row["label"],
            *(_euros(row[name]) for name in ("median_eur", "best_quartile_eur", "lower_eur", "upper_eur")),
            *([_euros(row["target_eur"])] if has_target else []),
            detail,
            LEVER_ASSUMPTIONS.get(lever),
        ]


_GROUP_FIELDS: Final = (
    Field("Levier", 34, wrap=True),
    Field("Molécule, classe ou mode", 38, wrap=True),
    Field("Unités comptées", 14),
    Field("Unités du groupe", 14),
    Field("Taux de l'établissement (%)", 15),
    Field("Taux du meilleur quart (%)", 15),
    Field("Unités à déplacer ou éviter", 16),
    Field("Écart remboursé par unité (€)", 16),
    Field("Économie possible (€)", 16),
    Field("Borne basse, 95 % (€)", 16),
    Field("Borne haute, 95 % (€)", 16),
)


def _group_rows(ranks: pd.DataFrame, groups: pd.DataFrame) -> Iterator[list[Any]]:
    known = groups[groups["saving_eur"] > 0]
    for lever, label in zip(ranks["lever"], ranks["label"], strict=True):
        own = known[known["lever"] == lever].sort_values(["saving_eur", "product_group"], ascending=[False, True])
        for row in own.to_dict("records"):
            yield [
                label,
                row["label"],
                *(_number(row[name], _UNITS) for name in ("numerator_nb", "denominator_nb")),
                *(_number(100 * row[name], _RATES) for name in ("rate", "reference_rate")),
                _number(row["moved_nb"], _UNITS),
                *(_euros(row[name]) for name in ("gap_eur", "saving_eur", "lower_eur", "upper_eur")),
            ]


_PRODUCT_FIELDS: Final = (
    Field("Molécule ou classe", 30, wrap=True),
    Field("Code (CIP13 ou LPP)", 16),
    Field("Présentation ou article", 52, wrap=True),
    Field("Boîtes ou unités", 12),
    Field("Remboursé (€)", 16),
    Field("Remboursé par boîte ou unité (€)", 17),
    Field("Économie possible (€)", 16),
)


def _product_rows(products: pd.DataFrame) -> Iterator[list[Any]]:
    for row in products.to_dict("records"):
        units = float(row["units_nb"])
        yield [
            row["label"],
            row["code"],
            row["product_label"],
            _number(units, _UNITS),
            _euros(row["spent_eur"]),
            _euros(float(row["spent_eur"]) / units) if units else None,
            _euros(row["saving_eur"]),
        ]


def _prescriber_fields(sheet: str) -> list[Field]:
    return [
        Field("Levier", 34, wrap=True),
        Field("Présentation ou article", 44, wrap=True),
        Field("N° RPPS" if sheet == _PRESCRIBERS["rpps"] else "Service", 16),
        Field("Libellé reçu", 28, wrap=True),
        Field("Code (CIP13 ou LPP)", 16),
        Field("Boîtes ou unités", 12),
        Field("Remboursé (€)", 16),
        Field("Économie possible (€)", 16),
    ]


def _prescriber_rows(prescribers: pd.DataFrame, ranks: pd.DataFrame) -> Iterator[list[Any]]:
    for lever, label in zip(ranks["lever"], ranks["label"], strict=True):
        for row in prescribers[prescribers["lever"] == lever].to_dict("records"):
            yield [
                label,
                row["product_label"],
                row["prescriber"],
                None if pd.isna(row["prescriber_label"]) else row["prescriber_label"],
                row["code"],
                _number(row["units_nb"], _UNITS),
                _euros(row["spent_eur"]),
                _euros(row["saving_eur"]),
            ]


def _number(value: Any, decimals: int) -> Number | None:
    return None if pd.isna(value) else Number(float(value), decimals)


def _euros(value: Any) -> Number | None:
    return _number(value, _CENTS)

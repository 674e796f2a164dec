"""The workbook of annexes: the values of each indicator, establishment by establishment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pandas as pd
from openpyxl import Workbook

from caqes_analysis import french, tables
from caqes_analysis.chapters.indicator_reading import IndicatorReading, read_indicators
from caqes_analysis.chapters.page import Page
from caqes_analysis.chapters.restated import restated_values
from caqes_analysis.chapters.words import DEFINITION_WORDS
from caqes_analysis.departments import department_label
from caqes_analysis.export.package import CIRCULATION
from caqes_analysis.export.sheets import Field, Number, add_table_sheet, add_text_sheet
from caqes_analysis.indicators.available import stored_definition
from caqes_analysis.indicators.intervals import in_points
from caqes_analysis.schemes.targets import TARGET_STATUS_WORDS, printed_status
from caqes_analysis.sources.workbook_writing import save_undated

__all__ = ["write_annexes"]

_STATUS_WORDS: Final[Mapping[str, str]] = {
    "reported": "connue",
    "zero": "zéro vrai",
    "missing": "manquante",
    "not_applicable": "sans objet",
    "too_few": "masquée",
}
_LEVELS: Final = {"region": "Région", "department": "Département", "category": "Catégorie"}
_EUROS_DECIMALS: Final = 2

_VALUES: Final = (
    Field("Période", 13),
    Field("Valeur", 16),
    Field("Unité", 14),
    Field("Borne basse (95 %)", 16),
    Field("Borne haute (95 %)", 16),
    Field("Même période de l'année précédente", 18),
    Field("Écart", 11),
    Field("Unité de l'écart", 11),
)
_STATE: Final = (Field("Statut de la valeur", 14), Field("Provisoire", 11), Field("Corrigée", 10))
_IDENTITY: Final = (Field("Indicateur", 34, wrap=True), Field("Mesure", 40, wrap=True))


def write_annexes(page: Page, path: Path) -> None:
    """Write the workbook of annexes; the same tables give the same bytes.

    Parameters
    ----------
    page
        The data of the campaign.
    path
        XLSX file; replaced whole.
    """
    readings, restated = read_indicators(page), restated_values(page)
    book = Workbook(write_only=True)
    add_text_sheet(book, "Lisez-moi", _explanations(page, has_restated=len(restated) > 0))
    add_table_sheet(book, "Indicateurs", _CATALOGUE, _catalogue_rows(page, readings), frozen_columns_nb=1)
    add_table_sheet(book, "Par établissement", _matrix_fields(readings), _matrix(page, readings), frozen_columns_nb=2)
    own = (*_IDENTITY, *_ESTABLISHMENT, *_VALUES, Field("Rang", 8), Field("Classés", 9), _UNRANKED, _SITUATION, *_STATE)
    add_table_sheet(book, "Valeurs", own, _establishment_rows(readings), frozen_columns_nb=1)
    groups = (*_IDENTITY, Field("Niveau", 14), Field("Groupe", 26), *_VALUES, *_STATE)
    add_table_sheet(book, "Région et groupes", groups, _group_rows(page, readings), frozen_columns_nb=1)
    add_table_sheet(book, "Objectifs", _TARGETS, _target_rows(page))
    add_table_sheet(book, "Fichiers reçus", _FILES, _file_rows(page))
    if len(restated):
        add_table_sheet(book, _RESTATED_SHEET, _RESTATED, _restated_rows(page, restated), frozen_columns_nb=2)
    save_undated(book, path)


def _explanations(page: Page, *, has_restated: bool) -> list[tuple[str, bool]]:
    campaign = page.campaign
    until = campaign.last_month and french.month_year(pd.Timestamp(f"{campaign.last_month}-01"))
    return [
        (f"{campaign.title} : annexes", True),
        (CIRCULATION, False),
        *([("Données simulées : aucun établissement n'est réel.", False)] if campaign.is_simulated else []),
        (
            f"Région : {campaign.region.name}. Dispositif : {page.scheme.name}. Données : {until or campaign.year}.",
            False,
        ),
        ("Les feuilles", True),
        ("Indicateurs : ce que chacun mesure, ce qui est lu, l'objectif et sa source, et pourquoi il manque.", False),
        ("Par établissement : une ligne par établissement, une colonne par indicateur.", False),
        ("Valeurs : une ligne par indicateur et établissement, avec intervalle, année précédente et rang.", False),
        ("Région et groupes : les mêmes pour la région, les départements et les catégories.", False),
        ("Objectifs, Fichiers reçus : d'où viennent les objectifs et les données.", False),
        *([(f"{_RESTATED_SHEET} : ce que chaque livraison change de la précédente.", False)] if has_restated else []),
        ("Les statuts", True),
        ("connue : déclarée ou calculée. zéro vrai : rien n'a été dépensé ou compté.", False),
        ("manquante : attendue, et non reçue ; ce n'est jamais zéro.", False),
        ("sans objet : l'établissement n'est pas concerné.", False),
        ("provisoire : le mois peut encore être complété. corrigée : le registre des corrections l'a changée.", False),
        ("Ce que le producteur d'une base a masqué y reste masqué : ces lignes comptent dans les totaux.", False),
        ("Les cellules gardent toutes leurs décimales ; l'affichage arrondit.", False),
    ]


_CATALOGUE: Final = (
    Field("Indicateur", 34, wrap=True),
    Field("Identifiant", 30),
    Field("Nom complet", 60, wrap=True),
    Field("Thème", 30, wrap=True),
    Field("Volet", 12),
    Field("Dispositifs", 14, wrap=True),
    Field("Définition", 12),
    Field("Relue le", 12),
    Field("Relecture encore attendue", 24, wrap=True),
    Field("Mesure lue", 40, wrap=True),
    Field("Unité", 12),
    Field("Période lue", 13),
    Field("Objectif", 18, wrap=True),
    Field("Fiabilité de l'objectif", 24, wrap=True),
    Field("Source de l'objectif", 40, wrap=True),
    Field("Pourquoi il n'a pas de valeur", 40, wrap=True),
)


def _catalogue_rows(page: Page, readings: Sequence[IndicatorReading]) -> Iterator[list[Any]]:
    read = {one.definition.id: one for one in readings}
    for row in page.store.read(tables.INDICATORS).to_dict("records"):
        one, reading = stored_definition(row["definition"]), read.get(row["indicator"])
        shown = [one.short_name, one.id, one.name, one.theme, one.volet, ", ".join(one.schemes)]
        reviewed = french.date(one.reviewed_on, short=True) if one.reviewed_on else None
        shown += [DEFINITION_WORDS[one.status], reviewed, one.review_awaited]
        if reading is None:
            yield [*shown, None, None, None, None, None, None, row["reason"]]
        else:
            target = reading.target
            reliability = TARGET_STATUS_WORDS[printed_status(target.subject, target.status)]
            known = [reading.target_words, reliability] if one.target else [None, None]
            source = target.source if target.value is not None else None
            yield [*shown, reading.measure.label, reading.measure.unit, reading.period_label, *known, source, None]


_ESTABLISHMENT: Final = (Field("FINESS", 12), Field("Établissement", 38, wrap=True), Field("Département", 24))
_UNRANKED: Final = Field("Pourquoi sans rang", 30, wrap=True)
_SITUATION: Final = Field("Par rapport à l'objectif", 14)


def _matrix_fields(readings: Sequence[IndicatorReading]) -> list[Field]:
    own = [*_ESTABLISHMENT, Field("Catégorie", 12)]
    for reading in readings:
        unit = f" ({reading.measure.unit})" if reading.measure.unit else ""
        own.append(Field(f"{reading.definition.short_name}, {reading.period_label}{unit}", 18))
    return own


def _matrix(page: Page, readings: Sequence[IndicatorReading]) -> Iterator[list[Any]]:
    columns = [reading.rows("establishment").set_index("finess")[["value", "value_status"]] for reading in readings]
    cells = [column.to_dict("index") for column in columns]
    for row in page.establishments.to_dict("records"):
        shown: list[Any] = [row["finess"], row["name"], department_label(row["department"]), row["category"]]
        for reading, known in zip(readings, cells, strict=True):
            found = known.get(row["finess"])
            if found is None:
                shown.append(_STATUS_WORDS["not_applicable"])
            else:
                shown.append(_number(reading, found["value"]) or _STATUS_WORDS[found["value_status"]])
        yield shown


def _number(reading: IndicatorReading, value: Any) -> Number | None:
    unit = reading.measure.unit
    return (
        None if pd.isna(value) else Number(float(value), _EUROS_DECIMALS if unit == "€" else reading.measure.decimals)
    )


def _value_cells(reading: IndicatorReading, row: Mapping[Any, Any]) -> list[Any]:
    points = in_points(reading.measure)
    change = None if pd.isna(row["change"]) else Number(float(row["change"]), 1)
    return [
        reading.period_label,
        _number(reading, row["value"]),
        reading.measure.unit,
        *(_number(reading, row[name]) for name in ("lower", "upper", "previous_value")),
        change,
        None if change is None else "points" if points else "%",
    ]


def _state_cells(row: Mapping[Any, Any]) -> list[str]:
    flags = ["oui" if row[name] else "non" for name in ("is_provisional", "is_corrected")]
    return [_STATUS_WORDS[row["value_status"]], *flags]


def _establishment_rows(readings: Sequence[IndicatorReading]) -> Iterator[list[Any]]:
    for reading in readings:
        name, label = reading.definition.short_name, reading.measure.label
        for row in reading.establishments.to_dict("records"):
            word, state = reading.situation(row["value"], row["finess"])
            yield [
                name,
                label,
                row["finess"],
                row["name"],
                department_label(row["department"]),
                *_value_cells(reading, row),
                row["rank"],
                row["ranked_nb"],
                row["unranked_reason"],
                None if state == "muted" else word,
                *_state_cells(row),
            ]


def _group_rows(page: Page, readings: Sequence[IndicatorReading]) -> Iterator[list[Any]]:
    for reading in readings:
        for level, word in _LEVELS.items():
            for row in reading.rows(level).to_dict("records"):
                named = {"region": page.campaign.region.name, "department": department_label(row["group"])}
                identity = [reading.definition.short_name, reading.measure.label, word, named.get(level, row["group"])]
                yield [*identity, *_value_cells(reading, row), *_state_cells(row)]


_TARGETS: Final = (
    Field("Dispositif", 14),
    Field("Sujet", 32),
    Field("Mesure", 18),
    Field("Année des données", 11),
    Field("FINESS", 12),
    Field("Valeur", 14),
    Field("Unité", 10),
    Field("Fiabilité", 26, wrap=True),
    Field("Source", 70, wrap=True),
)


def _target_rows(page: Page) -> Iterator[list[Any]]:
    envelopes = [envelope.code for envelope in page.campaign.all_envelopes]
    for row in page.targets.to_dict("records"):
        value = None if pd.isna(row["value"]) else Number(float(row["value"]), 2)
        everyone = "tous" if row["finess"] == "all" else row["finess"]
        shown = [row["scheme"], row["subject"], row["measure"], row["data_year"], everyone, value]
        reliability = TARGET_STATUS_WORDS[printed_status(row["subject"], row["status"], envelopes)]
        yield [*shown, row["unit_label"], reliability, row["source"]]


_FILES: Final = (
    Field("Fichier", 46, wrap=True),
    Field("Période", 26),
    Field("Reçu le", 12),
    Field("Lignes", 12),
    Field("Total lu (€)", 18),
    Field("Empreinte SHA-256", 68),
)


def _file_rows(page: Page) -> Iterator[list[Any]]:
    for row in page.store.read(tables.DELIVERIES).sort_values("delivery").to_dict("records"):
        received = None if pd.isna(row["received_on"]) else french.date(row["received_on"], short=True)
        total = None if pd.isna(row["total_eur"]) else Number(float(row["total_eur"]), _EUROS_DECIMALS)
        yield [row["file"], row["period"], received, row["rows"], total, row["sha256"]]


_RESTATED_SHEET: Final = "Valeurs modifiées"
_RESTATED: Final = (
    Field("FINESS", 12),
    Field("Établissement", 38, wrap=True),
    Field("Quoi", 36, wrap=True),
    Field("Période", 24),
    Field("Livraison", 26),
    Field("Remplacée par", 26),
    Field("Donnait", 16),
    Field("Donne", 16),
    Field("Différence", 16),
    Field("Unité", 8),
)


def _restated_rows(page: Page, restated: pd.DataFrame) -> Iterator[list[Any]]:
    names = page.all_names
    for row in restated.to_dict("records"):
        identity = [row["finess"], names.get(row["finess"], row["finess"]), row["subject"], row["period"]]
        decimals = _EUROS_DECIMALS if row["unit"] == "€" else 0
        shown = [
            _STATUS_WORDS[row[f"{name}_status"]] if pd.isna(row[name]) else Number(float(row[name]), decimals)
            for name in ("old", "new", "difference")
        ]
        unit = "€" if row["unit"] == "€" else "nombre"
        yield [*identity, row["old_delivery"], row["new_delivery"], *shown, unit]

"""Conditions said in French."""

from __future__ import annotations

import pytest

from caqes_analysis.code_lists import known_code_lists
from caqes_analysis.guide.conditions import condition_in_words
from caqes_analysis.guide.formulas import measure_in_symbols, measure_in_words
from caqes_analysis.indicators.catalogue import load_catalogue

CATALOGUE, LISTS = load_catalogue(), known_code_lists()


@pytest.mark.parametrize(
    ("table", "text", "said"),
    [
        ("annual_drug_spend", "true", ""),
        (
            "annual_drug_spend",
            "in_list(atc4, 'ipp')",
            "de la liste de codes « Inhibiteurs de la pompe à protons (IPP) »",
        ),
        ("annual_drug_spend", "in_list(atc4, 'inconnue')", "de la liste de codes « inconnue »"),
        ("annual_drug_spend", "generic_status is distinct from '9'", "sauf masqués"),
        ("annual_drug_spend", "not (generic_status = '1')", "sauf génériques"),
        (
            "annual_drug_spend",
            "not coalesce(in_list(atc5, 'hepatite-c'), false)",
            "sauf ceux de la liste de codes « Médicaments de l'hépatite C (hors périmètre) »",
        ),
        ("annual_drug_spend", "atc4 in ('A02BC', 'A02BA')", "de classes ATC A02BC et A02BA"),
        ("annual_drug_spend", "boxes_nb > 3", "dont « nombre de boîtes » est supérieur à 3"),
        ("annual_drug_spend", "starts_with(atc5, 'A')", "choisies d'après « classe atc, niveau 5 »"),
        ("monthly_grid", "envelope = 'lpp'", "de l'enveloppe « LPP (produits et prestations) »"),
        ("activity", "activity in ('stays', 'sessions')", "« Séjours » et « Séances »"),
        (
            "lpp_spend",
            "in_list(lpp, 'perfadom/diffuseur') or in_list(lpp, 'perfadom/systeme_actif_electrique')",
            "de la liste de codes « Perfusion à domicile (PERFADOM) » (diffuseurs et systèmes actifs électriques)",
        ),
    ],
)
def test_said(table: str, text: str, said: str) -> None:
    assert condition_in_words(table, text, LISTS) == said


def test_no_name_of_a_column_or_of_a_code_reaches_the_reader() -> None:
    for definition in CATALOGUE.values():
        for measure in definition.measures:
            words = measure_in_words(definition, measure, LISTS)
            meanings = " ".join(meaning for _, meaning in measure_in_symbols(definition, measure, LISTS)[1])
            assert "_" not in (words + meanings).replace(" ", ""), definition.id
            assert "choisies d'après" not in words, definition.id

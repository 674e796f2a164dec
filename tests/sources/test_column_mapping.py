"""Column mappings are parameter files: every mistake in them is told in French, with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from caqes_analysis.envelopes import envelope_named
from caqes_analysis.errors import CampaignError
from caqes_analysis.sources.column_mapping import MONTH_FORMS, ColumnMapping, Columns, known_mappings, load_mapping
from caqes_analysis.sources.mapped_cells import parse_period

GOOD = """\
title: "Essai"
table: monthly_spend
item: phmev
columns: {finess: "FINESS", month: "Mois", amount: "Montant"}
"""


def refused(folder: Path, text: str) -> list[str]:
    path = folder / "essai.yml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CampaignError) as caught:
        load_mapping(path)
    assert all(problem.file == "essai.yml" and problem.remedy for problem in caught.value.problems)
    return [f"{problem.code} {problem.column}: {problem.what}" for problem in caught.value.problems]


def test_the_shipped_mappings_name_what_the_package_knows() -> None:
    mappings = known_mappings()
    assert len(mappings) >= 5
    named = {mapping.table for mapping in mappings.values()}
    assert named == {"monthly_spend", "activity", "lpp_spend", "prescriber_spend"}
    for mapping in mappings.values():
        if mapping.table == "monthly_spend":
            assert all(envelope_named(code) for code in mapping.items.values())


def test_a_region_s_own_mapping_wins(tmp_path: Path) -> None:
    (tmp_path / "transports-cumul.yml").write_text(GOOD, encoding="utf-8")
    assert known_mappings([tmp_path])["transports-cumul"].title == "Essai"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("item: phmev\n", "", "doit venir d'un endroit et d'un seul"),
        ("item: phmev\n", "item: phmev\nheader: [item]\n", "doit venir d'un endroit et d'un seul"),
        ("item: phmev\n", "item: phmev\nheader: [month]\n", "le mois est dans une colonne et dans l'en-tête"),
        ("item: phmev\n", "item: phmev\nheader: [month, month]\n", "disent la même chose"),
        ("item: phmev\n", "item: phmev\nheader: [name, month]\n", "« name » accompagne"),
        ("item: phmev\n", "item: phmev\nmonths: [AAAA]\n", "pas de période d'un an"),
        (', amount: "Montant"', "", "aucune colonne de valeur"),
        (', amount: "Montant"', ', count: "Nombre"', "cette table ne compte pas cela"),
        (', amount: "Montant"', ', quantity: "Nombre"', "la mesure amount manque"),
        ('month: "Mois"', 'year: "An"', "une année sans mois"),
        ("item: phmev\n", "item: phmev\nmeasures: {amount: x}\n", "measures va avec"),
        ("item: phmev\n", "item: phmev\nheaders: 2\n", "cette clé n'existe pas"),
        ("item: phmev\n", "item: phmev\nmonths: [jj/mm]\n", "PARAMETRES_VALEUR"),
    ],
)
def test_a_contradictory_mapping_is_refused(tmp_path: Path, old: str, new: str, told: str) -> None:
    assert any(told in line for line in refused(tmp_path, GOOD.replace(old, new)))


@pytest.mark.parametrize(
    ("cell", "form", "expected"),
    [
        ("2024-09", "AAAA-MM", "2024-09"),
        ("9/2024", "MM/AAAA", "2024-09"),
        (202409.0, "AAAAMM", "2024-09"),
        ("Septembre 2024", "mois AAAA", "2024-09"),
        ("sept.-24", "mois AAAA", "2024-09"),
        ("AOÛT 2024", "mois AAAA", "2024-08"),
        ("30/09/2024", "JJ/MM/AAAA", "2024-09"),
        ("2024", "AAAA", "2024"),
        ("2024-M09", "AAAA-MMM", "2024-M09"),
    ],
)
def test_months_as_people_write_them(cell: object, form: str, expected: str) -> None:
    period = parse_period(cell, forms=(form,))  # type: ignore[arg-type]
    assert period is not None
    assert period.text == expected


@pytest.mark.parametrize(
    ("cell", "form"),
    [
        ("2024-13", "AAAA-MM"),
        ("13/2024", "MM/AAAA"),
        ("brumaire 2024", "mois AAAA"),
        ("septembre", "mois AAAA"),
        ("15/09/2024", "JJ/MM/AAAA"),
        ("31/02/2024", "JJ/MM/AAAA"),
        ("1999-12", "AAAA-MM"),
    ],
)
def test_what_is_not_a_month_is_refused(cell: str, form: str) -> None:
    with pytest.raises(ValueError, match=r"mois|année|date"):
        parse_period(cell, forms=(form,))  # type: ignore[arg-type]


def test_every_form_has_an_example() -> None:
    assert all(MONTH_FORMS.values())


def test_the_page_of_documentation_names_every_key_and_form(repository: Path) -> None:
    page = (repository / "docs" / "correspondances-de-colonnes.md").read_text(encoding="utf-8")
    assert [key for key in ColumnMapping.model_fields if f"`{key}`" not in page] == []
    assert [form for form in MONTH_FORMS if f"`{form}`" not in page] == []
    assert [name for name in Columns.model_fields if f"`{name}`" not in page] == []

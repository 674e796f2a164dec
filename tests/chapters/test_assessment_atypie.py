"""The targeting by distance to the median, as the evaluation chapter shows it; and objectives told once per source."""

from __future__ import annotations

from pathlib import Path

import pytest

from caqes_analysis.chapters import assessment_matrix
from caqes_analysis.chapters.assessment_atypie import atypie_shown, own_atypie
from caqes_analysis.chapters.atypie_facts import targeting_facts
from caqes_analysis.chapters.indicator import reading_text
from caqes_analysis.chapters.indicator_reading import read_indicator
from caqes_analysis.chapters.page import Page
from caqes_analysis.chapters.words import benchmark_notes
from caqes_analysis.display import Details, Notice, Table
from caqes_analysis.receive import open_store
from caqes_analysis.store import Store
from tests.conftest import REPOSITORY
from tests.evaluation.test_assess import GRADED, graded_campaign

RULES = (REPOSITORY / "parameters" / "demonstration" / "regles-2018.yml").read_text(encoding="utf-8")
AIMING = GRADED.replace("output: sortie", "output: sortie\nscheme_rules: regles.yml").replace(
    "sources:", "sources:\n  activity: [{path: recus/activite.csv}]"
)


@pytest.fixture(scope="module")
def received(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Store]:
    folder = tmp_path_factory.mktemp("atypie")
    (folder / "regles.yml").write_text(RULES, encoding="utf-8")
    return folder, open_store(graded_campaign(folder, AIMING))


def page_with(received: tuple[Path, Store], rules: str) -> Page:
    folder, store = received
    (folder / "regles.yml").write_text(rules, encoding="utf-8")
    return Page(graded_campaign(folder, AIMING), store)


def plain(text: str) -> str:
    return text.replace("\u202f", " ").replace("\xa0", " ")


def test_who_is_targeted_is_shown_with_each_gap(received: tuple[Path, Store]) -> None:
    page = page_with(received, RULES)
    said, details = atypie_shown(page)
    assert "sur au moins 2 des 4 indicateurs, et plus de 200 000 € de dépense" in plain(said.summary())
    assert isinstance(details, Details)
    (table,) = details.shown
    assert isinstance(table, Table)
    labels = [header.label for header in table.columns]
    assert labels[1:3] == ["Ciblage 2019", "Ciblage 2018"]
    rows = [[plain(cell.text) for cell in row] for row in table.rows]
    assert len(rows) > 3
    for row in rows:
        if row[1] == "ciblé":  # at least two gaps beyond 50 %, all printed, and the spending
            gaps = [float(cell.replace(" %", "").replace("−", "-")) for cell in row[5:] if "%" in cell]
            assert sum(gap >= 50 for gap in gaps) >= 2
            assert int(row[3]) == sum(gap > 50 for gap in gaps) or any(gap == 50 for gap in gaps)
    targeted = sum(row[1] == "ciblé" for row in rows)
    assert f"{targeted} établissement" in plain(said.summary())
    assert "trajet" in " ".join(table.notes)
    notice = assessment_matrix.targeting_matrix(page)
    assert isinstance(notice, Notice)
    assert "ci-dessous" in notice.summary()


def test_each_sheet_says_whether_it_is_targeted_as_the_chapter_does(received: tuple[Path, Store]) -> None:
    """Twelve establishments were targeted, and their sheets did not say a word of it."""
    page = page_with(received, RULES)
    _, details = atypie_shown(page)
    assert isinstance(details, Details)
    (table,) = details.shown
    assert isinstance(table, Table)
    shown = [plain(row[1].text) for row in table.rows]
    facts = {finess: plain(text) for finess, _, _, text in targeting_facts(page.store, page.campaign)}
    assert len(facts) == len(page.establishments)
    targeted = sorted(finess for finess, text in facts.items() if "en 2019 : ciblé" in text)
    assert len(targeted) == shown.count("ciblé") > 0
    said = own_atypie(Page(page.campaign, page.store, None, targeted[0]))
    assert said is not None
    assert plain(said.summary()) == facts[targeted[0]]
    assert "pour un seuil de 200 000 €. Être ciblé n'est pas un verdict" in facts[targeted[0]]
    assert "l'écart de 50 % est inventé" in facts[targeted[0]]
    without = page_with(received, RULES[: RULES.index("atypie:")])
    assert own_atypie(Page(without.campaign, without.store, None, targeted[0])) is None
    assert list(targeting_facts(without.store, without.campaign)) == []


def test_an_unknown_excess_is_said_and_targets_nobody(received: tuple[Path, Store]) -> None:
    unknown = RULES.replace("excess_pct: 50", "excess_pct: unknown")
    said, details = atypie_shown(page_with(received, unknown))
    assert "dont aucun texte trouvé ne donne le seuil" in plain(said.summary())
    assert "0 établissement ciblé" in plain(said.summary())
    assert isinstance(details, Details)
    (table,) = details.shown
    assert isinstance(table, Table)
    assert "ciblé" not in {plain(row[1].text) for row in table.rows}
    assert "on ne sait pas" in {plain(row[1].text) for row in table.rows}


def test_rules_without_it_show_nothing(received: tuple[Path, Store]) -> None:
    assert atypie_shown(page_with(received, RULES[: RULES.index("atypie:")])) == ()


def test_the_page_of_an_indicator_says_the_targeting_that_the_region_wrote(received: tuple[Path, Store]) -> None:
    """It told that of 2017, « pour information », and that a region may write its own: this one had."""
    said = plain(reading_text(read_indicator(page_with(received, RULES), "transport_per_stay")).summary())
    asked = "un écart défavorable de plus de 50 % à la médiane régionale sur au moins 2 des 4 indicateurs"
    assert f"est ciblé un établissement qui a {asked}, et plus de 200 000 € de dépense. Qui est ciblé est dit" in said
    silent = plain(reading_text(read_indicator(page_with(received, RULES), "transports")).summary())
    assert "est ciblé un établissement" not in silent


def test_objectives_of_one_text_make_one_note(received: tuple[Path, Store]) -> None:
    """Six lines under three tables said the same order."""
    page = page_with(received, RULES)
    notes = [plain(note) for note in benchmark_notes(page, ["phmev", "extra_list_drugs", "lpp"])]
    named = [note for note in notes if note.startswith("Objectifs (arrêté du 12/12/2018) : ")]
    assert len(named) == 1
    assert "Liste en sus, médicaments 3 %" in named[0]
    assert "PHEV, LPP 3,6 %" in named[0]

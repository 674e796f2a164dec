"""The catalogue that ships, and how a region adds to it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from caqes_analysis.campaign import REPOSITORY, KnownEvent
from caqes_analysis.code_lists import known_code_lists
from caqes_analysis.errors import CampaignError
from caqes_analysis.evaluation.campaign import check_rules
from caqes_analysis.indicators.catalogue import (
    INDICATORS,
    catalogue_table,
    catalogue_warnings,
    definitions_of,
    load_catalogue,
)
from caqes_analysis.indicators.definition import WRITTEN_ON, IndicatorDefinition
from caqes_analysis.schemes.scheme import known_schemes
from caqes_analysis.schemes.target_files import read_targets
from caqes_analysis.schemes.targets import bears_on_envelope
from tests.campaigns import MONTHLY, campaign_file
from tests.indicators.test_definition import GOOD, written

NATIONAL_2022 = {
    "phev_ipp",
    "phev_perfadom",
    "transport_ambulance_share",
    "preanaesthetic_exams",
    "phev_ezetimibe",
    "phev_pansements",
    "heart_failure_readmissions",
}
REVIEW_DAY = dt.date(2026, 11, 22)


@pytest.fixture(scope="module")
def catalogue() -> dict[str, IndicatorDefinition]:
    return load_catalogue()


def test_the_seven_national_indicators_of_2022(catalogue: dict[str, IndicatorDefinition]) -> None:
    own = [d for d in catalogue.values() if d.author == "caqes_analysis"]  # a region may add its own beside them
    assert {d.id for d in own if "caqes-2022" in d.schemes and d.status == "published"} == NATIONAL_2022
    known = {name for name in NATIONAL_2022 if (r := catalogue[name].reference) and r.status == "verified"}
    assert known == {"phev_ipp", "phev_perfadom", "transport_ambulance_share"}
    for name in NATIONAL_2022:
        incentive = catalogue[name].incentive
        assert (incentive.rate_pct, incentive.lower_pct, incentive.upper_pct) == (None, 20, 30)


def test_an_event_names_an_indicator_of_the_catalogue(tmp_path: Path) -> None:
    campaign = campaign_file(tmp_path, MONTHLY)
    event = {"date": "2024-03", "kind": "level", "label": "Baisse de tarif"}
    known, lost = (KnownEvent.model_validate(event | {"indicator": name}) for name in ("phev_ipp", "phev_ppi"))
    assert "phev_ipp" in definitions_of(campaign.model_copy(update={"evenements": (known,)}))
    with pytest.raises(CampaignError, match="phev_ppi"):
        definitions_of(campaign.model_copy(update={"evenements": (known, lost)}))


def test_a_scheme_that_no_file_describes_is_refused(tmp_path: Path) -> None:
    campaign = campaign_file(tmp_path, MONTHLY)
    (tmp_path / "indicators").mkdir()
    text = GOOD + "schemes: [caqes-2202, caqes-2018]\n"
    written(tmp_path / "indicators", text)
    event = KnownEvent.model_validate({"date": "2024-03", "kind": "level", "label": "Tarif", "indicator": "phev_ppi"})
    with pytest.raises(CampaignError) as failure:
        definitions_of(campaign.model_copy(update={"evenements": (event,)}))
    wrong, other = failure.value.problems
    assert (wrong.code, wrong.file, wrong.value) == ("DISPOSITIF_INCONNU", "essai.yml", "caqes-2202")
    assert "Vouliez-vous dire « caqes-2022 » ?" in wrong.remedy
    assert other.code == "EVENEMENT_INDICATEUR"
    written(tmp_path / "indicators", text.replace("2202", "2030"))
    assert "essai" in definitions_of(campaign.model_copy(update={"scheme": "caqes-2030"}))


def test_no_euros_no_saving(catalogue: dict[str, IndicatorDefinition]) -> None:
    for name in NATIONAL_2022:
        has_euros = name not in ("preanaesthetic_exams", "heart_failure_readmissions")
        assert (catalogue[name].incentive.saving_measure is not None) is has_euros


def test_targets_and_schemes_exist(catalogue: dict[str, IndicatorDefinition]) -> None:
    targets = read_targets([REPOSITORY / "parameters" / "targets.csv"])
    known = set(zip(targets["subject"], targets["measure"], strict=True))
    linked = {(d.target.subject, d.target.measure) for d in catalogue.values() if d.target}
    assert linked <= known
    # The other way: a region that fills a row of the file is read (the threshold is printed beside the rate).
    indicators = {(subject, measure) for subject, measure in known if not bears_on_envelope(subject)}
    assert indicators <= linked
    assert len(linked) >= 12
    assert {scheme for d in catalogue.values() for scheme in d.schemes} <= set(known_schemes())


def test_published_definitions_have_their_code_lists(catalogue: dict[str, IndicatorDefinition]) -> None:
    lists = set(known_code_lists())
    absent = {name for name, d in catalogue.items() if d.used_code_lists - lists}
    # What a region is writing has no list to provide: it brings its own.
    assert absent == {name for name, d in catalogue.items() if d.status == "draft" and d.to_provide}
    assert len(absent) >= 9


def test_identifiers_are_file_names(catalogue: dict[str, IndicatorDefinition]) -> None:
    assert {path.stem for path in INDICATORS.glob("*.yml")} == set(catalogue)
    assert list(catalogue_table(catalogue.values(), on=REVIEW_DAY)["theme"].unique()) != []


def test_warnings_are_badges(catalogue: dict[str, IndicatorDefinition]) -> None:
    today = catalogue_warnings(catalogue.values(), on=REVIEW_DAY)
    assert {problem.code for problem in today} == {"LISTE_A_FOURNIR", "RELECTURE_ATTENDUE", "TEXTE_ABSENT"}
    awaited = [problem.file for problem in today if problem.code == "RELECTURE_ATTENDUE"]
    assert awaited == [f"{name}.yml" for name, d in catalogue.items() if d.review_awaited]
    untold = [problem.file for problem in today if problem.code == "TEXTE_ABSENT"]
    assert untold == [f"{n}.yml" for n, d in catalogue.items() if d.status == "published" and not d.legal_sources]
    assert "generic_substitution.yml" in untold
    assert "phev_ipp.yml" not in untold
    later = catalogue_warnings(catalogue.values(), on=dt.date(2029, 1, 1))
    stale = [problem for problem in later if problem.code == "REVUE_ANCIENNE"]
    assert len(stale) == sum(d.status == "published" for d in catalogue.values())
    assert "22 novembre 2026" in stale[0].what
    table = catalogue_table(catalogue.values(), on=dt.date(2029, 1, 1))
    assert table["is_stale"].sum() == len(stale)


def test_reviews_that_ship_are_of_days_already_come(catalogue: dict[str, IndicatorDefinition]) -> None:
    """Else a definition of the package would be refused where the clock is right."""
    own = [d for d in catalogue.values() if d.author == "caqes_analysis"]
    assert all(d.reviewed_on is None or d.reviewed_on <= WRITTEN_ON for d in own)
    assert all(d.is_own_check and d.review_awaited for d in own if d.status == "published")


def test_a_region_adds_and_replaces(tmp_path: Path) -> None:
    written(tmp_path, GOOD)
    written(tmp_path, GOOD.replace("id: essai", "id: phev_ipp"), "phev_ipp.yml")
    found = load_catalogue(tmp_path, tmp_path / "absent")
    assert found["essai"].file == tmp_path / "essai.yml"
    assert found["phev_ipp"].name == "Essai"


def test_problems_of_all_files_at_once(tmp_path: Path) -> None:
    for name in ("un", "deux"):
        written(tmp_path, GOOD, f"{name}.yml")
    with pytest.raises(CampaignError) as failure:
        load_catalogue(tmp_path)
    assert {problem.file for problem in failure.value.problems} == {"un.yml", "deux.yml"}


def test_a_wrong_file_hides_no_other(tmp_path: Path) -> None:
    campaign = campaign_file(tmp_path, MONTHLY)
    event = {"date": "2024-03", "kind": "level", "label": "Tarif"}
    lost, wrong = (KnownEvent.model_validate(event | {"indicator": name}) for name in ("phev_ppi", "essai"))
    (tmp_path / "indicators").mkdir()
    (tmp_path / "schemes").mkdir()
    written(tmp_path / "indicators", GOOD.replace("direction: lower", "direction: plus"))
    written(tmp_path / "indicators", GOOD.replace("id: essai", "id: autre") + "schemes: [caqes-2202]\n", "autre.yml")
    events = campaign.model_copy(update={"evenements": (lost, wrong)})
    with pytest.raises(CampaignError) as failure:
        check_rules(events)
    codes = [(problem.code, problem.file) for problem in failure.value.problems]
    assert codes == [
        ("PARAMETRES_VALEUR", "essai.yml"),
        ("DISPOSITIF_INCONNU", "autre.yml"),
        ("EVENEMENT_INDICATEUR", campaign.file.name),  # phev_ppi alone: the file of « essai » is there, and wrong
    ]
    assert "(phev_ppi)" in failure.value.problems[-1].what
    rule = "incentive: {cap_eur: 1, floor_eur: 2, rate_pct: 90, rate_bounds_pct: [20, 30], rounding: x}\n"
    for name in ("un", "deux"):
        (tmp_path / "schemes" / f"{name}.yml").write_text(f"id: {name}\nlaw: X\n{rule}", encoding="utf-8")
    with pytest.raises(CampaignError) as failure:
        check_rules(events)
    for name in ("un", "deux"):
        told = " ".join(problem.what for problem in failure.value.problems if problem.file == f"{name}.yml")
        assert "cette clé est obligatoire" in told
        assert "cette clé n'existe pas" in told
        assert "le plancher dépasse le plafond" in told
        assert "ces taux sortent des bornes de 20 à 30 %" in told
    kept = [(problem.code, problem.file) for problem in failure.value.problems]
    assert len(kept) == len(set(failure.value.problems))
    assert ("PARAMETRES_VALEUR", "essai.yml") in kept
    assert ("EVENEMENT_INDICATEUR", campaign.file.name) in kept

"""What a contract changed is counted from its beginning where the history allows, and said otherwise."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from caqes_analysis import tables
from caqes_analysis.chapters.savings_estimates import card_text, verdict_of
from caqes_analysis.chapters.savings_notes import added_notes
from caqes_analysis.indicators.catalogue import load_catalogue
from caqes_analysis.savings.estimate import REGION
from caqes_analysis.savings.estimate_question import Question, only_adds
from caqes_analysis.savings.sensitivity import estimate_sensitivity
from tests.conftest import REPOSITORY
from tests.forecast.series import region
from tests.savings.test_estimate import largest, with_effect

SIGNED = pd.Timestamp("2022-07-01")


def question(first_year: int) -> Question:
    """Twenty contracts of 1 July 2022 take a tenth off; 2023 is evaluated."""
    monthly = region(50, first_year=first_year, last_year=2023, seed=6)
    treated = largest(monthly, 20)
    return Question(
        definition=load_catalogue(REPOSITORY / "parameters" / "indicators")["transport_ambulance_share"],
        amounts=with_effect(monthly, treated, 0.10, since="2022-07-01"),
        treated=frozenset(treated),
        others=frozenset(monthly["series"]) - set(treated),
        apart=frozenset(),
        start=pd.Timestamp("2023-01-01"),
        year=2023,
        signed_on=SIGNED,
        last_signed_on=SIGNED,
    )


@pytest.fixture(scope="module")
def long() -> tuple[Question, pd.DataFrame]:
    asked = question(2017)
    return asked, asked.answer()


def whole(found: pd.DataFrame) -> pd.Series:
    return found.set_index("series").loc[REGION]


def test_what_a_contract_changed_before_the_year_is_counted(long: tuple[Question, pd.DataFrame]) -> None:
    _, found = long
    tables.SAVING_ESTIMATES.validate(found)
    row = whole(found)
    assert row["period"] == "2023-01/2023-12"
    assert row["from_contract"]
    assert not only_adds(row)
    assert row["lower_95_eur"] < row["actual_eur"] / 9 < row["upper_95_eur"], "a tenth off what would have been spent"
    assert row["lower_95_eur"] > 0
    assert "ajoute" not in str(row["reason"])


def test_the_sensitivity_says_what_the_year_alone_added(long: tuple[Question, pd.DataFrame]) -> None:
    asked, found = long
    rows = estimate_sensitivity(asked, found).set_index("variant")
    added, base = rows.loc["only_added"], rows.loc["base"]
    assert abs(added["saving_eur"]) < base["saving_eur"] / 3, "the level had already fallen"
    assert added["label"] == "ne compter que ce que l'année ajoute au contrat"


def test_the_sensitivity_moves_what_is_believed_of_years(long: tuple[Question, pd.DataFrame]) -> None:
    asked, _ = long
    alone = replace(asked, design="interrupted")
    rows = estimate_sensitivity(alone, alone.answer()).set_index("variant")
    width = (rows["upper_95_eur"] - rows["lower_95_eur"]).astype(float)
    assert width["calmer_years"] < width["base"] < width["rougher_years"]
    assert rows.loc["rougher_years", "label"] == "des années qui diffèrent d'ordinaire deux fois plus (2 %)"


def test_a_short_history_counts_what_the_year_adds_and_says_so() -> None:
    asked = question(2020)
    found = asked.answer()
    row = whole(found)
    assert only_adds(row)
    assert row["lower_95_eur"] < 0 < row["upper_95_eur"]
    assert row["reason"].startswith(
        "ne compte que ce que 2023 ajoute à ce que des contrats en vigueur depuis juillet 2022 avaient déjà changé "
        "(pour compter depuis le contrat, il faudrait des mois reçus depuis juillet 2018)"
    )
    assert "only_added" not in set(estimate_sensitivity(asked, found)["variant"])
    said = verdict_of(row)
    assert "l'économie que 2023 a ajoutée à celle d'un contrat déjà en vigueur va de −" in said
    assert "(négative, c'est un surcoût)" in said, "beside the change of spending, whose sign is the other one"
    assert card_text(row).startswith("économie réelle ajoutée en 2023 : ")
    assert "sans contrat" not in said
    named = row.to_dict() | {"label": "Transports"}
    (note,) = added_notes([named, named | {"label": "PHMEV"}, named | {"label": "LPP", "from_contract": True}])
    assert note == (
        "Transports et PHMEV : n'est compté que ce que 2023 ajoute, "
        "des mois de l'année d'avant étant déjà sous contrat."
    )


def test_the_history_that_is_asked_for_is_enough() -> None:
    from_july = question(2018)
    kept = from_july.amounts["month"] >= "2018-07-01"
    assert whole(replace(from_july, amounts=from_july.amounts[kept]).answer())["from_contract"]
    late = from_july.amounts["month"] >= "2018-08-01"
    assert only_adds(whole(replace(from_july, amounts=from_july.amounts[late]).answer()))


def test_a_yearly_base_says_that_its_year_before_was_under_contract() -> None:
    asked = question(2018)
    amounts = asked.amounts.assign(year=asked.amounts["month"].dt.year)
    yearly = amounts.groupby(["series", "year"], as_index=False)["amount_eur"].sum()
    row = whole(replace(asked, amounts=yearly).answer())
    assert only_adds(row)
    assert "en vigueur depuis juillet 2022 avaient déjà changé, faute de mois dans cette base" in row["reason"]


def test_a_contract_of_the_first_month_evaluated_needs_no_reserve() -> None:
    asked = replace(question(2019), signed_on=pd.Timestamp("2023-01-01"))
    assert whole(asked.answer())["from_contract"]
    unknown = whole(replace(asked, signed_on=None, last_signed_on=None).answer())
    assert pd.isna(unknown["from_contract"])
    assert not only_adds(unknown)


@pytest.mark.parametrize(("declared_nb", "said"), [(4, None), (8, "2 mois de transition déclarés, non comptés")])
def test_months_of_transition_that_had_passed_before_the_year_are_not_said_left_out(
    long: tuple[Question, pd.DataFrame], declared_nb: int, said: str | None
) -> None:
    row = whole(replace(long[0], declared_transition_nb=declared_nb).answer())
    assert row["from_contract"]
    assert row["months_nb"] == (12 if said is None else 10)
    assert ("transition" in str(row["reason"])) == (said is not None)
    assert said is None or said in row["reason"].replace("\xa0", " ")

"""The liste en sus through time."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caqes_analysis import tables
from caqes_analysis.extra_list import listed_on, listing_periods, price_at, tariffs, with_vat, without_vat
from caqes_analysis.sources.extra_list_history import read_biosimilar_tariffs, read_lpp_history, read_ucd_history

CODE = "9000001"
Story = tuple[str, str, str | None, str | None]


def events(*story: Story, code: str = CODE, published: tuple[str | None, ...] = ()) -> pd.DataFrame:
    """Events ``(event, day, ht, ttc)`` of one product, in the order of a file."""
    rows = [
        {
            "source_line": line,
            "event": event,
            "day": day,
            "tariff_ht_eur": None if ht is None else Decimal(ht),
            "tariff_ttc_eur": None if ttc is None else Decimal(ttc),
            "published_on": published[line] if published else day,
        }
        for line, (event, day, ht, ttc) in enumerate(story)
    ]
    frame = tables.EXTRA_LIST_EVENTS.conform(
        pd.DataFrame(rows), source="essai", kind="drug", code=code, event_label="essai"
    )
    return tables.EXTRA_LIST_EVENTS.validate(frame)


def spans(history: pd.DataFrame) -> list[tuple[str, str, str]]:
    periods = tables.EXTRA_LIST_PERIODS.validate(listing_periods(history))
    return [
        (str(start)[:10], str(end)[:10], basis)
        for start, end, basis in zip(periods["listed_from"], periods["listed_to"], periods["basis"], strict=True)
    ]


def test_a_product_listed_delisted_and_listed_again() -> None:
    history = events(
        ("listing", "2019-05-01", None, None),
        ("delisting", "2016-03-01", None, None),
        ("partial_delisting", "2015-01-01", None, None),
        ("listing", "2010-02-01", None, None),
    )
    assert spans(history) == [("2010-02-01", "2016-02-29", "listing"), ("2019-05-01", "NaT", "listing")]
    on = {day: listed_on(history, CODE, date.fromisoformat(day)) for day in ("2010-01-31", "2010-02-01", "2016-02-29")}
    assert on == {"2010-01-31": False, "2010-02-01": True, "2016-02-29": True}
    assert not listed_on(history, CODE, date(2016, 3, 1))
    assert listed_on(listing_periods(history), CODE, date(2030, 1, 1))
    assert not listed_on(history, "9999999", date(2012, 1, 1))


def test_a_move_on_one_day_keeps_the_product_listed() -> None:
    history = events(
        ("listing", "2007-03-27", None, None),
        ("listing", "2007-05-11", None, None),
        ("delisting", "2007-05-11", None, None),
    )
    assert spans(history) == [("2007-03-27", "2007-05-10", "listing"), ("2007-05-11", "NaT", "listing")]
    assert listed_on(history, CODE, date(2007, 5, 11))


def test_a_suspension_published_later_undoes_a_listing_of_its_day() -> None:
    history = events(
        ("suspension", "2007-06-29", None, None),
        ("listing", "2007-07-06", None, None),
        ("listing", "2007-06-29", None, None),
        published=("2007-07-13", "2007-07-06", "2007-06-29"),
    )
    assert spans(history) == [("2007-07-06", "NaT", "listing")]


def test_what_the_history_has_lost_is_said() -> None:
    first = events(("tariff", "2008-07-01", "8.19", "8.362"), ("delisting", "2013-06-20", None, None))
    assert spans(first) == [("2008-07-01", "2013-06-19", "tariff")]
    after = events(("delisting", "2011-09-06", None, None), ("delisting", "2012-01-01", None, None))
    assert spans(after) == [("NaT", "2011-09-05", "delisting")]
    assert listed_on(after, CODE, date(2000, 1, 1))
    dead = events(("delisting", "2011-09-06", None, None), ("tariff", "2012-01-01", "1", "1.021"))
    assert spans(dead) == [("NaT", "2011-09-05", "delisting")]


def test_a_tariff_does_not_stand_for_an_inscription_that_is_known() -> None:
    history = events(("tariff", "2017-12-04", "1", "1.021"), ("listing", "2017-12-06", None, None))
    assert spans(history) == [("2017-12-06", "NaT", "listing")]


def test_the_tariff_of_the_period() -> None:
    history = events(
        ("tariff", "2014-11-01", "434.403", "443.525"),
        ("tariff", "2016-09-01", None, "390.303"),
        ("tariff", "2018-03-01", "290.529", None),
        ("tariff", "2020-01-01", "203.370", "999.999"),
        ("tariff", "2021-01-01", None, None),
    )
    found = tables.EXTRA_LIST_TARIFFS.validate(tariffs(history))
    assert list(found["basis"]) == ["received", "ht_computed", "ttc_computed", "inconsistent"]
    assert list(found["valid_to"].dt.strftime("%Y-%m-%d").fillna("")) == ["2016-08-31", "2018-02-28", "2019-12-31", ""]
    for source in (history, found):
        assert price_at(source, CODE, date(2014, 10, 31)) is None
        assert price_at(source, "9999999", date(2024, 1, 1)) is None
        computed = price_at(source, CODE, date(2016, 9, 1))
        assert computed is not None
        assert (computed.ht_eur, computed.ttc_eur) == (Decimal("382.275"), Decimal("390.303"))
        odd = price_at(source, CODE, date(2022, 1, 1))
        assert odd is not None
        assert (odd.ttc_eur, odd.basis) == (Decimal("999.999"), "inconsistent")


def test_the_text_published_last_stands() -> None:
    history = events(
        ("tariff", "2009-09-01", "26.3", None),
        ("tariff", "2009-09-01", "22", None),
        published=("2009-06-19", "2009-05-28"),
    )
    found = price_at(history, CODE, date(2009, 9, 1))
    assert found is not None
    assert found.ht_eur == Decimal("26.3")


@given(st.decimals(min_value="0.01", max_value="99999", places=3))
def test_vat_is_undone_to_the_thousandth(ht: Decimal) -> None:
    assert abs(without_vat(with_vat(ht)) - ht) <= Decimal("0.001")


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(st.sampled_from(["listing", "delisting", "tariff", "change", "suspension"]), st.integers(0, 40)),
        min_size=1,
        max_size=12,
    )
)
def test_periods_never_overlap_and_follow_their_order(story: list[tuple[str, int]]) -> None:
    start = date(2020, 1, 1)
    history = events(*((event, str(start + timedelta(days)), None, None) for event, days in story))
    periods = listing_periods(history)
    begins, ends = list(periods["listed_from"]), list(periods["listed_to"])
    for begin, end in zip(begins, ends, strict=True):
        assert pd.isna(begin) or pd.isna(end) or begin <= end
    for end, following in zip(ends, begins[1:], strict=False):
        assert end < following
    assert periods["listed_to"].isna().sum() <= 1


@pytest.mark.real
def test_infliximab_in_the_real_history(real_data: Path) -> None:
    folder = real_data / "liste_en_sus"
    drugs = read_ucd_history(folder / "liste_en_sus_ucd_historique.csv", delivery="u").rows
    biosimilars = read_biosimilar_tariffs(folder / "liste_en_sus_tarifs_biosimilaires.csv", delivery="b").rows
    steps = {
        date(2014, 11, 1): "434.403",
        date(2016, 9, 1): "382.275",
        date(2018, 3, 1): "290.529",
        date(2020, 1, 1): "203.370",
    }
    infliximab_100mg = ["9213737", "9398352", "9402303"]
    for history in (drugs, biosimilars, pd.concat([drugs, biosimilars])):
        dated = tariffs(history)
        for code in infliximab_100mg:
            for day, ht in steps.items():
                seen = date(2015, 6, 1) if day.year == 2014 else day  # biosimilars entered in January 2015
                found = price_at(dated, code, seen)
                assert found is not None
                assert (found.ht_eur, found.ttc_eur) == (Decimal(ht), with_vat(Decimal(ht)))


@pytest.mark.real
def test_periods_of_the_real_histories(real_data: Path) -> None:
    folder = real_data / "liste_en_sus"
    drugs = read_ucd_history(folder / "liste_en_sus_ucd_historique.csv", delivery="u").rows
    periods = listing_periods(drugs)
    assert periods["basis"].value_counts().to_dict() == {"listing": 1_285, "tariff": 18, "delisting": 1}
    first = periods.dropna(subset="listed_from").groupby("code")["listed_from"].min().dt.strftime("%Y-%m-%d")
    assert first[["9409452", "9409469", "9438979"]].tolist() == ["2016-12-27", "2016-12-27", "2019-04-30"]
    assert first[["9409535", "9419723"]].tolist() == ["2017-01-10", "2017-12-06"]
    # The VAT explains all pairs of tariffs but four, which are told apart (KOVALTRY, KIOVIG).
    both = drugs[drugs["tariff_ht_eur"].notna() & drugs["tariff_ttc_eur"].notna()]
    odd = [ht for ht, ttc in zip(both["tariff_ht_eur"], both["tariff_ttc_eur"], strict=True) if with_vat(ht) != ttc]
    assert (len(both), len(odd)) == (2_920, 4)
    assert (tariffs(drugs)["basis"] == "inconsistent").sum() == 4
    devices = listing_periods(read_lpp_history(folder / "liste_en_sus_lpp_historique.csv", delivery="l").rows)
    assert devices["code"].nunique() == 5_685
    assert (len(devices), int(devices["listed_to"].isna().sum())) == (5_727, 4_264)

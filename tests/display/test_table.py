"""Tables: headers, units, states, and texts of any content."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pandas as pd
import pytest
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st

from caqes_analysis.display import ColumnFormat, Table
from caqes_analysis.display.payload import MIME_TYPE, validate
from caqes_analysis.french import plain_text

HOSTILE = [
    "<script>alert(1)</script>",
    "{{ site.title }}",
    "$x^2$",
    "```{figure} a.png",
    "a\u202eb",
    "é" * 300,
    "&amp;",
]
FORMATS = [ColumnFormat.text("name", "Établissement"), ColumnFormat.amount("amount_eur", "Remboursé")]


def spend(**columns: Any) -> pd.DataFrame:
    """Three rows of spending."""
    amounts = [Decimal("1234567.891"), None, Decimal(0)]
    return pd.DataFrame({"name": ["CHU", "CH", "CLCC"], "amount_eur": amounts, **columns})


def texts(table: Table, column: int = 1) -> list[str]:
    """Texts of one column."""
    return [row[column].text for row in table.rows]


def test_a_unit_stands_in_the_header_and_not_in_the_cells() -> None:
    table = Table.from_frame(spend(), caption="Dépenses", columns=FORMATS)
    assert (table.columns[1].label, table.columns[1].unit) == ("Remboursé", "€")
    assert texts(table) == ["1\u202f234\u202f568", "n. d.", "0"]


def test_the_state_of_a_value_travels_to_its_cell() -> None:
    frame = spend(value_status=["reported", "missing", "zero"], is_provisional=[True, False, False])
    frame.loc[3] = ["Clinique", None, "not_applicable", False]
    table = Table.from_frame(frame, caption="Dépenses", columns=FORMATS)
    assert [(row[1].text, row[1].state) for row in table.rows] == [
        ("1\u202f234\u202f568\u00a0(p)", "provisional"),
        ("manquant", "missing"),
        ("0", None),
        ("sans objet", "muted"),
    ]
    assert [row[0].state for row in table.rows] == [None] * 4
    assert "provisoire" in table.notes[0]


def test_a_column_may_follow_other_states() -> None:
    frame = spend(value_status=["missing"] * 3, firm=["reported"] * 3)
    columns = [FORMATS[0], ColumnFormat.amount("amount_eur", "Remboursé", value_status="firm")]
    assert texts(Table.from_frame(frame, caption="D", columns=columns))[1] == "n. d."


@pytest.mark.parametrize(
    ("made", "values", "unit", "printed"),
    [
        (ColumnFormat.amount("v", "V", cents=True), [Decimal("162934894.76")], "€", ["162\u202f934\u202f894,76"]),
        (
            ColumnFormat.compact_amount("v", "V"),
            [12_345, 103_140_000, 40_000],
            "k€",
            ["12,3", "103\u202f140,0", "40,0"],
        ),
        (ColumnFormat.compact_amount("v", "V", signed=True), [-2.5e6, 3.14e6, 1e7], "M€", ["−2,5", "+3,1", "+10,0"]),
        (ColumnFormat.percent("v", "V", signed=True), [5.06, -0.04], "%", ["+5,1", "0,0"]),
        (ColumnFormat.points("v", "V"), [-1.25], "points", ["−1,3"]),
        (ColumnFormat.count("v", "V", unit="boîtes"), [8_472_292], "boîtes", ["8\u202f472\u202f292"]),
        (ColumnFormat.number("v", "V", decimals=2), [0.5], "", ["0,50"]),
        (ColumnFormat.month("v", "V", short=True), [pd.Timestamp(2024, 1, 1)], "", ["janv. 2024"]),
        (ColumnFormat.date("v", "V"), [pd.Timestamp(2024, 9, 30)], "", ["30/09/2024"]),
    ],
)
def test_formats(made: ColumnFormat, values: list[Any], unit: str, printed: list[str]) -> None:
    table = Table.from_frame(pd.DataFrame({"v": values}), caption="Essai", columns=[made])
    assert table.columns[0].unit == unit
    assert texts(table, 0) == printed
    validate(table.payload)


def test_status_words_carry_a_state() -> None:
    words: dict[Any, tuple[str, Any]] = {True: ("▲ au-dessus", "warning"), False: ("en deçà", None)}
    table = Table.from_frame(
        pd.DataFrame({"over": [True, False]}), caption="Essai", columns=[ColumnFormat.status("over", "Objectif", words)]
    )
    assert [(row[0].text, row[0].state) for row in table.rows] == [("▲ au-dessus", "warning"), ("en deçà", None)]


def test_totals_are_last_and_links_reach_the_payload() -> None:
    columns = [ColumnFormat.text("name", "Établissement", href="page"), FORMATS[1]]
    frame = spend(page=["etablissements/990000001", None, None])
    totals = pd.DataFrame({"name": ["Total"], "amount_eur": [Decimal("1234567.89")], "page": [None]})
    payload = Table.from_frame(frame, caption="D", columns=columns, totals=totals, row_header="name").payload
    assert payload["total_rows"] == 1
    assert payload["rows"][-1][0]["text"] == "Total"
    assert [row[0].get("href") for row in payload["rows"]] == ["etablissements/990000001", None, None, None]
    assert payload["rows"][0][1]["sort"] == pytest.approx(1234567.891)


def test_an_empty_table_says_so() -> None:
    table = Table.from_frame(spend().iloc[:0], caption="Dépenses", columns=FORMATS)
    assert table.notes == ("Aucune ligne à montrer.",)
    validate(table.payload)


def test_notes_are_added_to_a_new_table() -> None:
    table = Table.from_frame(spend(), caption="D", columns=FORMATS)
    assert table.with_notes("Source : AM.").notes == ("Source : AM.",)
    assert table.notes == ()


@pytest.mark.parametrize("wrong", [{"caption": " "}, {"columns": []}, {"row_header": "town"}])
def test_what_makes_no_table_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"caption|row_header"):
        Table.from_frame(spend(), **{"caption": "D", "columns": FORMATS, **wrong})


@given(st.lists(st.sampled_from(HOSTILE) | st.text(), min_size=4, max_size=4))
def test_texts_of_any_content_appear_as_text(words: list[str]) -> None:
    name, caption, label, note = words
    table = Table.from_frame(
        pd.DataFrame({"name": pd.Series([name], dtype=object)}),
        caption=f"Légende {caption}",
        columns=[ColumnFormat.text("name", label, description=label)],
        notes=[note],
    )
    bundle = table._repr_mimebundle_()
    page = BeautifulSoup(bundle["text/html"], "html.parser")
    assert {tag.name for tag in page.find_all()} <= {"div", "table", "caption", "thead", "tbody", "tr", "th", "td", "p"}
    assert page.find("caption").get_text() == plain_text(f"Légende {caption}")
    column, row = page.find_all("th")
    assert (column["scope"], row["scope"]) == ("col", "row")
    assert column.get_text() == plain_text(label)
    assert row.get_text() == plain_text(name)
    assert page.find("p").get_text() == plain_text(note)
    payload = validate(bundle[MIME_TYPE])
    assert payload["kind"] == "table"
    assert payload["rows"][0][0]["text"] == plain_text(name)


def test_amounts_of_one_table_share_their_unit() -> None:
    frame = pd.DataFrame(
        {"name": ["a", "b"], "small": [6_482_000.0, 1_579_000.0], "large": [11_300_000.0, 2_700_000.0]}
    )
    table = Table.from_frame(
        frame,
        caption="Montants",
        columns=[
            ColumnFormat.text("name", "Nom"),
            ColumnFormat.compact_amount("small", "Observé"),
            ColumnFormat.compact_amount("large", "Projeté"),
        ],
    )
    assert [column.unit for column in table.columns[1:]] == ["M€", "M€"]
    assert [cell.text for cell in table.rows[1][1:]] == ["1,6", "2,7"]


def test_a_column_with_amounts_under_a_million_is_in_thousands_unless_it_reaches_a_hundred_millions() -> None:
    column = ColumnFormat.compact_amount("total_eur", "Montant")
    assert column.fitted([420_000, 3_100_000, 8_000_000]).unit == "k€"
    assert column.fitted([420_000, 3_100_000, 150_000_000]).unit == "M€"
    assert column.fitted([2_420_000, 3_100_000, 8_000_000]).unit == "M€"

"""ATIH files: what is written is read back equal, what is damaged is refused with its place."""

from __future__ import annotations

import tracemalloc
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from caqes_analysis import tables
from caqes_analysis.errors import CaqesError, Problem, SourceError
from caqes_analysis.simulation.atih import atih_lines, simulate_atih, write_atih
from caqes_analysis.sources.atih import ingest_atih, read_atih
from caqes_analysis.sources.atih_layout import FILE_TYPES, LAYOUT_FILE, layouts_of
from caqes_analysis.store import Store
from tests.sources.atih_files import AVASTIN, REMSIMA, STENT, A, B, content, drug, layout, put, read

FILES = [(name, year) for name in FILE_TYPES for year in (2012, 2014, 2016, 2018, 2021)]
FINESS = st.one_of(st.from_regex(r"[0-9]{9}", fullmatch=True), st.from_regex(r"2[AB][0-9]{7}", fullmatch=True))


def refusal(folder: Path, data: bytes, **options: Any) -> tuple[Problem, ...]:
    """Why a file is refused."""
    with pytest.raises(SourceError) as caught:
        read(folder, data, **options)
    assert all(problem.file == "essai.txt" for problem in caught.value.problems)
    assert all(problem.remedy for problem in caught.value.problems)
    return caught.value.problems


def only(problems: tuple[Problem, ...]) -> Problem:
    assert len(problems) == 1, problems
    return problems[0]


# What is written is read back equal


@st.composite
def files(draw: st.DrawFn) -> tuple[str, int, dict[str, pd.DataFrame], bytes]:
    """Any valid file of any type and year, as lines by record."""
    file_type, year = draw(st.sampled_from(FILES))
    batch, pieces = {}, []
    for record, one in layouts_of(file_type, year).items():
        count = draw(st.integers(1, 6))

        def column(strategy: st.SearchStrategy[Any], nb: int = count) -> list[Any]:
            return draw(st.lists(strategy, min_size=nb, max_size=nb))

        frame = pd.DataFrame(
            {
                "finess": column(FINESS),
                "month": [
                    pd.Timestamp(y, m, 1) for y, m in column(st.tuples(st.integers(year - 2, year), st.integers(1, 12)))
                ],
                "product": column(st.from_regex(r"[1-9][0-9]{6}", fullmatch=True)),
            }
        )
        for role, most in (
            ("quantity", 10**9),
            ("purchase", 10**9),
            ("unit_purchase", 10**6),
            ("unit_tariff", 10**6),
            ("billed", 10**6),
        ):
            field = one.role(role)
            if field is not None:
                limit = min(most, 10 ** (field.end - field.start + 1) - 1)
                frame[role] = column(st.integers(1 if role == "quantity" else 0, limit))
        if one.has("stays"):
            frame["stays"] = column(st.integers(1, 40))
        if one.has("indication"):
            frame["indication"] = column(st.sampled_from(["", "I000001", "I999999"]))
        batch[record] = frame
        pieces.append(atih_lines(frame, layout=one))
    return file_type, year, batch, b"".join(pieces)


def half_up(amount: Decimal, places: str) -> Decimal:
    return amount.quantize(Decimal(places), "ROUND_HALF_UP")


def expected_rows(file_type: str, year: int, batch: dict[str, pd.DataFrame]) -> list[tuple[Any, ...]]:
    """The rows, worked out line by line with exact decimals."""
    rows = []
    for record, frame in batch.items():
        one = layouts_of(file_type, year)[record]
        decimals = {field.role: field.decimals for field in one.fields}
        for line in frame.to_dict("records"):
            stays = Decimal(line.get("stays", 1))
            quantity = Decimal(line["quantity"]).scaleb(-decimals["quantity"])

            def amount(role: str, times: Decimal = Decimal(1), line: Any = line, decimals: Any = decimals) -> Any:
                return None if role not in line else Decimal(line[role]).scaleb(-decimals[role]) * times

            purchase = amount("purchase") if "purchase" in line else amount("unit_purchase", quantity)
            others = [amount("unit_tariff", quantity), amount("billed")]
            rows.append(
                (
                    line["finess"],
                    line["month"],
                    one.kind,
                    line["product"],
                    line.get("indication") or None,
                    half_up(quantity / stays, "0.001"),
                    half_up(purchase / stays, "0.01"),
                    *(None if other is None else half_up(other / stays, "0.01") for other in others),
                )
            )
    return rows


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(file=files())
def test_what_is_written_is_read_back_equal(
    tmp_path: Path, file: tuple[str, int, dict[str, pd.DataFrame], bytes]
) -> None:
    file_type, year, batch, data = file
    received = read(tmp_path, data, file_type=file_type, year=year)
    tables.EXTRA_LIST_USE.validate(received.rows)
    names = [
        "finess",
        "month",
        "kind",
        "code",
        "indication",
        "quantity_nb",
        "purchase_eur",
        "tariff_eur",
        "reimbursed_eur",
    ]
    found = [
        tuple(None if pd.isna(value) else value for value in row)
        for row in received.rows[names].itertuples(index=False, name=None)
    ]
    assert found == expected_rows(file_type, year, batch)
    assert received.rows["source_line"].tolist() == list(range(1, len(found) + 1))


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(file=files(), choice=st.data())
def test_a_cut_line_or_a_foreign_byte_is_always_refused(
    tmp_path: Path, file: tuple[str, int, dict[str, pd.DataFrame], bytes], choice: st.DataObject
) -> None:
    file_type, year, _, data = file
    place = choice.draw(st.integers(0, len(data) - 3).filter(lambda at: data[at] not in b"\r\n"))
    damage = choice.draw(st.sampled_from(["cut", "lost", "added", "foreign"]))
    damaged = {
        "cut": data[:place] if data[:place].rpartition(b"\n")[2] else data[: place + 1],
        "lost": data[:place] + data[place + 1 :],
        "added": data[:place] + b"7" + data[place:],
        "foreign": data[:place] + "é".encode("cp1252") + data[place + 1 :],
    }[damage]
    problems = refusal(tmp_path, damaged, file_type=file_type, year=year)
    assert problems[0].line == data[:place].count(b"\n") + 1


def test_a_line_says_all_that_was_received(tmp_path: Path) -> None:
    received = read(tmp_path, content(drug(finess=B, indication="I000029", quantity=1500, purchase=123_456)))
    row = received.rows.iloc[0]
    assert row["finess"] == B
    assert row["code"] == REMSIMA
    assert row["indication"] == "I000029"
    assert row["quantity_nb"] == Decimal("1.500")
    assert row["purchase_eur"] == Decimal("123.46")
    assert row["month"] == pd.Timestamp("2021-03-01")
    assert (row["kind"], row["date_basis"], row["value_status"]) == ("drug", "administration", "reported")
    assert received.delivery["period"].iloc[0] == "2021-03 à 2021-03"
    assert len(received.findings) == 0


def test_an_invoice_keeps_its_three_amounts_apart(tmp_path: Path) -> None:
    lines = {"quantity": 2, "unit_purchase": 10_050, "unit_tariff": 11_000, "billed": 21_500, "product": STENT}
    data = content(drug(**lines), file_type="rafael", record="P")
    row = read(tmp_path, data, file_type="rafael").rows.iloc[0]
    assert row["kind"] == "device"
    assert row["quantity_nb"] == Decimal("2.000")
    assert row["purchase_eur"] == Decimal("201.00")
    assert row["tariff_eur"] == Decimal("220.00")
    assert row["reimbursed_eur"] == Decimal("215.00")


def test_other_records_of_an_invoice_are_told_and_not_read(tmp_path: Path) -> None:
    drugs = content(drug(quantity=1, unit_purchase=100, billed=100), file_type="rafael", record="H")
    other = b"12345678B" + b" " * 51 + b"\r\n"
    received = read(tmp_path, other + drugs + other, file_type="rafael")
    assert len(received.rows) == 1
    assert received.rows["source_line"].tolist() == [2]
    finding = next(iter(received.findings))
    assert (finding.code, finding.count) == ("ENREGISTREMENTS_NON_LUS", 2)
    problem = only(refusal(tmp_path, drugs + other.replace(b"8B", b"8Z"), file_type="rafael"))
    assert (problem.code, problem.line, problem.value) == ("ENREGISTREMENT_INCONNU", 2, "Z")


def test_the_coefficient_of_a_split_pack_bears_on_number_and_amount(tmp_path: Path) -> None:
    line = drug(quantity=3, unit_purchase=10_000, billed=7_500, fraction=250)
    received = read(tmp_path, content(line, file_type="rafael", record="H"), file_type="rafael")
    assert received.rows["quantity_nb"].tolist() == [Decimal("0.750")]
    assert received.rows["purchase_eur"].tolist() == [Decimal("75.00")]
    assert received.findings.codes() == {"COEFFICIENT_APPLIQUE"}


def test_a_price_far_from_the_invoice_is_told(tmp_path: Path) -> None:
    line = drug(quantity=3, unit_purchase=10_000, billed=7_500, fraction=1)
    received = read(tmp_path, content(line, file_type="rafael", record="H"), file_type="rafael")
    assert "PRIX_LOIN_DU_FACTURE" in received.findings.codes()


@pytest.mark.parametrize(
    ("file_type", "year"), [("rsa_med", 2012), ("rum_med", 2019), ("rha_med", 2015), ("rafael", 2021)]
)
def test_the_ucd_of_7_digits_is_found_in_fields_of_every_width(tmp_path: Path, file_type: str, year: int) -> None:
    record = "H" if file_type == "rafael" else ""
    prices = {"unit_purchase": 100, "billed": 200, "quantity": 2} if record else {}
    line = drug(month=pd.Timestamp(year, 5, 1), **prices)
    data = content(line, file_type=file_type, year=year, record=record)
    assert read(tmp_path, data, file_type=file_type, year=year).rows["code"].tolist() == [REMSIMA]


# What is damaged is refused, with its place


@pytest.mark.parametrize(
    ("role", "value", "code"),
    [
        ("purchase", "12A4", "CHAMP_NON_NUMERIQUE"),
        ("purchase", "12.50", "CHAMP_NON_NUMERIQUE"),
        ("purchase", "1 250", "CHAMP_NON_NUMERIQUE"),
        ("purchase", "-", "CHAMP_NON_NUMERIQUE"),
        ("quantity", "1000      ", "CHAMP_NON_NUMERIQUE"),
        ("quantity", "", "CHAMP_VIDE"),
        ("stays", "x", "CHAMP_NON_NUMERIQUE"),
        ("finess", "96100001 ", "FINESS_INVALIDE"),
        ("finess", "", "FINESS_INVALIDE"),
        ("product", "REMSIMA", "CODE_UCD_ILLISIBLE"),
        ("product", "940230", "CODE_UCD_ILLISIBLE"),
        ("file_year", "2020", "ANNEE_DU_FICHIER"),
        ("file_month", "13", "MOIS_ILLISIBLE"),
        ("use_month", "00", "MOIS_ILLISIBLE"),
        ("use_year", "21", "ANNEE_ILLISIBLE"),
        ("use_year", "2022", "ANNEE_APRES_LE_FICHIER"),
    ],
)
def test_a_wrong_field_is_refused_with_its_positions(tmp_path: Path, role: str, value: str, code: str) -> None:
    problem = only(refusal(tmp_path, put(content(drug(), drug(), drug()), 2, role, value)))
    field = layout().role(role)
    assert field is not None
    assert problem.code == code
    assert problem.line == 2
    assert problem.column == field.place
    assert problem.value == value.strip() or role in ("purchase", "quantity", "stays")


def test_all_the_problems_are_said_at_once_each_counted(tmp_path: Path) -> None:
    data = content(*(drug() for _ in range(6)))
    data = put(put(put(data, 2, "purchase", "x"), 4, "purchase", "y"), 3, "finess", "12345678 ")
    data = put(data, 5, "file_year", "2019").replace(b"\r\n", b"\r\n", 1)
    problems = refusal(tmp_path, data + b"trop court\r\n")
    assert [(p.code, p.line, p.count) for p in problems] == [
        ("CHAMP_NON_NUMERIQUE", 2, 2),
        ("FINESS_INVALIDE", 3, 1),
        ("ANNEE_DU_FICHIER", 5, 1),
        ("LONGUEUR_DE_LIGNE", 7, 1),
    ]


def test_a_file_of_another_type_names_the_one_it_may_be(tmp_path: Path) -> None:
    data = content(drug(product=STENT, quantity=1), file_type="rsa_dmi")
    problem = only(refusal(tmp_path, data))
    assert problem.code == "LONGUEUR_DE_LIGNE"
    assert "102 caractères" in problem.what
    assert "rsa_dmi (2017-2021)" in problem.remedy


def test_a_file_cut_in_its_last_line_says_where(tmp_path: Path) -> None:
    problem = only(refusal(tmp_path, content(drug(), drug())[:-30]))
    assert problem.code == "DERNIERE_LIGNE_TRONQUEE"
    assert problem.line == 2
    assert "PRIX" in problem.what


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda data: data.decode().encode("utf-16"), "ENCODAGE_UTF16"),
        (lambda data: data[:40] + "é".encode() + data[41:], "CARACTERE_INATTENDU"),
        (lambda data: data[:40] + b"\x00" + data[41:], "CARACTERE_INATTENDU"),
        (lambda data: data[:40] + b"\t" + data[41:], "CARACTERE_INATTENDU"),
        (lambda data: data.replace(b"\r\n", b"\r"), "CARACTERE_INATTENDU"),
        (lambda data: b"", "FICHIER_VIDE"),
        (lambda data: b"\r\n\r\n", "FICHIER_SANS_LIGNE"),
        (lambda data: data.replace(b"\r\n", b"\r\n\r\n", 1), "LIGNE_VIDE"),
        (lambda data: data.replace(b"\r\n", b"\r\n" + b" " * 102 + b"\r\n", 1), "FINESS_INVALIDE"),
        (lambda data: data.replace(b"\r\n", b";\r\n"), "LONGUEUR_DE_LIGNE"),
        (lambda data: data.replace(b"\r\n", b" \r\n"), "LONGUEUR_DE_LIGNE"),
    ],
)
def test_a_damaged_file_is_refused(tmp_path: Path, change: Any, code: str) -> None:
    problems = refusal(tmp_path, change(content(drug(), drug())))
    assert code in {problem.code for problem in problems}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda data: data.replace(b"\r\n", b"\n"), set()),
        (lambda data: b"\xef\xbb\xbf" + data, set()),
        (lambda data: data + b"\r\n\r\n", set()),
        (lambda data: data[:-2], {"FIN_SANS_RETOUR_DE_LIGNE"}),
    ],
)
def test_what_is_harmless_is_read(tmp_path: Path, change: Any, told: set[str]) -> None:
    plain = read(tmp_path, content(drug(), drug()))
    received = read(tmp_path, change(content(drug(), drug())))
    pd.testing.assert_frame_equal(received.rows, plain.rows)
    assert received.findings.codes() == told


@pytest.mark.parametrize(
    ("role", "value", "code"),
    [
        ("product", "3400894023037", "CLE_UCD13"),
        ("benefit_type", "09", "TYPE_DE_PRESTATION"),
        ("indication", "X000001", "INDICATION_INATTENDUE"),
        ("stays", "0", "NBSEJ_ABSENT"),
    ],
)
def test_what_is_strange_is_kept_and_told(tmp_path: Path, role: str, value: str, code: str) -> None:
    received = read(tmp_path, put(content(drug(), drug()), 2, role, value))
    assert received.rows["purchase_eur"].sum() == Decimal("800.00")
    finding = next(iter(received.findings))
    assert (finding.code, finding.count) == (code, 1)
    assert "ligne 2" in finding.example


def test_dates_of_entry_files_are_checked(tmp_path: Path) -> None:
    where = layout("rum_med", 2021)
    data = content(drug(day=31), file_type="rum_med")
    assert read(tmp_path, data, file_type="rum_med").rows["month"].tolist() == [pd.Timestamp("2021-03-01")]
    for value, code in (
        ("31022021", "DATE_ILLISIBLE"),
        ("2021-3-1", "DATE_ILLISIBLE"),
        ("01012022", "ANNEE_APRES_LE_FICHIER"),
    ):
        problem = only(refusal(tmp_path, put(data, 1, "use_date", value, where), file_type="rum_med"))
        assert (problem.code, problem.value) == (code, value)


# Options


def test_a_year_added_by_rows_is_read_without_code(tmp_path: Path) -> None:
    text = LAYOUT_FILE.read_text(encoding="utf-8").splitlines()
    rows = [text[0]] + [line.replace(";2021;", ";2024;", 1) for line in text if line.startswith("rsa_med;;2021;")]
    own = tmp_path / "dispositions.csv"
    own.write_text("\n".join(rows), encoding="utf-8")
    data = put(put(content(drug()), 1, "file_year", "2024"), 1, "use_year", "2024")
    received = read(tmp_path, data, year=2024, layouts=own)
    assert received.rows["month"].tolist() == [pd.Timestamp("2024-03-01")]
    with pytest.raises(SourceError, match="ANNEE_SANS_DISPOSITION"):
        read(tmp_path, data, year=2024)


def test_months_that_may_still_be_completed_are_provisional(tmp_path: Path) -> None:
    data = content(drug(), drug(month=pd.Timestamp("2021-11-01")))
    received = read(tmp_path, data, provisional_from=pd.Timestamp("2021-11-01").date())
    assert received.rows["is_provisional"].tolist() == [False, True]


# Streaming


def test_ingesting_gives_the_same_rows_as_reading(tmp_path: Path) -> None:
    path = next(
        path for path in simulate_atih(tmp_path / "recus", establishments_nb=4) if path.name.startswith("rsa_med_2021")
    )
    store = Store(tmp_path / "store")
    findings = ingest_atih(path, store, file_type="rsa_med", year=2021, delivery="rsa")
    received = read_atih(path, file_type="rsa_med", year=2021, delivery="rsa")
    pd.testing.assert_frame_equal(store.read(tables.EXTRA_LIST_USE), received.rows)
    pd.testing.assert_frame_equal(store.read(tables.DELIVERIES), tables.DELIVERIES.conform(received.delivery))
    assert findings == received.findings


def test_a_refused_file_leaves_nothing_in_the_store(tmp_path: Path) -> None:
    path = tmp_path / "essai.txt"
    path.write_bytes(put(content(drug(), drug()), 2, "purchase", "x"))
    store = Store(tmp_path / "store")
    with pytest.raises(SourceError):
        ingest_atih(path, store, file_type="rsa_med", year=2021, delivery="essai")
    assert not store.has(tables.EXTRA_LIST_USE)
    assert not list((tmp_path / "store").rglob("*.*"))


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    line = pd.DataFrame([drug(product=AVASTIN, finess=A)] * 50_000)
    peaks = []
    for batches_nb in (2, 8):
        path = tmp_path / f"{batches_nb}.txt"
        batches = ({"": line if nb else line.iloc[1:]} for nb in range(batches_nb))
        write_atih(path, batches, file_type="rsa_med", year=2021)
        tracemalloc.start()
        ingest_atih(path, Store(tmp_path / "store"), file_type="rsa_med", year=2021, delivery="essai")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0]


def test_a_file_pasted_twice_is_refused(tmp_path: Path) -> None:
    data = content(drug(), drug(quantity=1500), drug(finess=B))
    problem = only(refusal(tmp_path, 2 * data))
    assert (problem.code, problem.line) == ("FICHIERS_ACCOLES", 4)
    assert len(read(tmp_path, 2 * content(drug())).rows) == 2, "two equal uses may follow each other"


def test_an_unknown_step_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CaqesError, match="ETAPE_INCONNUE"):
        read(tmp_path, content(drug()), without=["tarif"])

"""The workbooks of levers, read back by a spreadsheet reader: totals to the cent, one establishment in each."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest

from caqes_analysis import tables
from caqes_analysis.chapters.page import Page
from caqes_analysis.export.lever_workbooks import RESTRICTED, write_lever_workbooks
from caqes_analysis.savings.lever_details import WITHOUT_DETAIL, lever_details
from caqes_analysis.savings.levers import potential_savings, top_levers
from caqes_analysis.store import Store
from tests.campaigns import MONTHLY, campaign_file
from tests.savings.test_levers import LABELS, PEERS, line, store_with, transports

IPP = {"atc1": "A", "atc4": "A02BC", "atc5": "A02BC05", "atc5_label": "ESOMEPRAZOLE"}
CODES = {"ipp": ["3400000000021", "3400000000022", "3400000000023"]}


def boxes(place: int, finess: str) -> list[dict[str, Any]]:
    """Return a biosimilar, three references (one has no equivalent of its size), and three IPP, at odd prices."""
    references = [
        {"product_label": LABELS["C"]},
        {"product_label": "HUMIRA 40 MG SOL INJ SER 2", "cip13": "3400000000011"},
        {"product_label": "HUMIRA 80 MG SOL INJ STYLO 1", "cip13": "3400000000012"},
    ]
    lines = [line(finess, "B", 10 * place, "400.04")]
    lines += [
        line(finess, "C", 31 - 3 * place + at, price, **one)
        for at, (one, price) in enumerate(zip(references, ("503.92", "497.08", "999.98"), strict=True))
    ]
    return lines + [
        line(finess, "0", place * (at + 2) + 3, f"{at + 3}.18", cip13=code, product_label=f"IPP {at}", **IPP)
        for at, code in enumerate(CODES["ipp"])
    ]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Page:
    folder = tmp_path_factory.mktemp("leviers")
    store = store_with(folder / "tables", [one for at, name in enumerate(PEERS, 1) for one in boxes(at, name)])
    transports(store)
    articles = pd.DataFrame(
        [
            {
                "finess": finess,
                "period": "2023",
                "lpp": code,
                "quantity_nb": Decimal(nb),
                "amount_eur": Decimal(nb) * 17,
            }
            for at, finess in enumerate(PEERS, 1)
            for code, nb in (("1307143", 3 * at), ("1322094", 7))
        ]
    )
    state = {"delivery": "essai", "value_status": "reported", "is_provisional": False, "is_corrected": False}
    store.write(tables.LPP_SPEND, tables.LPP_SPEND.conform(articles, **state), part="essai")
    lists = [{"list": "pansements", "kind": "lpp", "code": code, "label": f"PANSEMENT {code}", "status": "data",
              "source": "essai"} for code in ("1307143", "1322094")]  # fmt: skip
    store.write(tables.CODE_LISTS, tables.CODE_LISTS.conform(pd.DataFrame(lists)), part="essai")
    listed = pd.DataFrame(
        [
            {"prescriber": f"UF {nb}", "prescriber_kind": "service", "code": CODES["ipp"][2],
             "boxes_nb": Decimal(nb), "reimbursed_eur": Decimal(nb) * 2} for nb in (5, 12)
        ]
    )  # fmt: skip
    listed = tables.PRESCRIBER_SPEND.conform(listed, finess=PEERS[5], year=2023, delivery="am", **{
        name: value for name, value in state.items() if name != "delivery"})  # fmt: skip
    store.write(tables.PRESCRIBER_SPEND, listed, part="am")
    store.write(tables.LEVERS, potential_savings(store, year=2023), part="essai")
    return Page(campaign_file(folder, MONTHLY), Store(folder / "tables"))


@pytest.fixture(scope="module")
def files(page: Page, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    written = write_lever_workbooks(page, tmp_path_factory.mktemp("sortie") / "leviers")
    return {path.stem.removeprefix("leviers-"): path for path, _ in written}


def cells(path: Path, sheet: str) -> list[list[Any]]:
    return [[cell.value for cell in row] for row in openpyxl.load_workbook(path)[sheet].iter_rows()]


def to_the_cent(value: float) -> Decimal:
    return Decimal(repr(float(value))).quantize(Decimal("0.01"))


def test_products_add_up_to_their_lever_to_the_cent(page: Page) -> None:
    levers = page.store.read(tables.LEVERS)
    ranked = top_levers(levers).set_index(["finess", "lever"])["best_quartile_eur"]
    shared = lever_details(page.store, levers).groupby(["finess", "lever"])["saving_eur"].sum()
    detailed = ranked[[lever not in WITHOUT_DETAIL for lever in ranked.index.get_level_values("lever")]]
    assert set(detailed.index.get_level_values("lever")) == {"biosimilars", "ipp", "pansements"}
    assert shared.to_dict() == detailed.to_dict()


def test_parts_follow_what_replacing_each_box_would_save(page: Page) -> None:
    details = lever_details(page.store, page.store.read(tables.LEVERS))
    own = details[(details["finess"] == PEERS[0]) & (details["lever"] == "biosimilars")].set_index("product_label")
    assert "HUMIRA 80 MG SOL INJ STYLO 1" not in own.index, "nothing of its size is cheaper"
    first, second = (own.loc[name] for name in (LABELS["C"], "HUMIRA 40 MG SOL INJ SER 2"))
    # One gap for boxes of one size: the parts are those of the boxes.
    assert float(first["saving_eur"] / second["saving_eur"]) == pytest.approx(28 / 29, rel=1e-4)
    assert first["spent_eur"] == Decimal("503.92") * 28 / 2


def test_the_workbook_repeats_the_sheet_of_the_establishment(page: Page, files: dict[str, Path]) -> None:
    ranked = top_levers(page.store.read(tables.LEVERS))
    assert set(files) == set(ranked["finess"])
    for finess, path in files.items():
        own = ranked[ranked["finess"] == finess]
        _, header, *rows = cells(path, "Leviers")
        shown = pd.DataFrame(rows, columns=header)
        assert [to_the_cent(value) for value in shown["Au meilleur quart (€)"]] == own["best_quartile_eur"].tolist()
        assert shown["Rang"].tolist() == own["rank"].tolist()
        groups = cells(path, "Molécules et classes")
        by_group = pd.DataFrame(groups[2:], columns=groups[1]).groupby("Levier")["Économie possible (€)"].sum()
        for row in shown.to_dict("records"):
            if not row["Détail"].startswith("feuille"):
                continue
            sheet = cells(path, row["Détail"].split("« ")[1].removesuffix(" »"))
            *products, total = sheet[2:]
            assert total[2] == "Total"
            assert to_the_cent(total[-1]) == to_the_cent(row["Au meilleur quart (€)"])
            assert sum(to_the_cent(product[-1]) for product in products) == to_the_cent(total[-1])
            assert to_the_cent(by_group[row["Levier"]]) == to_the_cent(total[-1])


def test_a_lever_that_only_its_objective_asks_for_has_its_amount_and_no_detail(
    page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    levers = page.store.read(tables.LEVERS)
    best = levers[(levers["lever"] == "ipp") & (levers["scenario"] == "best_quartile")]
    aimed = best[(best["finess"] == PEERS[0]) & (best["saving_eur"] == 0)]
    assert len(aimed) == 1, "the best of the region"
    asked = aimed.assign(scenario="target", saving_eur=pd.Series([Decimal("48.50")], index=aimed.index, dtype=object))
    # A last one, that no region of five can be compared with, has nothing but its objective.
    both = pd.concat([levers, asked, asked.assign(finess="990000009")], ignore_index=True)
    monkeypatch.setattr(page.store, "read", lambda table, **_: both if table is tables.LEVERS else table.empty())
    monkeypatch.setitem(page.__dict__, "establishments", page.establishments)
    written = {path.stem: path for path, _ in write_lever_workbooks(page, tmp_path)}
    for finess, quarter in ((PEERS[0], 0), ("990000009", None)):
        _, header, *rows = cells(written[f"leviers-{finess}"], "Leviers")
        own = pd.DataFrame(rows, columns=header, dtype=object).set_index("Levier").loc["IPP"]
        assert to_the_cent(own["À l'objectif (€)"]) == Decimal("48.50")
        assert own["Au meilleur quart (€)"] == quarter
        assert "l'objectif, lui, n'est pas atteint" in own["Détail"]


def test_a_lever_without_products_says_so(files: dict[str, Path]) -> None:
    book = openpyxl.load_workbook(files[PEERS[5]])
    rows = [[cell.value for cell in row] for row in book["Leviers"].iter_rows(min_row=3)]
    said = {row[1]: row[6] for row in rows}
    assert said["Ambulance → transport assis"] == f"sans détail par produit ({WITHOUT_DETAIL['ambulance']})"
    assert said["IPP"] == "feuille « IPP »"


def test_who_prescribed_is_in_the_workbook_of_the_establishment_alone(files: dict[str, Path]) -> None:
    sheets = {finess: openpyxl.load_workbook(path).sheetnames for finess, path in files.items()}
    assert [finess for finess, names in sheets.items() if "Services" in names] == [PEERS[5]]
    _, header, *rows = cells(files[PEERS[5]], "Services")
    assert [row[2] for row in rows] == ["Autres", "UF 12"], "five boxes name nobody"
    product = next(row for row in cells(files[PEERS[5]], "IPP") if row[1] == CODES["ipp"][2])
    assert sum(to_the_cent(row[-1]) for row in rows) == to_the_cent(product[-1])
    assert header[2] == "Service"
    told = " ".join(str(row[0]) for row in cells(files[PEERS[5]], "Lisez-moi"))
    assert "moins de 11 boîtes" in told
    assert "Données nominatives" in told


def test_every_sheet_is_marked_and_nothing_of_another_is_in_it(files: dict[str, Path]) -> None:
    for finess, path in files.items():
        book = openpyxl.load_workbook(path)
        for sheet in book.worksheets:
            texts = [str(cell.value) for row in sheet.iter_rows() for cell in row if cell.value is not None]
            assert any(RESTRICTED in text for text in texts[:2]), sheet.title
            assert not [other for other in PEERS if other != finess and any(other in text for text in texts)]
            if sheet.title != "Lisez-moi":
                assert sheet.freeze_panes[1:] == "3"
                assert sheet.print_title_rows == "$1:$2"
                euros = [cell for row in sheet.iter_rows(min_row=3) for cell in row if cell.number_format == "#,##0.00"]
                assert euros, sheet.title


def test_the_total_is_out_of_reach_of_filters(files: dict[str, Path]) -> None:
    sheet = openpyxl.load_workbook(files[PEERS[5]])["IPP"]
    assert sheet.auto_filter.ref == f"A2:G{sheet.max_row - 1}"
    assert all(cell.font.bold for cell in sheet[sheet.max_row])


def test_without_levers_there_is_no_workbook(page: Page, tmp_path: Path) -> None:
    empty = Page(page.campaign, Store(tmp_path))
    assert write_lever_workbooks(empty, tmp_path / "leviers") == []
    assert not (tmp_path / "leviers").exists()

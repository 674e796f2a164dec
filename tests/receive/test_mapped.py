"""Campaigns that name column mappings, cumulative deliveries, activity, LPP by code and declared indicators."""

from __future__ import annotations

import shutil
from decimal import Decimal
from pathlib import Path

import pytest

from caqes_analysis import tables
from caqes_analysis.errors import CampaignError, CaqesError
from caqes_analysis.indicators.evolution import cumulative_evolution
from caqes_analysis.receive import receive
from caqes_analysis.simulation import simulate_region
from caqes_analysis.store import Store
from tests.campaigns import MONTHLY, campaign_file

KIND = "amount_kind: reimbursed, date_basis: care, tax: TTC"
CUMULS = "".join(
    f"    - {{path: recus/transports_cumul_2024-{month}.csv, mapping: transports-cumul, cumulative: true, "
    f'as_of: "2024-{month}", {KIND}}}\n'
    for month in ("03", "06", "09")
)
OTHERS = """\
  activity: [{path: recus/activite.csv}]
  lpp_spend: [{path: recus/lpp_par_code.csv}]
  declared: [{path: recus/declarations_2023.xlsx}]
"""
WHOLE = MONTHLY.replace("  open_phmev:", CUMULS + OTHERS + "  open_phmev:")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("region")
    simulate_region(folder / "recus", establishments_nb=6, seed=7)
    return folder


@pytest.fixture
def copy(files: Path, tmp_path: Path) -> Path:
    shutil.copytree(files / "recus", tmp_path / "recus")
    return tmp_path


def store_of(folder: Path, text: str) -> Store:
    receive(campaign_file(folder, text), folder / "store")
    return Store(folder / "store")


def refusal(folder: Path, text: str) -> CaqesError:
    with pytest.raises(CaqesError) as caught:
        receive(campaign_file(folder, text), folder / "store")
    assert not (folder / "store").exists()
    return caught.value


def test_every_new_source_reaches_its_table(copy: Path) -> None:
    store = store_of(copy, WHOLE)
    for table in (tables.ACTIVITY, tables.LPP_SPEND, tables.CUMULATIVE_SPEND, tables.DELIVERIES):
        table.validate(store.read(table))
    codes = set(store.query("select distinct activity from activity")["activity"])
    assert {"stays", "trips_ambulance", "prescriptions_with_rpps", "declared_ordonnances_rpps"} <= codes
    gaps = store.query(
        "with coded as (select finess, period, sum(amount_eur) as eur from lpp_spend group by all) "
        "select count(*) as n, count(*) filter (c.eur <> m.amount_eur) as wrong from coded c join monthly_spend m "
        "on m.finess = c.finess and strftime(m.month, '%Y-%m') = c.period and m.envelope = 'lpp'"
    )
    assert gaps.loc[0, "n"] > 50
    assert gaps.loc[0, "wrong"] == 0
    found = store.read(tables.FINDINGS)
    assert not {"CUMUL_DIFFERENT_DES_MOIS", "INCREMENT_NEGATIF"} & set(found["code"]), (
        "the cumuls agree with the months"
    )
    totals = store.read(tables.DELIVERIES).set_index("delivery")["total_eur"]
    assert totals["transports-cumul-2024-09"] > totals["transports-cumul-2024-06"]


def test_without_months_the_cumuls_give_the_rates(copy: Path) -> None:
    path = copy / "recus" / "enveloppes_mensuelles.csv"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(x for x in lines if ";2024-" not in x or "transport" not in x), encoding="utf-8")
    monthly = {
        tuple(line.split(";")[:3]): Decimal(line.strip().split(";")[3].replace(",", "."))
        for line in lines
        if ";2023-0" in line and ";transport_vsl;" in line
    }
    store = store_of(copy, WHOLE)
    grid = store.query("select * from monthly_grid where envelope = 'transport_vsl' and year(month) = 2024")
    assert set(grid["value_status"]) == {"missing"}
    rates = cumulative_evolution(store, year=2024, month_nbs={9})
    vsl = rates[(rates["envelope"] == "transport_vsl") & (rates["value_status"] == "reported")]
    assert len(vsl) >= 3
    one = vsl.iloc[0]
    before = sum(amount for (finess, _, _), amount in monthly.items() if finess == one["finess"])
    cumul = store.query(
        "select cumulative_eur from cumulative_spend where finess = ? and envelope = 'transport_vsl' "
        "and month = date '2024-09-01'",
        [one["finess"]],
    )["cumulative_eur"].iloc[0]
    if store.query("select * from successions where current_finess = ?", [one["finess"]]).empty:
        assert (one["current_eur"], one["previous_eur"]) == (cumul, before)


def test_the_nearest_mapping_is_proposed(copy: Path) -> None:
    text = WHOLE.replace("mapping: transports-cumul", "mapping: transports-mois-en-colonnes")
    error = refusal(copy, text)
    near = [problem for problem in error.problems if problem.code == "CORRESPONDANCE_PROCHE"]
    assert len(near) == 3
    assert near[0].remedy == "Écrire mapping: transports-cumul pour cette source."
    text = WHOLE.replace("mapping: transports-cumul, ", "")
    assert "mapping: transports-cumul" in str(refusal(copy, text))


def test_the_nearest_mapping_of_a_list_of_prescribers_comes_first(copy: Path) -> None:
    mapped = "  prescriber_spend:\n    - {path: recus/prescripteurs_2023.csv, mapping: prescripteurs-rpps}\n"
    error = refusal(copy, WHOLE + mapped.replace(", mapping: prescripteurs-rpps", ""))
    first, *others = error.problems
    assert first.code == "CORRESPONDANCE_PROCHE"
    assert first.remedy == "Écrire mapping: prescripteurs-rpps pour cette source."
    assert {problem.code for problem in others} == {"COLONNE_ABSENTE"}
    plain = "finess;annee;prescripteur;libelle;code;boites;montant\n"
    (copy / "recus" / "prescripteurs_2023.csv").write_text(plain, encoding="utf-8")
    first = refusal(copy, WHOLE + mapped).problems[0]
    assert first.remedy == "Retirer mapping de cette source."


def test_a_plain_file_under_a_mapping_is_recognised(copy: Path) -> None:
    text = WHOLE.replace("{path: recus/activite.csv}", "{path: recus/activite.csv, mapping: activite-en-colonnes}")
    error = refusal(copy, text)
    assert "Retirer mapping de cette source." in str(error)


def test_an_absent_or_foreign_mapping_is_told(copy: Path) -> None:
    error = refusal(copy, WHOLE.replace("mapping: transports-cumul", "mapping: transport"))
    assert {problem.code for problem in error.problems} == {"CORRESPONDANCE_INTROUVABLE"}
    assert "transports-cumul" in error.problems[0].remedy
    error = refusal(copy, WHOLE.replace("mapping: transports-cumul", "mapping: lpp-par-code"))
    assert {problem.code for problem in error.problems} == {"CORRESPONDANCE_AUTRE_TABLE"}


def test_a_region_keeps_its_mappings_beside_its_campaign(copy: Path) -> None:
    (copy / "column_mappings").mkdir()
    (copy / "column_mappings" / "le-notre.yml").write_text(
        "title: Le nôtre\ntable: activity\ncolumns: {finess: id, month: an, item: quoi, count: nb}\nmonths: [AAAA]\n",
        encoding="utf-8",
    )
    finess = (copy / "recus" / "activite.csv").read_text(encoding="cp1252").splitlines()[1][:9]
    (copy / "recus" / "autre.csv").write_text(f"id;an;quoi;nb\n{finess};2021;Séjours;12\n", encoding="utf-8")
    text = WHOLE.replace("[{path: recus/activite.csv}]", "[{path: recus/autre.csv, mapping: le-notre}]")
    rows = store_of(copy, text).query("select * from activity where period = '2021'")
    assert rows["activity"].tolist() == ["stays"]


def test_a_cumulative_source_says_its_month(copy: Path) -> None:
    text = WHOLE.replace('as_of: "2024-03", ', "")
    assert text != WHOLE
    with pytest.raises(CampaignError, match="as_of"):
        campaign_file(copy, text)


def test_cumuls_after_the_last_month_are_refused(copy: Path) -> None:
    text = WHOLE.replace('last_month: "2024-09"', 'last_month: "2024-06"')
    error = refusal(copy, text)
    assert "transports-cumul-2024-09" in [problem.file for problem in error.problems]


def test_plain_cumuls_need_no_column_of_months(copy: Path) -> None:
    finess = (copy / "recus" / "phmev_mensuel.csv").read_text(encoding="cp1252").splitlines()[1][:9]
    (copy / "recus" / "c.csv").write_text(f"finess;enveloppe;montant\n{finess};lpp;5,00\n", encoding="utf-8")
    line = f'    - {{path: recus/c.csv, cumulative: true, as_of: "2024-09", {KIND}}}\n'
    store = store_of(copy, MONTHLY.replace("  open_phmev:", line + "  open_phmev:"))
    assert store.read(tables.CUMULATIVE_SPEND)["cumulative_eur"].tolist() == [Decimal("5.00")]
    assert "CUMUL_DIFFERENT_DES_MOIS" in set(store.read(tables.FINDINGS)["code"])
    late = f"finess;mois;enveloppe;montant\n{finess};2024-09;lpp;5,00\n"
    (copy / "recus" / "c.csv").write_text(late, encoding="utf-8")
    early = MONTHLY.replace("  open_phmev:", line.replace("2024-09", "2024-06") + "  open_phmev:")
    shutil.rmtree(copy / "store")
    assert "CUMUL_APRES_SON_MOIS" in [problem.code for problem in refusal(copy, early).problems]


PRESCRIBERS = "finess;annee;prescripteur;libelle;code;boites;montant\n"


def with_prescribers(copy: Path, first: str, second: str) -> str:
    """A campaign with two lists of prescribers."""
    for name, lines in (("liste_m9.csv", first), ("liste_m12.csv", second)):
        (copy / "recus" / name).write_text(PRESCRIBERS + lines, encoding="utf-8")
    return MONTHLY + (
        "  prescriber_spend:\n    - {path: recus/liste_m9.csv, received_on: 2024-01-10}\n"
        "    - {path: recus/liste_m12.csv, received_on: 2024-03-10}\n"
    )


def test_two_lists_of_the_same_prescribers_are_refused(copy: Path) -> None:
    line = "990000001;2023;10000000009;Rhumatologie;3400930000001;12;1234,56\n"
    other = "990000001;2023;10000000009;Rhumatologie;3400930000002;1;10,00\n"
    error = refusal(copy, with_prescribers(copy, line + other, line.replace("12;1234,56", "20;2000,00")))
    (problem,) = error.problems
    assert (problem.code, problem.count) == ("DOUBLON_ENTRE_LIVRAISONS", 1)
    assert "liste_m12.csv, liste_m9.csv" in problem.what
    assert problem.value == "990000001, 2023, 10000000009, 3400930000001"


def test_lists_of_other_products_or_years_add_up(copy: Path) -> None:
    line = "990000001;2023;10000000009;Rhumatologie;3400930000001;12;1234,56\n"
    others = line.replace("0001;12", "0002;12") + line.replace(";2023;", ";2022;") + line.replace("10000000009", "UF 1")
    store = store_of(copy, with_prescribers(copy, line, others))
    assert store.query("select count(*) as nb from prescriber_spend")["nb"].tolist() == [4]

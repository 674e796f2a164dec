"""Twenty defects, one of each kind, planted in a simulated region: all are found and nothing else is.

Ten kinds break the structure of a file: the campaign is refused, every one of them listed. Ten leave files that read
well: they are findings. Regions without defects raise neither.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from caqes_analysis import tables
from caqes_analysis.campaign import load_campaign
from caqes_analysis.errors import SourceError
from caqes_analysis.receive import receive
from caqes_analysis.simulation import planted_events, simulate_region
from caqes_analysis.sources.files import sha256_of
from caqes_analysis.store import Store

ESTABLISHMENTS_NB, SEED = 20, 31
CAMPAIGN = """\
title: "Région abîmée"
region: {{code: "96", name: "Région d'essai"}}
year: 2024
last_month: "2024-09"
provisional_months_nb: 2
scheme: caqes-2022
sources:
  establishments: [{{path: recus/etablissements.csv}}]
  contracts: [{{path: recus/contrats.csv}}]
  monthly_spend:
    - {{path: recus/phmev_mensuel.csv, amount_kind: reimbursed, date_basis: care, tax: TTC}}
    - {{path: recus/enveloppes_mensuelles.csv, amount_kind: reimbursed, date_basis: care, tax: TTC}}
    - {{path: recus/liste_en_sus_mensuel.xlsx, amount_kind: reimbursed, date_basis: discharge, tax: TTC{control}}}
  open_phmev:
    - {{path: recus/OPEN_PHMEV_2022.zip, year: 2022}}
    - {{path: recus/OPEN_PHMEV_2023.CSV, year: 2023}}
  lpp_spend: [{{path: recus/lpp.csv}}]
  activity: [{{path: recus/activite.csv{sha256}}}]
"""
CODE_LIST = """\
id: essai-pansements
title: "Pansements de l'essai"
kind: lpp
source: "Essai"
status: regional
valid_from: 2020-01-01
codes:
  - {code: "1300001", label: "Pansement radié en 2023", valid_to: 2023-06-30}
  - {code: "1300002", label: "Pansement"}
"""


@dataclass
class Region:
    """A simulated region to damage: its folder, and establishments without events of their own."""

    folder: Path
    quiet: list[str]
    control: str = ""
    sha256: str = ""

    def path(self, name: str) -> Path:
        return self.folder / "recus" / name

    def lines(self, name: str) -> list[str]:
        return self.path(name).read_bytes().decode("cp1252").splitlines()

    def write(self, name: str, lines: list[str]) -> None:
        self.path(name).write_bytes("".join(f"{line}\r\n" for line in lines).encode("cp1252"))

    def change(self, name: str, start: str, change: Callable[[str], list[str]]) -> None:
        """Replace the only line that begins so by others."""
        lines = self.lines(name)
        places = [i for i, line in enumerate(lines) if line.startswith(start)]
        assert len(places) == 1, (name, start, len(places))
        lines[places[0] : places[0] + 1] = change(lines[places[0]])
        self.write(name, lines)

    def times(self, name: str, start: str, factor: str) -> None:
        """Multiply the amount of a line."""

        def change(line: str) -> list[str]:
            *head, amount = line.split(";")
            new = (Decimal(amount.replace(",", ".")) * Decimal(factor)).quantize(Decimal("0.01"))
            return [";".join([*head, str(new).replace(".", ",")])]

        self.change(name, start, change)

    def store(self) -> Store:
        """Receive the region."""
        path = self.folder / "essai-2024.yml"
        path.write_text(CAMPAIGN.format(control=self.control, sha256=self.sha256), encoding="utf-8")
        receive(load_campaign(path), self.folder / "store")
        return Store(self.folder / "store")


def prepared(folder: Path, *, establishments_nb: int, seed: int) -> Region:
    """A clean region, with LPP by code, activity and a dated list of codes."""
    simulate_region(folder / "recus", establishments_nb=establishments_nb, seed=seed)
    events = planted_events(establishments_nb=establishments_nb, seed=seed)
    (folder / "code_lists").mkdir()
    (folder / "code_lists" / "essai.yml").write_text(CODE_LIST, encoding="utf-8")
    region = Region(folder, [])
    rows = pd.DataFrame([line.split(";") for line in region.lines("etablissements.csv")])
    known = rows.iloc[1:].set_axis(rows.iloc[0], axis=1)
    busy = set(events["finess"]) | set(known["successeur"])
    spent = pd.DataFrame([line.split(";") for line in region.lines("phmev_mensuel.csv")[1:]], columns=list("fmea"))
    spent["a"] = pd.to_numeric(spent["a"].str.replace(",", "."))
    size = spent.groupby("f")["a"].median().sort_values(ascending=False)
    region.quiet = [finess for finess in size.index if finess not in busy]
    everyone = [*region.quiet, *sorted(busy & set(size.index))]
    one = everyone[0]
    lpp = [f"{one};2022-05;1300001;3;30,00", f"{one};2023-05;1300002;4;40,00"]
    region.write("lpp.csv", ["finess;periode;code_lpp;quantite;montant", *lpp])
    counts = [f"{finess};2023;stays;{1200 + 10 * rank}" for rank, finess in enumerate(everyone)]
    region.write("activite.csv", ["finess;periode;activite;nombre", *counts])
    return region


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Region:
    return prepared(tmp_path_factory.mktemp("region"), establishments_nb=ESTABLISHMENTS_NB, seed=SEED)


@pytest.fixture
def region(clean: Region, tmp_path: Path) -> Region:
    """The same files, to damage."""
    for name in ("recus", "code_lists"):
        shutil.copytree(clean.folder / name, tmp_path / name)
    return Region(tmp_path, clean.quiet)


@dataclass(frozen=True)
class Planted:
    """What was planted, and what is expected of it: codes, and words of the place where each is told."""

    kind: str
    codes: str
    words: str

    def explains(self, code: str, text: str) -> bool:
        """Say whether this defect is the one that is told."""
        return any(
            code == each and words in text
            for each, words in zip(self.codes.split(), self.words.split("|"), strict=True)
        )


def plant_refused(region: Region) -> Iterator[Planted]:
    """Damage the structure of the files."""
    a, b = region.quiet[:2]
    region.change("phmev_mensuel.csv", f"{a};2022-02;", lambda line: [line[1:]])
    yield Planted("FINESS de 8 caractères", "FINESS_8_CARACTERES", a[1:])
    region.change("phmev_mensuel.csv", f"{b};2022-03;", lambda line: [line.replace("2022-03", "2022-13")])
    yield Planted("mois 13", "MOIS_ILLISIBLE", "2022-13")
    region.change("enveloppes_mensuelles.csv", f"{a};2022-04;lpp", lambda line: [line, line])
    yield Planted("ligne en double", "LIGNE_EN_DOUBLE", f"{a}, 2022-04, lpp")
    region.change("enveloppes_mensuelles.csv", f"{b};2022-05;lpp", lambda line: [line.replace(";lpp;", ";lppp;")])
    yield Planted("enveloppe inconnue", "ENVELOPPE_INCONNUE", "lppp")
    base = region.path("OPEN_PHMEV_2023.CSV").read_bytes()
    cut = base.rindex(b"\r\n", 0, len(base) * 2 // 3) + 40
    region.path("OPEN_PHMEV_2023.CSV").write_bytes(base[:cut])
    yield Planted("fichier tronqué", "DERNIERE_LIGNE_TRONQUEE", "OPEN_PHMEV_2023.CSV")
    header, first, *rest = region.lines("lpp.csv")
    finess, period, code, *others = first.split(";")
    region.write("lpp.csv", [header, ";".join([code, period, finess, *others]), *rest])
    yield Planted("colonnes échangées", "COLONNES_ECHANGEES", "1300001")
    contracts = region.path("contrats.csv").read_bytes()
    head, _, tail = contracts.partition(b"termin\xe9")
    assert tail
    region.path("contrats.csv").write_bytes(head + "terminé".encode() + tail)
    yield Planted("mélange cp1252 et UTF-8", "ENCODAGE_MIXTE", "contrats.csv")
    region.change("etablissements.csv", f"{a};", lambda line: [f"{line}990000009"])
    yield Planted("successeur inconnu", "SUCCESSEUR_INCONNU", "990000009")
    region.control = ", control_total_eur: 12345678.90"
    yield Planted("total de contrôle non atteint", "TOTAL_DE_CONTROLE", "liste_en_sus_mensuel.xlsx")
    region.sha256 = f", sha256: {sha256_of(region.path('activite.csv'))}"
    region.change("activite.csv", f"{a};2023;stays;1200", lambda line: [line.replace("1200", "1210")])
    yield Planted("chiffre changé sous empreinte", "EMPREINTE_DIFFERENTE", "activite.csv")


def plant_findings(region: Region) -> Iterator[Planted]:
    """Damage values that files of a good structure hold."""
    a, b, c, d, e, f, *_ = region.quiet
    region.times("enveloppes_mensuelles.csv", f"{a};2023-03;lpp", "10")
    yield Planted("virgule décalée", "FACTEUR_10", f"{a}, LPP, mars 2023")
    region.times("enveloppes_mensuelles.csv", f"{b};2023-10;transport_ambulance", "0.001")
    yield Planted("unité en k€", "FACTEUR_1000", f"{b}, Ambulance, octobre 2023")
    region.change("enveloppes_mensuelles.csv", f"{c};2023-06;transport_taxi", lambda _: [])
    yield Planted("mois manquant", "MOIS_ABSENT", f"{c}, Taxi")
    region.times("enveloppes_mensuelles.csv", f"{d};2022-09;transport_vsl", "-0.05")
    yield Planted("montant négatif", "MONTANT_NEGATIF", "montant")
    header, first, *rest = region.lines("lpp.csv")
    region.write("lpp.csv", [header, first.replace("2022-05", "2024-02"), *rest])
    yield Planted("code hors des dates de sa liste", "CODE_HORS_VALIDITE", "essai-pansements")
    lines = region.lines("enveloppes_mensuelles.csv")
    june = [line.split(";") for line in lines if ";2023-07;perfadom;" in line]
    total = sum(Decimal(amount.replace(",", ".") or 0) for *_, amount in june)
    lines.append(f"{a[:2]}9999999;2023-07;perfadom;{total}".replace(".", ","))
    region.write("enveloppes_mensuelles.csv", lines)
    yield Planted("ligne de total", "LIGNE_DE_TOTAL ETABLISSEMENT_NON_DECRIT", "9999999, PERFADOM|absent de tout")
    rows = [line.split(";") for line in region.lines("phmev_mensuel.csv")]
    year = [i for i, row in enumerate(rows) if row[0] == e and row[1].startswith("2021")]
    moved = [rows[i][3] for i in (year[-1], *year[:-1])]
    for i, amount in zip(year, moved, strict=True):
        rows[i][3] = amount
    region.write("phmev_mensuel.csv", [";".join(row) for row in rows])
    yield Planted("mois décalés", "MOIS_DECALES", f"{e}, PHMEV, 2021")
    lines = region.lines("etablissements.csv")
    for place, line in enumerate(lines):
        cells = line.split(";")
        if cells[0] == d:
            cells[11] = "31/05/2024"
        if cells[0] == f:
            cells[10] = "01/04/2020"
        lines[place] = ";".join(cells)
    region.write("etablissements.csv", lines)
    yield Planted("établissement fermé qui dépense encore", "DEPENSE_APRES_FERMETURE", d)
    yield Planted("dépense avant l'ouverture", "DEPENSE_AVANT_OUVERTURE", f)
    region.path("OPEN_PHMEV_2023.CSV").unlink()
    shutil.copy(region.path("OPEN_PHMEV_2022.zip"), region.path("OPEN_PHMEV_2023.zip"))
    shutil.unpack_archive(region.path("OPEN_PHMEV_2023.zip"), region.folder / "unpacked")
    (unpacked,) = (region.folder / "unpacked").iterdir()
    unpacked.rename(region.path("OPEN_PHMEV_2023.CSV"))
    yield Planted("autre année dans Open PHMEV", "ANNEE_DOUTEUSE", "Open PHMEV, 2023")


def serious(store: Store) -> list[tuple[str, str]]:
    """What is told above information: codes, and places with the file they are in."""
    rows = store.read(tables.FINDINGS)
    rows = rows[rows["severity"] != "information"]
    return [(code, f"{delivery} {place}") for code, place, delivery in rows[["code", "place", "delivery"]].to_numpy()]


def test_every_structural_defect_is_refused_and_listed(region: Region) -> None:
    planted = list(plant_refused(region))
    assert len({one.kind for one in planted}) == 10
    with pytest.raises(SourceError) as caught:
        region.store()
    told = [(problem.code, str(problem)) for problem in caught.value.problems]
    for one in planted:
        assert any(one.explains(*what) for what in told), (one, told)
    for code, text in told:
        assert any(one.explains(code, text) for one in planted), text
    assert not (region.folder / "store").exists()


def test_every_other_defect_is_a_finding_and_nothing_else_is(region: Region) -> None:
    planted = list(plant_findings(region))
    assert len({one.kind for one in planted}) == 10
    told = serious(region.store())
    for one in planted:
        assert any(one.explains(*what) for what in told), (one, told)
    for code, place in told:
        assert any(one.explains(code, place) for one in planted), (code, place)


def test_the_region_was_clean(region: Region) -> None:
    assert serious(region.store()) == []


@pytest.mark.parametrize("seed", [0, 1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(2, 20))])
def test_clean_regions_raise_nothing(seed: int, tmp_path: Path) -> None:
    region = prepared(tmp_path, establishments_nb=7, seed=seed)
    assert serious(region.store()) == []

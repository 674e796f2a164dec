"""Other defects than the twenty, as people make them: each is refused or found once, with its cause, and alone."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from caqes_analysis.envelopes import ENVELOPES
from caqes_analysis.errors import SourceError
from caqes_analysis.sources.activity import read_activity
from caqes_analysis.sources.establishments import read_establishments
from caqes_analysis.sources.lpp_spend import read_lpp_spend
from caqes_analysis.sources.monthly_spend import read_monthly_spend
from caqes_analysis.sources.received import Received
from tests.test_planted_defects import Region, prepared, serious

F, G = "330781196", "330000001"
MONTHLY = ["finess;mois;enveloppe;montant"]
MONTHLY += [f"{finess};2024-0{month};phmev;{month}00,50" for finess in (F, G) for month in range(1, 7)]
LPP = ["finess;periode;code_lpp;quantite;montant"]
LPP += [f"{finess};2024-0{month};1234567;{month};{month}0,50" for finess in (F, G) for month in range(1, 5)]
ACTIVITY = ["finess;periode;activite;nombre", f"{F};2023;stays;120", f"{F};2023;sessions;40", f"{G};2023;stays;140"]
SITES = [
    "finess;finess_ej;finess_et;finess_contrat;nom;categorie;statut;departement;commune;region;valide_du;valide_au;"
    "successeur",
    f"{F};{F};330000018;{F};CHU A;CHU;public;33;Bordeaux;75;01/01/2010;;",
    f"{G};{G};330000026;{G};CH B;CH;public;33;Libourne;75;01/01/2010;;",
]


def monthly(path: Path) -> Received:
    facts = {"amount_kind": "reimbursed", "date_basis": "care", "tax": "TTC"}
    return read_monthly_spend(path, delivery="d", provisional_from=None, envelopes=ENVELOPES, as_of=None, **facts)


def lpp(path: Path) -> Received:
    return read_lpp_spend(path, delivery="d")


def activity(path: Path) -> Received:
    return read_activity(path, delivery="d")


def sites(path: Path) -> Received:
    return read_establishments(path, delivery="d")


def line(lines: list[str], place: int, new: str) -> str:
    """The file with one line replaced."""
    return "\n".join([*lines[:place], new, *lines[place + 1 :]]) + "\n"


def pasted(lines: list[str], *, mark: str = "", header: bool = True) -> str:
    """Two files put end to end: the second brings its header, its mark, or both."""
    half = len(lines) // 2
    second = [*(lines[:1] if header else []), *lines[half:]]
    return "\n".join(lines[:half]) + f"\n{mark}" + "\n".join(second) + "\n"


REFUSED: dict[str, tuple[Callable[[Path], Received], str, str, str]] = {
    "exchanged columns, one line": (monthly, line(MONTHLY, 3, f"2024-03;{F};phmev;1,00"), "COLONNES_ECHANGEES", F),
    "exchanged headers": (
        monthly,
        "\n".join(["mois;finess;enveloppe;montant", *MONTHLY[1:]]),
        "COLONNES_ECHANGEES",
        "colonne « mois »",
    ),
    "exchanged columns of LPP": (lpp, line(LPP, 3, f"1234567;2024-03;{F};3;1,00"), "COLONNES_ECHANGEES", "code_lpp"),
    "pasted, with header": (monthly, pasted(MONTHLY), "FICHIERS_ACCOLES", "en-tête"),
    "pasted, with mark and header": (monthly, pasted(MONTHLY, mark="\ufeff"), "FICHIERS_ACCOLES", "BOM"),
    "pasted, with mark alone": (lpp, pasted(LPP, mark="\ufeff", header=False), "FICHIERS_ACCOLES", "BOM"),
    "pasted establishments": (sites, pasted(SITES), "FICHIERS_ACCOLES", "en-tête"),
    "total at the end": (monthly, line(MONTHLY, 12, "Total général;;;4 266,00"), "LIGNE_DE_TOTAL", "Total général"),
    "total by month": (monthly, line(MONTHLY, 12, "TOTAL;2024-01;phmev;311,00"), "LIGNE_DE_TOTAL", "TOTAL"),
    "total of LPP": (lpp, line(LPP, 8, "Ensemble;;;10;1,00"), "LIGNE_DE_TOTAL", "Ensemble"),
    "total of activity": (activity, line(ACTIVITY, 3, "Sous-total;2023;stays;120"), "LIGNE_DE_TOTAL", "Sous-total"),
    "serial date": (monthly, line(MONTHLY, 3, f"{F};45352;phmev;1,00"), "MOIS_ILLISIBLE", "01/03/2024"),
    "serial date of LPP": (lpp, line(LPP, 3, f"{F};45352;1234567;3;1,00"), "MOIS_ILLISIBLE", "numéro de série"),
    "two-digit year": (monthly, line(MONTHLY, 3, f"{F};03/24;phmev;1,00"), "MOIS_ILLISIBLE", "deux chiffres"),
    "two-digit year in words": (monthly, line(MONTHLY, 3, f"{F};mars-24;phmev;1,00"), "MOIS_ILLISIBLE", "deux chif"),
    "a day": (monthly, line(MONTHLY, 3, f"{F};31/03/2024;phmev;1,00"), "MOIS_ILLISIBLE", "un jour"),
    "lost zero": (monthly, line(MONTHLY, 3, f"{F[1:]};2024-03;phmev;1,00"), "FINESS_8_CARACTERES", "zéro de tête"),
    "scientific FINESS": (monthly, line(MONTHLY, 3, "3,30781E+08;2024-03;phmev;1,00"), "FINESS_INVALIDE", "tableur"),
    "FINESS as a number": (lpp, line(LPP, 3, f"{F}.0;2024-03;1234567;3;1,00"), "FINESS_INVALIDE", "tableur"),
    "English thousands": (monthly, line(MONTHLY, 3, f"{F};2024-03;phmev;1,234.56"), "MONTANT_ILLISIBLE", "anglaise"),
    "ambiguous thousands": (monthly, line(MONTHLY, 3, f"{F};2024-03;phmev;1.234"), "MONTANT_AMBIGU", "milliers"),
    "negative of accountants": (monthly, line(MONTHLY, 3, f"{F};2024-03;phmev;(12,50)"), "MONTANT_ILLISIBLE", "moins"),
    "sign after": (monthly, line(MONTHLY, 3, f"{F};2024-03;phmev;12,50-"), "MONTANT_ILLISIBLE", "signe moins"),
    "scientific amount": (monthly, line(MONTHLY, 3, f"{F};2024-03;phmev;1,2E+05"), "MONTANT_ILLISIBLE", "scientif"),
    "error of a spreadsheet": (monthly, line(MONTHLY, 3, f"{F};2024-03;phmev;#REF!"), "MONTANT_ILLISIBLE", "erreur"),
    "same line, other word": (monthly, line(MONTHLY, 3, f"{F};2024-02;PHMEV;1,00"), "LIGNE_EN_DOUBLE", "ligne 3"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_a_defect_of_structure_is_refused_once_with_its_cause(kind: str, tmp_path: Path) -> None:
    read, content, code, words = REFUSED[kind]
    path = tmp_path / "recu.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(SourceError) as caught:
        read(path)
    (problem,) = caught.value.problems
    assert problem.code == code
    assert words in str(problem)


HARMLESS: dict[str, tuple[Callable[[Path], Received], str]] = {
    "spaces around": (monthly, line(MONTHLY, 3, f" {F}\u00a0; 2024-03 ; PHMEV ; 300,50 ")),
    "mixed ends of lines": (monthly, "\r\n".join(MONTHLY[:6]) + "\n" + "\r".join(MONTHLY[6:]) + "\r\n"),
    "spaces for thousands": (monthly, line(MONTHLY, 3, f"{F};2024-03;phmev;0 300,50 €".replace("0 300", "300"))),
    "mark at the beginning": (lpp, "\ufeff" + "\n".join(LPP) + "\n"),
    "empty lines": (lpp, "\n\n".join(LPP) + "\n"),
    "semicolon at the end": (monthly, ";\n".join(MONTHLY) + ";\n"),
}


@pytest.mark.parametrize("kind", HARMLESS)
def test_what_changes_nothing_is_read_as_it_was(kind: str, tmp_path: Path) -> None:
    read, content = HARMLESS[kind]
    clean, odd = tmp_path / "clean.csv", tmp_path / "odd.csv"
    clean.write_text("\n".join(MONTHLY if read is monthly else LPP) + "\n", encoding="utf-8")
    odd.write_bytes(content.encode("utf-8"))
    received = read(odd)
    assert received.rows.equals(read(clean).rows)
    assert len(received.findings) == 0


def found_in(read: Callable[[Path], Received], content: str, folder: Path) -> list[tuple[str, str]]:
    path = folder / "recu.csv"
    path.write_text(content, encoding="utf-8")
    return [(one.code, one.severity) for one in read(path).findings]


def test_quantities_that_contradict_their_amounts_are_found(tmp_path: Path) -> None:
    opposed = line(LPP, 3, f"{F};2024-03;1234567;-3;30,50")
    assert found_in(lpp, opposed, tmp_path) == [("QUANTITE_DE_SIGNE_CONTRAIRE", "warning")]
    swapped = "\n".join([LPP[0].replace("quantite;montant", "montant;quantite"), *LPP[1:]]) + "\n"
    assert found_in(lpp, swapped, tmp_path) == [("COLONNES_ECHANGEES", "error")]
    small = "".join(f"{text}\n" for text in swapped.splitlines()[:3])
    assert found_in(lpp, small, tmp_path) == [("COLONNES_ECHANGEES", "error")]


def test_a_contract_at_the_other_level_is_found(tmp_path: Path) -> None:
    at_site = line(SITES, 2, SITES[2].replace(f"330000026;{G};", "330000026;330000026;"))
    assert found_in(sites, at_site, tmp_path) == [("CONTRAT_AU_MAUVAIS_NIVEAU", "warning")]
    assert found_in(sites, "\n".join(SITES) + "\n", tmp_path) == []


OTHERS, PHMEV = "enveloppes_mensuelles.csv", "phmev_mensuel.csv"


class Damaged:
    """Monthly files of a region, whose amounts are changed cell by cell."""

    def __init__(self, region: Region) -> None:
        self.region = region
        self.told: list[tuple[str, str]] = []

    def amount(self, name: str, finess: str, month: str, envelope: str) -> Decimal:
        cells = (text.split(";") for text in self.region.lines(name))
        (found,) = [row[3] for row in cells if row[:3] == [finess, month, envelope]]
        return Decimal(found.replace(",", "."))

    def change(self, name: str, change: Callable[[Decimal], Decimal | None], **where: str) -> None:
        """Change the amounts of the lines whose cells begin as asked (``finess``, ``month``, ``envelope``)."""
        lines = []
        for text in self.region.lines(name):
            row = text.split(";")
            cells = dict(zip(("finess", "month", "envelope"), row, strict=False))
            if row[3] and row[0] != "finess" and all(cells[key].startswith(start) for key, start in where.items()):
                new = change(Decimal(row[3].replace(",", ".")))
                row[3] = "" if new is None else str(new.quantize(Decimal("0.01"))).replace(".", ",")
            lines.append(";".join(row))
        self.region.write(name, lines)

    def expect(self, code: str, words: str) -> None:
        self.told.append((code, words))


def damage(region: Region) -> list[tuple[str, str]]:
    """Plant eleven defects, none of which is among the twenty; return the codes and places expected."""
    files = Damaged(region)
    whole, year, repeated, merged, crossed, empty, twin, cents = region.quiet[:8]
    small = region.quiet[-1]
    files.change(OTHERS, lambda value: value / 1000, finess=whole, envelope="lpp")
    files.expect("UNITE_DOUTEUSE", f"{whole}, LPP")
    files.change(PHMEV, lambda value: value / 1000, finess=year, month="2021")
    files.expect("FACTEUR_1000", f"{year}, PHMEV, janvier 2021 à décembre 2021")
    other_year = files.amount(PHMEV, repeated, "2020-05", "phmev")
    files.change(PHMEV, lambda _: other_year, finess=repeated, month="2021-05")
    files.expect("MOIS_REPETE", f"{repeated}, PHMEV, mai 2021")
    files.change(OTHERS, lambda value: 2 * value, month="2023-08", envelope="transport_taxi")
    files.expect("MOIS_ATYPIQUE", "tous les établissements, Taxi, août 2023")
    april = files.amount(OTHERS, merged, "2022-04", "lpp")
    files.change(OTHERS, lambda value: value + april, finess=merged, month="2022-05", envelope="lpp")
    files.change(OTHERS, lambda _: None, finess=merged, month="2022-04", envelope="lpp")
    files.expect("MOIS_REUNIS", f"{merged}, LPP, mai 2022")
    march = {finess: files.amount(PHMEV, finess, "2021-03", "phmev") for finess in (crossed, small)}
    files.change(PHMEV, lambda _: march[small], finess=crossed, month="2021-03")
    files.change(PHMEV, lambda _: march[crossed], finess=small, month="2021-03")
    files.told += [("", f"{finess}, PHMEV, mars 2021") for finess in (crossed, small)]
    files.change(OTHERS, lambda _: Decimal(0), finess=empty, month="2023-02", envelope="lpp")
    files.expect("ZERO_SUSPECT", f"{empty}, LPP, février 2023")
    lines = region.lines(OTHERS)
    lines += [f"999000007{text[9:]}" for text in lines if text.startswith(twin) and ";lpp;" in text]
    region.write(OTHERS, lines)
    files.expect("ETABLISSEMENT_RECOPIE", "999000007, LPP")
    files.expect("ETABLISSEMENT_NON_DECRIT", "absent de tout fichier")
    files.change(OTHERS, lambda value: 100 * value, finess=cents, month="2022-10", envelope="transport_ambulance")
    files.expect("FACTEUR_100", f"{cents}, Ambulance, octobre 2022")
    return files.told


@pytest.mark.slow
def test_values_that_read_well_and_are_wrong_are_found_once_and_alone(tmp_path: Path) -> None:
    region = prepared(tmp_path, establishments_nb=40, seed=77)
    expected = damage(region)
    told = serious(region.store())
    for code, words in expected:
        assert len([place for other, place in told if words in place and code in ("", other)]) == 1, (code, words, told)
    for code, place in told:
        assert any(words in place and known in ("", code) for known, words in expected), (code, place)

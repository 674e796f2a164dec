"""Defects that passed in silence when they were first planted: old deliveries, whole years, repeated lines, lists."""

from __future__ import annotations

from tests.defects_tried import Plant, doubled, shown
from tests.full_region import BASE, LPP, M6, M9, OTHERS, PHMEV, SITES, FullRegion, at, times


def received_again(region: FullRegion, old: str, new: str) -> None:
    """An old file under the name of the new one, saved anew: its fingerprint is another."""
    region.path(new).write_bytes(region.path(old).read_bytes().replace(b"\r\n", b"\n"))


def other_department(region: FullRegion, finess: str) -> str:
    cells = [line.split(";") for line in region.lines(SITES)[1:]]
    own = next(row[7] for row in cells if row[0] == finess)
    return next(row[7] for row in cells if row[7] != own)


def other_digit(row: list[str], column: int) -> list[str]:
    """The sixth digit of a code, one greater."""
    code = row[column]
    return [*row[:column], f"{code[:5]}{(int(code[5]) + 1) % 10}{code[6:]}", *row[column + 1 :]]


def name_of(region: FullRegion, finess: str) -> str:
    return next(line.split(";")[4] for line in region.lines(SITES) if line.startswith(finess))


JUNE, JULY = "phmev_2024-06.csv", "phmev_2024-07.csv"
MONTHS: dict[str, tuple[str, str, Plant]] = {
    "a year of PHMEV a quarter above, for all, without a base": (
        "ANNEE_ATYPIQUE",
        "tous les établissements, PHMEV, 2022",
        lambda r: r.change(PHMEV, at(None, "2022"), times("1.28")),
    ),
    "the last year of PHMEV a quarter above, for all, without a base": (
        "ANNEE_ATYPIQUE",
        "tous les établissements, PHMEV, 2024",
        lambda r: r.change(PHMEV, at(None, "2024"), times("1.28")),
    ),
    "a year of PHMEV a quarter below, for all, without a base": (
        "ANNEE_ATYPIQUE",
        "tous les établissements, PHMEV, 2022",
        lambda r: r.change(PHMEV, at(None, "2022"), times("0.75")),
    ),
    "a part and its whole exchanged always": (
        "PARTIE_AU_DESSUS_DU_TOUT",
        "PERFADOM",
        lambda r: r.exchange(OTHERS, at(r.quiet[1]), 2, "lpp", "perfadom"),
    ),
    "a number for a name": (
        "NOM_DOUTEUX",
        "nom, sans lettre",
        lambda r: r.change(SITES, lambda row: row[0] == r.quiet[1], shown(r.quiet[1], 4)),
    ),
    "a first year of zeros": (
        "ZERO_SUSPECT",
        "LPP, janvier 2020 à décembre 2020",
        lambda r: r.change(OTHERS, at(r.quiet[1], "2020", "lpp"), shown("0,00", 3)),
    ),
    "two first years of zeros": (
        "ZERO_SUSPECT",
        "PHMEV, janvier 2020 à décembre 2021",
        lambda r: r.change(
            PHMEV, lambda row: row[0] == r.quiet[1] and row[1] < "2022" and bool(row[3]), shown("0,00", 3)
        ),
    ),
    "a department that exists, another's": (
        "DEPARTEMENT_DOUTEUX",
        "departement",
        lambda r: r.change(SITES, lambda row: row[0] == r.quiet[1], shown(other_department(r, r.quiet[1]), 7)),
    ),
    "the name of another": (
        "NOM_EN_DOUBLE",
        "nom",
        lambda r: r.change(SITES, lambda row: row[0] == r.quiet[1], shown(name_of(r, r.quiet[2]), 4)),
    ),
}
YEARLY: dict[str, tuple[str, str, Plant]] = {
    "two thousand lines twice": ("LIGNES_REPETEES", "2023", lambda r: doubled(r, BASE, 1000, 3000)),
    "a digit of CIP13 changed": (
        "CLE_CIP13",
        "2023",
        lambda r: r.change(
            BASE, lambda row: row[16] == r.quiet[1] and row[10].startswith("34009"), lambda row: other_digit(row, 10)
        ),
    ),
    "an establishment of which all is negative": (
        "ECART_ANNUEL",
        "2023",
        lambda r: r.change(BASE, lambda row: row[16] == r.quiet[1], lambda row: [*row[:-2], f"-{row[-2]}", row[-1]]),
    ),
    "a hundred lines twice": ("LIGNES_REPETEES", "2023", lambda r: doubled(r, BASE, 4000, 4100)),
}
CODES: dict[str, tuple[str, str, Plant]] = {
    "quantities lost": (
        "QUANTITE_NULLE",
        "quantité",
        lambda r: r.change(LPP, at(r.quiet[1], "2024-02"), shown("0", 3)),
    ),
}
CUMULS: dict[str, tuple[str, str, Plant]] = {
    "an old delivery saved anew": ("LIVRAISON_REPETEE", "cumul", lambda r: received_again(r, M6, M9)),
    "last year's mapping, and a column that is gone": (
        "COLONNE_NON_RECUE",
        "en-tête",
        lambda r: r.write(M9, [";".join(line.split(";")[:4]) for line in r.lines(M9)]),
    ),
    "last year's mapping, and a column with another name": (
        "EN_TETE_INCONNU refusé",
        "Véhicules sanitaires",
        lambda r: r.write(M9, [r.lines(M9)[0].replace("VSL", "Véhicules sanitaires"), *r.lines(M9)[1:]]),
    ),
    "last year's mapping, and a column in another unit": (
        "EN_TETE_INCONNU refusé",
        "Taxis (k€)",
        lambda r: r.write(M9, [r.lines(M9)[0].replace("Taxis", "Taxis (k€)"), *r.lines(M9)[1:]]),
    ),
}
SUCCESSIVE: dict[str, tuple[str, str, Plant]] = {
    "an older one received as the middle one": (
        "LIVRAISON_SANS_SON_MOIS",
        "mois",
        lambda r: received_again(r, JUNE, JULY),
    ),
    "a month closed long ago, for one": (
        "MOIS_CLOS_MODIFIE",
        "PHMEV, mars 2021",
        lambda r: r.change(PHMEV, at(r.quiet[0], "2021-03"), times("1.04")),
    ),
    "a month closed long ago, for all": (
        "MOIS_CLOS_MODIFIE",
        "plusieurs établissements, PHMEV, mars 2021",
        lambda r: r.change(PHMEV, at(None, "2021-03"), times("1.04")),
    ),
}
SILENT = {(("months",), f"silent, {name}"): defect for name, defect in MONTHS.items()}
SILENT |= {(("lpp", "months"), f"silent codes, {name}"): defect for name, defect in CODES.items()}
SILENT |= {(("base", "months"), f"silent base, {name}"): defect for name, defect in YEARLY.items()}
SILENT |= {(("months", "cumuls"), f"silent cumuls, {name}"): defect for name, defect in CUMULS.items()}
SILENT |= {(("successive",), f"silent deliveries, {name}"): defect for name, defect in SUCCESSIVE.items()}

"""Defects that others may plant, one by one: what tells each, and how it is planted in a whole region."""

from __future__ import annotations

import shutil
from collections.abc import Callable

from tests.full_region import (
    ACTIVITY,
    BASE,
    LPP,
    M6,
    M9,
    OTHERS,
    PHMEV,
    SITES,
    FullRegion,
    at,
    exchange_in_workbook,
    times,
)

Plant = Callable[[FullRegion], object]
BOXES, AMOUNT, BASE_AMOUNT, TOP_GEN, FINESS_OF_BASE = -3, -2, -1, 12, 16


def trips_exchanged(region: FullRegion, finess: str | None, period: str) -> None:
    for end in ("", "_stays", "_sessions", "_consultations"):
        region.exchange(ACTIVITY, at(finess, period), 2, f"trips_ambulance{end}", f"trips_vsl{end}")


def earlier_counts(region: FullRegion, finess: str | None, new: str, old: str) -> None:
    rows = (line.split(";") for line in region.lines(ACTIVITY))
    known = {(row[0], row[2]): row[3] for row in rows if row[1] == old}
    region.change(ACTIVITY, at(finess, new), lambda row: [*row[:3], known.get((row[0], row[2]), row[3])])


def smoothed(region: FullRegion, finess: str, envelope: str, year: str) -> None:
    amount = next(
        line.split(";")[3] for line in region.lines(OTHERS) if line.startswith(f"{finess};{year}-05;{envelope}")
    )
    region.change(OTHERS, at(finess, year, envelope), lambda row: [*row[:3], amount])


def doubled(region: FullRegion, name: str, start: int, stop: int | None) -> None:
    lines = region.lines(name)
    region.write(name, [*lines, *lines[start:stop]])


def of_base(finess: str) -> Callable[[list[str]], bool]:
    return lambda row: row[FINESS_OF_BASE] == finess


def shown(value: str, column: int) -> Callable[[list[str]], list[str]]:
    def change(row: list[str]) -> list[str]:
        row = list(row)
        row[column] = value
        return row

    return change


def noted(region: FullRegion, name: str, text: str) -> None:
    region.write(name, [*region.lines(name), text])


def told_apart(region: FullRegion) -> str:
    """The quiet establishment whose trips in ambulance and in VSL differ most in number."""
    counts = {tuple(line.split(";")[:3]): line.split(";")[3] for line in region.lines(ACTIVITY)[1:]}
    return max(
        (one for one in region.quiet if int(counts.get((one, "2022", "trips_vsl"), 0)) > 500),
        key=lambda one: abs(1 - int(counts[one, "2022", "trips_ambulance"]) / int(counts[one, "2022", "trips_vsl"])),
    )


# By sources received: name of the defect, code and words of the place that tell it, and how it is planted.
MONTHS: dict[str, tuple[str, str, Plant]] = {
    "a month a tenth": (
        "FACTEUR_10",
        "PHMEV, avril 2023",
        lambda r: r.change(PHMEV, at(r.quiet[2], "2023-04"), times("0.1")),
    ),
    "a month of the other sign": (
        "SIGNE_INVERSE",
        "LPP, avril 2023",
        lambda r: r.change(OTHERS, at(r.quiet[2], "2023-04", "lpp"), times("-1")),
    ),
    "a file of the other sign": ("MONTANT_NEGATIF", "montant", lambda r: r.change(OTHERS, at(), times("-1"))),
    "two envelopes exchanged for a year": (
        "ENVELOPPES_ECHANGEES",
        "Ambulance et VSL, 2023",
        lambda r: r.exchange(OTHERS, at(r.quiet[1], "2023"), 2, "transport_ambulance", "transport_vsl"),
    ),
    "two envelopes exchanged in the last year": (
        "ENVELOPPES_ECHANGEES",
        "Ambulance et VSL, 2024",
        lambda r: r.exchange(OTHERS, at(r.quiet[1], "2024"), 2, "transport_ambulance", "transport_vsl"),
    ),
    "two envelopes exchanged for all, a year": (
        "ENVELOPPES_ECHANGEES",
        "plusieurs établissements, Ambulance et VSL, 2024",
        lambda r: r.exchange(OTHERS, at(None, "2024"), 2, "transport_ambulance", "transport_vsl"),
    ),
    "drugs and devices exchanged for a year": (
        "ENVELOPPES_ECHANGEES",
        "2023",
        lambda r: exchange_in_workbook(r, r.quiet[0], "2023"),
    ),
    "two establishments exchanged for a year": (
        "ETABLISSEMENTS_ECHANGES",
        "Ambulance, 2023",
        lambda r: r.exchange(OTHERS, at(None, "2023", "transport_ambulance"), 0, r.quiet[0], r.quiet[3]),
    ),
    "PHMEV of two establishments exchanged in the last year": (
        "ETABLISSEMENTS_ECHANGES",
        "PHMEV, 2024",
        lambda r: r.exchange(PHMEV, at(None, "2024"), 0, r.quiet[0], r.quiet[3]),
    ),
    "a part and its whole exchanged for a month": (
        "MOIS_ATYPIQUE",
        "LPP, mai 2023",
        lambda r: r.exchange(OTHERS, at(r.quiet[1], "2023-05"), 2, "lpp", "perfadom"),
    ),
    "last lines lost": ("MOIS_ABSENT", "PHMEV", lambda r: r.keep(PHMEV, lambda place, nb: place < nb - 5)),
    "a year left out": (
        "MOIS_ABSENT",
        "LPP",
        lambda r: r.change(OTHERS, at(r.quiet[1], "2022", "lpp"), lambda _: None),
    ),
    "a year of zeros": (
        "ZERO_SUSPECT",
        "LPP, janvier 2022",
        lambda r: r.change(OTHERS, at(r.quiet[1], "2022", "lpp"), shown("0,00", 3)),
    ),
    "cents for euros": (
        "UNITE_DOUTEUSE",
        "LPP, 2022",
        lambda r: r.change(OTHERS, at(), lambda row: [*row[:3], row[3].replace(",", "")]),
    ),
    "the amount of another year": ("MOIS_REPETE", "LPP, ", lambda r: smoothed(r, r.quiet[1], "lpp", "2022")),
    "year written one later": (
        "MOIS_APRES_LE_DERNIER refusé",
        "2025",
        lambda r: r.change(
            OTHERS, at(None, "2024"), lambda row: [row[0], f"{int(row[1][:4]) + 1}{row[1][4:]}", *row[2:]]
        ),
    ),
    "lines repeated": ("LIGNE_EN_DOUBLE refusé", "lpp", lambda r: doubled(r, OTHERS, 100, 300)),
    "a column before the others": (
        "NB_CHAMPS refusé",
        "4 champs",
        lambda r: r.write(PHMEV, [f";{r.lines(PHMEV)[0]}", *r.lines(PHMEV)[1:]]),
    ),
    "a word for a number": (
        "MONTANT_ILLISIBLE refusé",
        "n.d.",
        lambda r: r.change(PHMEV, at(r.quiet[0], "2023-04"), shown("n.d.", 3)),
    ),
    "a binary number": (
        "MONTANT_DECIMALES refusé",
        "00000001",
        lambda r: r.change(PHMEV, at(r.quiet[0], "2023-04"), lambda row: [*row[:3], f"{row[3]}00000001"]),
    ),
    "the end of the file lost": ("MOIS_ABSENT", "", lambda r: r.keep(OTHERS, lambda place, nb: place < nb // 2)),
    "rounded to thousands of euros": (
        "ETABLISSEMENT_RECOPIE",
        "",
        lambda r: r.change(
            OTHERS,
            at(),
            lambda row: [*times("0.00001")(row)[:3], f"{int(float(row[3].replace(',', '.')) / 1000)}000,00"],
        ),
    ),
    "a year in thousands of euros": (
        "FACTEUR_1000",
        "Ambulance, janvier 2024",
        lambda r: r.change(OTHERS, at(r.quiet[3], "2024", "transport_ambulance"), times("0.001")),
    ),
    "a site unknown": (
        "ETABLISSEMENT_NON_DECRIT",
        "absent de tout",
        lambda r: r.change(SITES, lambda row: row[0] == r.quiet[1], lambda _: None),
    ),
    "an Excel date": (
        "DATE_ILLISIBLE refusé",
        "40179",
        lambda r: r.change(SITES, lambda row: row[0] == r.quiet[1], shown("40179", 10)),
    ),
    "a contract at the other level": (
        "CONTRAT_AU_MAUVAIS_NIVEAU",
        "finess_contrat",
        lambda r: r.change(SITES, lambda row: row[0] == r.quiet[1], lambda row: [row[0], row[2], row[1], *row[3:]]),
    ),
}
COUNTS: dict[str, tuple[str, str, Plant]] = {
    "trips exchanged for a year, one establishment": (
        "ACTIVITES_ECHANGEES",
        "Trajets en ambulance et Trajets en véhicule sanitaire léger (VSL), 2023",
        lambda r: trips_exchanged(r, told_apart(r), "2023"),
    ),
    "trips exchanged in the last period": (
        "ACTIVITES_ECHANGEES",
        "2024-M09",
        lambda r: trips_exchanged(r, told_apart(r), "2024"),
    ),
    "trips exchanged always": (
        "PRIX_PAR_TRAJET_ATYPIQUE",
        "ambulance et VSL",
        lambda r: trips_exchanged(r, told_apart(r), "2"),
    ),
    "trips exchanged for all": (
        "ACTIVITES_ECHANGEES",
        "plusieurs établissements",
        lambda r: trips_exchanged(r, None, "2023"),
    ),
    "parts that make more than their whole": (
        "PARTIE_AU_DESSUS_DU_TOUT",
        "Trajets en ambulance, 2023",
        lambda r: r.change(ACTIVITY, at(r.quiet[1], "2023", "trips_ambulance_stays"), times("1.9")),
    ),
    "stays and sessions exchanged": (
        "ACTIVITES_ECHANGEES",
        "Séjours et Séances, 2023",
        lambda r: r.exchange(ACTIVITY, at(r.quiet[1], "2023"), 2, "stays", "sessions"),
    ),
    "two establishments exchanged": (
        "ACTIVITE_ATYPIQUE",
        "activités, 2023",
        lambda r: r.exchange(ACTIVITY, at(None, "2023"), 0, r.quiet[0], r.quiet[3]),
    ),
    "the year before copied": ("ACTIVITE_REPETEE", "2023", lambda r: earlier_counts(r, r.quiet[1], "2023", "2022")),
    "the year before copied for all": (
        "ACTIVITE_REPETEE",
        "tous les établissements, 2023",
        lambda r: earlier_counts(r, None, "2023", "2022"),
    ),
    "a count lost": (
        "ACTIVITE_MANQUANTE",
        "Consultations externes",
        lambda r: r.change(ACTIVITY, at(r.quiet[1], "2023", "external_consultations"), lambda _: None),
    ),
    "a count of zero": (
        "ACTIVITE_ATYPIQUE",
        "Consultations externes",
        lambda r: r.change(ACTIVITY, at(r.quiet[1], "2023", "external_consultations"), shown("0", 3)),
    ),
    "half a year for a year": (
        "ACTIVITE_ATYPIQUE",
        "activités, 2023",
        lambda r: r.change(ACTIVITY, at(r.quiet[1], "2023"), times("0.5")),
    ),
    "half a year for a year, for all": (
        "ACTIVITE_ATYPIQUE",
        "tous les établissements",
        lambda r: r.change(ACTIVITY, at(None, "2023"), times("0.5")),
    ),
    "a cumul written as a year": (
        "PERIODE_INACHEVEE",
        "activité, 2024",
        lambda r: r.change(ACTIVITY, at(None, "2024-M09"), shown("2024", 1)),
    ),
    "a count doubled": (
        "ACTIVITE_ATYPIQUE",
        "Séjours, 2023",
        lambda r: r.change(ACTIVITY, at(r.quiet[1], "2023", "stays"), times("2")),
    ),
    "another FINESS": (
        "ETABLISSEMENT_NON_DECRIT",
        "activité",
        lambda r: r.change(ACTIVITY, at(r.quiet[1], "2023"), shown("961999998", 0)),
    ),
    "the file cut": ("ACTIVITE_ABSENTE", "activité", lambda r: r.keep(ACTIVITY, lambda place, nb: place < nb * 3 // 4)),
    "the last lines lost": (
        "ACTIVITE_MANQUANTE",
        "2024-M09",
        lambda r: r.keep(ACTIVITY, lambda place, nb: place < nb - 6),
    ),
    "a negative count": (
        "NOMBRE_NEGATIF",
        "nombre",
        lambda r: r.change(ACTIVITY, at(r.quiet[1], "2023", "stays"), times("-1")),
    ),
    "an activity unknown": (
        "ACTIVITE_INCONNUE refusé",
        "sejours_mco",
        lambda r: r.change(ACTIVITY, at(r.quiet[1], "2023", "stays"), shown("sejours_mco", 2)),
    ),
    "thousands with points": (
        "MONTANT_AMBIGU refusé",
        "point",
        lambda r: r.change(
            ACTIVITY, lambda row: len(row[3]) > 3, lambda row: [*row[:3], f"{row[3][:-3]}.{row[3][-3:]}"]
        ),
    ),
}
YEARLY: dict[str, tuple[str, str, Plant]] = {
    "the file twice": ("ECART_ANNUEL_REGIONAL", "2023", lambda r: doubled(r, BASE, 1, None)),
    "the file cut at a line": (
        "ECART_ANNUEL_REGIONAL",
        "2023",
        lambda r: r.keep(BASE, lambda place, nb: place < nb * 2 // 3),
    ),
    "thousands of euros": (
        "ECART_ANNUEL_REGIONAL",
        "2023",
        lambda r: r.change(BASE, lambda _: True, lambda row: times("0.001", AMOUNT)(times("0.001", BASE_AMOUNT)(row))),
    ),
    "doses for boxes": (
        "PRIX_PAR_BOITE_ATYPIQUE",
        "Open PHMEV, 2023",
        lambda r: r.change(BASE, of_base(r.quiet[0]), times("28", BOXES)),
    ),
    "classes of generics lost": (
        "TOP_GEN_CONSTANT",
        "2023",
        lambda r: r.change(BASE, lambda _: True, shown("0", TOP_GEN)),
    ),
    "an establishment left out": (
        "ABSENT_DE_LA_BASE_ANNUELLE",
        "2023",
        lambda r: r.change(BASE, of_base(r.quiet[0]), lambda _: None),
    ),
    "two establishments exchanged": (
        "ECART_ANNUEL",
        r"PHMEV, 2023",
        lambda r: r.exchange(BASE, lambda _: True, FINESS_OF_BASE, r.quiet[0], r.quiet[1]),
    ),
    "reimbursed and base exchanged": (
        "REMBOURSE_SUPERIEUR_A_LA_BASE",
        "REM",
        lambda r: r.write(BASE, [r.lines(BASE)[0].replace("REM;BSE", "BSE;REM"), *r.lines(BASE)[1:]]),
    ),
    "age and sex exchanged": (
        "VALEUR_INATTENDUE refusé",
        "sexe",
        lambda r: r.write(BASE, [r.lines(BASE)[0].replace("age;SEXE", "SEXE;age"), *r.lines(BASE)[1:]]),
    ),
    "header lost": ("COLONNE_ABSENTE refusé", "", lambda r: r.write(BASE, r.lines(BASE)[1:])),
}
CODES: dict[str, tuple[str, str, Plant]] = {
    "two establishments exchanged": (
        "ECART_LPP",
        "février 2024",
        lambda r: r.exchange(LPP, at(None, "2024-02"), 0, r.quiet[0], r.quiet[1]),
    ),
    "a month lost": ("ECART_LPP", "février 2024", lambda r: r.change(LPP, at(r.quiet[1], "2024-02"), lambda _: None)),
    "the last lines lost": ("ECART_LPP", "2024", lambda r: r.keep(LPP, lambda place, nb: place < nb - 30)),
    "zero lost": (
        "CODE_LPP_6_CHIFFRES refusé",
        "",
        lambda r: r.change(LPP, at(r.quiet[1], "2024-02"), lambda row: [*row[:2], row[2][1:], *row[3:]]),
    ),
    "quantities and amounts exchanged": (
        "COLONNES_ECHANGEES",
        "quantité",
        lambda r: r.write(LPP, [r.lines(LPP)[0].replace("quantite;montant", "montant;quantite"), *r.lines(LPP)[1:]]),
    ),
    "lines repeated": ("LIGNE_EN_DOUBLE refusé", "", lambda r: doubled(r, LPP, 100, 200)),
}
CUMULS: dict[str, tuple[str, str, Plant]] = {
    "an old delivery received as new": (
        "FICHIER_RECU_DEUX_FOIS",
        "transports",
        lambda r: shutil.copy(r.path(M6), r.path(M9)),
    ),
    "the file cut": ("CUMUL_DISPARU", "absents", lambda r: r.keep(M9, lambda place, nb: place < nb - 4)),
    "two columns exchanged": (
        "CUMUL_DIFFERENT_DES_MOIS",
        "cumul",
        lambda r: r.write(
            M9, [r.lines(M9)[0].replace("Ambulances;Taxis;VSL", "VSL;Taxis;Ambulances"), *r.lines(M9)[1:]]
        ),
    ),
}
TRIED = {
    **{(("months",), f"months, {name}"): defect for name, defect in MONTHS.items()},
    **{(("activity", "months"), f"activity, {name}"): defect for name, defect in COUNTS.items()},
    **{(("base", "months"), f"yearly base, {name}"): defect for name, defect in YEARLY.items()},
    **{(("lpp", "months"), f"codes, {name}"): defect for name, defect in CODES.items()},
    **{(("months", "cumuls"), f"cumuls, {name}"): defect for name, defect in CUMULS.items()},
}

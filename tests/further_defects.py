"""Further defects that others may plant: in lists of establishments and contracts, in whole years and files."""

from __future__ import annotations

from tests.defects_tried import Plant, shown
from tests.full_region import CONTRACTS, LPP, OTHERS, PHMEV, SITES, FullRegion, at, number, times


def site_of(region: FullRegion, finess: str) -> str:
    return next(line.split(";")[2] for line in region.lines(SITES) if line.startswith(finess))


def heir_of(region: FullRegion) -> str:
    """The establishment that takes over another."""
    return next(last for line in region.lines(SITES)[1:] if (last := line.split(";")[12]))


def exchanged_names(header: str) -> str:
    return ";".join({"nom": "commune", "commune": "nom"}.get(name, name) for name in header.split(";"))


def rounded(row: list[str]) -> list[str]:
    return [*row[:-1], f"{round(number(row[-1]) / 1000) * 1000},00"]


LISTS: dict[str, tuple[str, str, Plant]] = {
    "a site of two establishments": (
        "SITE_PARTAGE",
        "finess_et",
        lambda r: r.change(SITES, lambda row: row[0] == r.quiet[1], shown(site_of(r, r.quiet[0]), 2)),
    ),
    "accents lost upstream": (
        "ACCENTS_PERDUS",
        "nom",
        lambda r: r.write(SITES, [line.encode("ascii", "replace").decode() for line in r.lines(SITES)]),
    ),
    "an unknown category": (
        "CATEGORIE_INCONNUE",
        "categorie",
        lambda r: r.change(SITES, lambda row: row[0] == r.quiet[1], shown("ZZ", 5)),
    ),
    "a successor closed before": (
        "SUCCESSEUR_DEJA_FERME",
        "successeur",
        lambda r: r.change(SITES, lambda row: row[0] == heir_of(r), shown("31/12/2021", 11)),
    ),
    "names and towns exchanged": (
        "NOM_DOUTEUX",
        "commune",
        lambda r: r.write(SITES, [exchanged_names(r.lines(SITES)[0]), *r.lines(SITES)[1:]]),
    ),
    "a volet that nothing knows": (
        "VOLET_INCONNU",
        "volets",
        lambda r: r.change(CONTRACTS, lambda row: row[1] == "caqes-2022", shown("volet 9", 4)),
    ),
}
WHOLE_YEARS: dict[str, tuple[str, str, Plant]] = {
    "a year nearly doubled": (
        "ANNEE_ATYPIQUE",
        "Ambulance, 2022",
        lambda r: r.change(OTHERS, at(r.quiet[1], "2022", "transport_ambulance"), times("1.9")),
    ),
    "the last year nearly doubled": (
        "ANNEE_ATYPIQUE",
        "LPP, 2024",
        lambda r: r.change(OTHERS, at(r.quiet[1], "2024", "lpp"), times("1.9")),
    ),
    "a year nearly doubled, for all": (
        "ANNEE_ATYPIQUE",
        "tous les établissements, LPP, 2022",
        lambda r: r.change(OTHERS, at(None, "2022", "lpp"), times("1.9")),
    ),
    "a series rounded to thousands": (
        "PRECISION_PERDUE",
        "LPP",
        lambda r: r.change(OTHERS, at(r.quiet[1], "", "lpp"), rounded),
    ),
    "a series without cents": (
        "PRECISION_PERDUE",
        "PHMEV",
        lambda r: r.change(PHMEV, at(r.quiet[1]), lambda row: [*row[:3], f"{row[3].partition(',')[0]},00"]),
    ),
    "a last year of zeros": (
        "ZERO_SUSPECT",
        "Ambulance, janvier 2024",
        lambda r: r.change(OTHERS, at(r.quiet[1], "2024", "transport_ambulance"), shown("0,00", 3)),
    ),
    "a merger without successor": (
        "FERMETURE_SANS_SUCCESSEUR",
        "fermé le",
        lambda r: r.change(SITES, lambda row: bool(row[12]), shown("", 12)),
    ),
}
CODES: dict[str, tuple[str, str, Plant]] = {
    "thousands of euros": ("UNITE_DOUTEUSE", "LPP par code, 2024", lambda r: r.change(LPP, at(), times("0.001"))),
    "cents for euros": ("UNITE_DOUTEUSE", "LPP par code, 2024", lambda r: r.change(LPP, at(), times("100"))),
}
FURTHER = {(("months", "contracts"), f"lists, {name}"): defect for name, defect in LISTS.items()}
FURTHER |= {(("lpp", "months"), f"whole codes, {name}"): defect for name, defect in CODES.items()}
FURTHER |= {(("months",), f"years, {name}"): defect for name, defect in WHOLE_YEARS.items()}

"""Further defects that others may plant: in lists of establishments and contracts, and in whole years of a series."""

from __future__ import annotations

from tests.defects_tried import Plant, shown
from tests.full_region import CONTRACTS, SITES, FullRegion


def site_of(region: FullRegion, finess: str) -> str:
    return next(line.split(";")[2] for line in region.lines(SITES) if line.startswith(finess))


def heir_of(region: FullRegion) -> str:
    """The establishment that takes over another."""
    return next(last for line in region.lines(SITES)[1:] if (last := line.split(";")[12]))


def exchanged_names(header: str) -> str:
    return ";".join({"nom": "commune", "commune": "nom"}.get(name, name) for name in header.split(";"))


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
FURTHER = {(("months", "contracts"), f"lists, {name}"): defect for name, defect in LISTS.items()}

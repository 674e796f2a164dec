"""Which column mapping a file looks like, when the one that the campaign names does not fit."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from caqes_analysis.envelopes import ENVELOPES, Envelope
from caqes_analysis.errors import CaqesError, Problem
from caqes_analysis.sources.activity import PLAIN_ACTIVITY
from caqes_analysis.sources.column_mapping import ColumnMapping, Columns
from caqes_analysis.sources.lpp_spend import PLAIN_LPP
from caqes_analysis.sources.mapped_cells import item_parser
from caqes_analysis.sources.mapped_header import read_header
from caqes_analysis.sources.names import plain_name
from caqes_analysis.sources.prescriber_spend import PLAIN_PRESCRIBERS
from caqes_analysis.sources.raw_tables import read_raw

__all__ = ["LAYOUT_CODES", "nearest_mapping"]

LAYOUT_CODES = frozenset(
    {
        "COLONNE_ABSENTE",
        "COLONNE_EN_DOUBLE",
        "EN_TETE_INCONNU",
        "EN_TETE_ABSENT",
        "FEUILLE_ABSENTE",
        "NB_CHAMPS",
        "SEPARATEUR",
    }
)
"""Codes of the problems that say that a file has another layout than the one expected."""

_PLAIN = {
    "monthly_spend": ColumnMapping(
        title="Dépenses mensuelles",
        table="monthly_spend",
        columns=Columns(finess="finess", month="mois", item="enveloppe", amount="montant"),
    ),
    "activity": PLAIN_ACTIVITY,
    "lpp_spend": PLAIN_LPP,
    "prescriber_spend": PLAIN_PRESCRIBERS,
}
# Below, a likeness is a coincidence: every table has a column of FINESS.
_LEAST_LIKENESS = 0.5


def nearest_mapping(
    path: Path,
    table: str,
    mappings: Mapping[str, ColumnMapping],
    *,
    named: str | None = None,
    envelopes: tuple[Envelope, ...] = ENVELOPES,
) -> Problem | None:
    """Say which mapping a file looks like most.

    Parameters
    ----------
    path
        The file.
    table
        Table that it should fill.
    mappings
        Known mappings, by name.
    named
        The mapping that the campaign names and that does not fit; None for the plain layout.
    envelopes
        The envelopes known.

    Returns
    -------
    Problem or None
        A French sentence with the line to write in the campaign; None when nothing is near.
    """
    candidates: dict[str | None, ColumnMapping] = {
        name: mapping for name, mapping in mappings.items() if mapping.table == table and name != named
    }
    if named is not None:
        candidates[None] = _PLAIN[table]
    likeness = {name: _likeness(path, mapping, envelopes) for name, mapping in candidates.items()}
    best = max(likeness, key=lambda name: (likeness[name], name or ""), default=None)
    if not likeness or likeness[best] < _LEAST_LIKENESS:
        return None
    fits = likeness[best] == 1
    if best is None:
        what, remedy = "la disposition simple du fichier", "Retirer mapping de cette source."
    else:
        what = f"la correspondance « {best} » ({candidates[best].title})"
        remedy = f"Écrire mapping: {best} pour cette source."
    rest = "" if fits else " Il restera des colonnes à accorder."
    return Problem(
        "CORRESPONDANCE_PROCHE",
        f"ce fichier {'suit' if fits else 'ressemble à'} {what}.",
        remedy + rest,
        file=path.name,
    )


def _likeness(path: Path, mapping: ColumnMapping, envelopes: tuple[Envelope, ...]) -> float:
    """Share of what the mapping expects that the file has (1 when it fits)."""
    if mapping.table == "prescriber_spend":
        return _share_of_columns(path, mapping)
    try:
        raw = read_raw(path, sheet=mapping.sheet, separator=mapping.separator)
        header, problems = read_header(raw, mapping, parse_item=item_parser(mapping, envelopes), as_of_year=2000)
    except CaqesError:
        return 0.0
    if not problems:
        return 1.0
    expected = len(mapping.columns.named()) + ("name" not in mapping.header)
    read = {*header.labels, *(value.measure for value in header.values)} if "name" in mapping.header else header.labels
    share = (len(read) + ("name" not in mapping.header and bool(header.values))) / expected
    return min(share, 0.99)


def _share_of_columns(path: Path, mapping: ColumnMapping) -> float:
    """Share of the columns of a plain table, one header line, that the file has."""
    wanted = {plain_name(header) for header in mapping.columns.named().values()}
    try:
        raw = read_raw(path, sheet=mapping.sheet, separator=mapping.separator)
    except CaqesError:
        return 0.0
    first = next((cells for _, cells in raw.rows if any(str(cell).strip() for cell in cells)), [])
    return len(wanted & {plain_name(str(cell)) for cell in first}) / len(wanted)

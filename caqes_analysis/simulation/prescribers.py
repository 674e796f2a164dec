"""Who prescribed what, in a few establishments of the simulated region: the extract that some regions receive."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from caqes_analysis.campaign_sources import COLUMN_MAPPINGS
from caqes_analysis.simulation.establishments import Establishment
from caqes_analysis.simulation.files import french_amount, write_csv
from caqes_analysis.simulation.open_phmev import Lines, products
from caqes_analysis.sources.column_mapping import load_mapping

__all__ = ["PRESCRIBERS_MAPPING", "prescriber_rows", "write_prescribers"]

PRESCRIBERS_MAPPING: Final = "prescripteurs-rpps"
"""Column mapping of the list of prescribers."""

_ESTABLISHMENTS_NB: Final = 3
_PRESCRIBERS_NB: Final = 12
_SPECIALTIES: Final = (
    *("Rhumatologie", "Gastro-entérologie", "Médecine interne", "Cardiologie", "Endocrinologie"),
    *("Chirurgie orthopédique", "Gériatrie", "Médecine d'urgence"),
)
_STATUSES: Final = ("4", "C")
_CLASSES: Final = ("A02BC", "C10AX09", "C10BA02", "C10BA05", "C10BA06")
"""Boxes that a lever replaces or avoids: the extract asked for holds nothing else."""
_WITH_RPPS_SHARE: Final = 0.85
_CONCENTRATION: Final = 0.6
# Numbers of a range that the directory has not given: nobody real is named.
_FIRST_RPPS: Final = 9_900_000_000


def prescriber_rows(lines: Iterable[tuple[Establishment, Lines]], *, seed: int, year: int) -> Iterator[tuple[str, ...]]:
    """Yield the lines of the list, in the columns of the mapping ``prescripteurs-rpps``.

    Parameters
    ----------
    lines
        Lines of Open PHMEV of the year; the three largest establishments that play no part are taken. What their
        prescribers add up to, product by product, is never more than these lines do.
    seed, year
        As for the lines.
    """
    quiet = sorted((one for one in lines if not one[0].role), key=lambda pair: (-pair[0].yearly_eur, pair[0].finess))
    for one, drawn in quiet[:_ESTABLISHMENTS_NB]:
        random = np.random.default_rng([seed, 41, one.index, year])
        who = [
            (_with_key(_FIRST_RPPS + 100 * one.index + rank), str(random.choice(_SPECIALTIES)))
            for rank in range(_PRESCRIBERS_NB)
        ]
        for code, label, boxes, cents in _followed(drawn):
            habits = random.dirichlet(np.full(_PRESCRIBERS_NB, _CONCENTRATION)) * _WITH_RPPS_SHARE
            parts = random.multinomial(boxes, [*habits, 1 - habits.sum()])
            bounds = np.concatenate([[0], np.cumsum(parts) * cents // boxes])
            for (rpps, specialty), boxes_nb, amount in zip(who, parts.tolist(), np.diff(bounds).tolist(), strict=False):
                if boxes_nb:
                    yield one.finess, str(year), rpps, specialty, code, label, str(boxes_nb), french_amount(amount)


def _with_key(number: int) -> str:
    """Return ten digits and their key (Luhn)."""
    total = sum(sum(divmod(int(digit) * (2 - place % 2), 10)) for place, digit in enumerate(reversed(str(number))))
    return f"{number}{-total % 10}"


def _followed(drawn: Lines) -> Iterator[tuple[str, str, int, int]]:
    """Yield CIP13, label, boxes and cents of the products that a lever is about, in the order of the products."""
    told = products()
    boxes = _sums(drawn.product, drawn.boxes, len(told.heads))
    cents = _sums(drawn.product, drawn.reimbursed_cents, len(told.heads))
    for rank in np.flatnonzero((boxes > 0) & (cents > 0) & ~_unnamed(told.is_masked, len(told.heads))):
        head = next(csv.reader([told.heads[rank].decode("cp1252")], delimiter=";"))
        atc5, code, label, status = head[8], *head[10:13]
        if status in _STATUSES or atc5.startswith(_CLASSES):
            yield code, label, int(boxes[rank]), int(cents[rank])


def _sums(rank: npt.NDArray[np.int64], values: npt.NDArray[np.int64], products_nb: int) -> npt.NDArray[np.int64]:
    found = np.zeros(products_nb, dtype=np.int64)
    np.add.at(found, rank, values)
    return found


def _unnamed(is_masked: npt.NDArray[np.bool_], heads_nb: int) -> npt.NDArray[np.bool_]:
    """Say which products name none: the masked ones, and the fees, which come last."""
    return np.concatenate([is_masked, np.ones(heads_nb - len(is_masked), dtype=bool)])


def write_prescribers(path: Path, lines: Iterable[tuple[Establishment, Lines]], *, seed: int, year: int) -> None:
    """Write the list of prescribers as a CSV.

    Parameters
    ----------
    path
        File to write.
    lines, seed, year
        As in :func:`prescriber_rows`.
    """
    mapping = load_mapping(COLUMN_MAPPINGS / f"{PRESCRIBERS_MAPPING}.yml")
    named = mapping.columns.named()
    left = [named[part] for part in ("finess", "year", "prescriber", "prescriber_label", "item")]
    header = [*left, *mapping.ignore, named["quantity"], named["amount"]]
    rows = (tuple(_quoted(cell) for cell in row) for row in prescriber_rows(lines, seed=seed, year=year))
    write_csv(path, header, rows, encoding="cp1252")


def _quoted(text: str) -> str:
    doubled = text.replace('"', '""')
    return f'"{doubled}"' if '"' in text or ";" in text else text

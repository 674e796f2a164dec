"""What a region lives with its files: deliveries that follow each other, errors found, some of them confirmed.

A simulated region is clean: :func:`simulate_incidents` adds to its files what a data-quality chapter is for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from caqes_analysis.simulation.files import (
    OTHER_ENVELOPES,
    MonthRow,
    french_amount,
    month_rows,
    write_all_or_nothing,
    write_csv,
    write_months,
)
from caqes_analysis.simulation.reception import Reception
from caqes_analysis.simulation.series import ENVELOPE_TRAITS, Region

__all__ = ["EARLIER_DELIVERIES_NB", "REGISTER_FILE", "Incident", "incidents", "simulate_incidents"]

EARLIER_DELIVERIES_NB = 4
"""Earlier monthly deliveries of the PHMEV that are kept, so that the filling up of the last months can be measured."""
REGISTER_FILE = "corrections.csv"
"""Register of corrections of the simulated region."""

_REGISTER_HEADER = ("finess", "periode", "champ", "ancien", "nouveau", "auteur", "date", "preuve")
_AUTHOR = "OMEDIT (fictif)"
_CONFIRMED_MONTH, _SETTLED_BY_SENDER_MONTH = 4, 6


@dataclass(frozen=True)
class Incident:
    """An error in what the region received.

    Parameters
    ----------
    kind
        ``confirmed`` (written tenfold; the register corrects it), ``unconfirmed`` (written in k€; nobody has answered
        yet), ``settled`` (the register still waits for an error that the sender has corrected since).
    finess, envelope, month
        Which value; the month as ``AAAA-MM``.
    true_cents, wrong_cents
        The right amount, and the wrong one.
    """

    kind: str
    finess: str
    envelope: str
    month: str
    true_cents: int
    wrong_cents: int


def incidents(reception: Reception) -> tuple[Incident, ...]:
    """Return the incidents of a region: one of each kind, in establishments of usual size and without other events.

    Parameters
    ----------
    reception
        What the region received.
    """
    year = reception.region.year
    busy = {finess for finess, _, _ in reception.missing} | set(reception.late)
    quiet = [
        one for one in reception.region.establishments if one.in_open_phmev and not one.role and one.finess not in busy
    ]
    ordered = sorted(quiet, key=lambda one: (one.yearly_eur, one.finess))
    chosen = [ordered[len(ordered) * place // 4] for place in (3, 2, 1)]
    first = str(reception.region.months[0])[:4]
    wishes = (
        ("confirmed", "phmev", f"{year}-{min(_CONFIRMED_MONTH, reception.last_month):02d}", 10.0),
        ("unconfirmed", "transport_ambulance", f"{first}-11", 0.001),
        ("settled", "lpp", f"{year - 1}-{_SETTLED_BY_SENDER_MONTH:02d}", 10.0),
    )
    found = []
    for one, (kind, envelope, month, factor) in zip(chosen, wishes, strict=True):
        series = next(each for each in reception.region.series(one) if each.envelope == envelope)
        cents = int(series.cents[series.months == np.datetime64(month)][0])
        found.append(Incident(kind, one.finess, envelope, month, cents, round(cents * factor)))
    return tuple(found)


def simulate_incidents(
    directory: Path, *, establishments_nb: int, seed: int, year: int, last_month: int, years_nb: int = 5
) -> list[Path]:
    """Add to the files of a simulated region its earlier deliveries, two errors, and the register of corrections.

    Parameters
    ----------
    directory
        Folder in which :func:`~caqes_analysis.simulation.simulate_region` wrote, with the same arguments.
    establishments_nb, seed, year, last_month, years_nb
        As given to it; 12 establishments at least.

    Returns
    -------
    list of Path
        The files written: ``phmev_mensuel_AAAA-MM.csv`` (the year, as it stood at each earlier month),
        ``corrections.csv``; ``phmev_mensuel.csv`` and ``enveloppes_mensuelles.csv`` again, with the errors.
    """
    region = Region(establishments_nb, seed, year, years_nb)
    reception = Reception(region, last_month)
    planted = incidents(reception)
    writers: dict[str, Callable[[Path], object]] = {
        f"phmev_mensuel_{year}-{month:02d}.csv": partial(
            _write_earlier, reception=Reception(region, month), planted=planted
        )
        for month in range(max(1, last_month - EARLIER_DELIVERIES_NB), last_month)
    }
    for name, envelopes, encoding in (
        ("phmev_mensuel.csv", ("phmev",), "cp1252"),
        ("enveloppes_mensuelles.csv", OTHER_ENVELOPES, "utf-8"),
    ):
        rows = _with_errors(month_rows(reception, envelopes), planted)
        writers[name] = partial(write_months, rows=rows, encoding=encoding)
    writers[REGISTER_FILE] = partial(
        write_csv, header=_REGISTER_HEADER, rows=_register(planted, year), encoding="utf-8"
    )
    return write_all_or_nothing(directory, writers)


def _write_earlier(path: Path, reception: Reception, planted: tuple[Incident, ...]) -> None:
    january = f"{reception.region.year}-01"
    rows = (row for row in month_rows(reception, ["phmev"]) if row[1] >= january)
    write_months(path, _with_errors(rows, planted), encoding="cp1252")


def _with_errors(rows: Iterable[MonthRow], planted: Iterable[Incident]) -> Iterator[MonthRow]:
    wrong = {
        (one.finess, one.month, ENVELOPE_TRAITS[one.envelope].received_as): one.wrong_cents
        for one in planted
        if one.kind != "settled"
    }
    for finess, month, word, cents in rows:
        yield finess, month, word, wrong.get((finess, month, word), cents)


def _register(planted: Iterable[Incident], year: int) -> Iterator[tuple[str, ...]]:
    proofs = {
        "confirmed": "Courriel de la CPAM (fictif) : virgule décalée d'un rang",
        "settled": "Courriel de la CPAM (fictif) : montant renvoyé",
    }
    for rank, one in enumerate((one for one in planted if one.kind in proofs), start=1):
        amounts = (french_amount(one.wrong_cents), french_amount(one.true_cents))
        yield one.finess, one.month, one.envelope, *amounts, _AUTHOR, f"{10 + rank}/10/{year}", proofs[one.kind]

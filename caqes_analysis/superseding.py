"""Which delivery gives a value that several give: the last received, else the last drawn up, else a refusal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import pandas as pd

from caqes_analysis.errors import Problem, SourceError
from caqes_analysis.sources.findings import Finding, Severity
from caqes_analysis.store import Store
from caqes_analysis.tables import Table

__all__ = ["Dates", "by_delivery", "delivery_orders", "left_out", "rewrite", "supersede"]

Dates = Mapping[str, tuple[date | None, date | None]]
"""By delivery, its date of reception and its month (``as_of``)."""

_ORDER = ("finess", "month", "period", "envelope", "amount_kind", "activity", "lpp", "delivery")


def delivery_orders(rows: pd.DataFrame, cell: Sequence[str], dates: Dates) -> pd.Series[Any]:
    """Return, for each row whose value several deliveries give, those deliveries, the oldest first.

    Parameters
    ----------
    rows
        Rows of several deliveries, with ``delivery``.
    cell
        Columns that identify a value whatever its delivery.
    dates
        By delivery, its date of reception and its month (``as_of``).

    Returns
    -------
    Series
        A tuple of names per row; rows that one delivery alone gives are left out. The order is that of reception, or
        of drawing up (``as_of``) when dates of reception do not tell the deliveries apart.

    Raises
    ------
    SourceError
        ``DOUBLON_ENTRE_LIVRAISONS`` when nothing says which replaces which.
    """
    shared = rows[rows.duplicated(list(cell), keep=False)]
    cells = list(shared[list(cell)].itertuples(index=False, name=None))
    givers: dict[tuple[Any, ...], tuple[str, ...]] = {}
    for key, name in sorted(zip(cells, shared["delivery"], strict=True), key=lambda pair: pair[1]):
        givers[key] = (*givers.get(key, ()), name)
    ordered: dict[tuple[str, ...], tuple[str, ...]] = {}
    problems = []
    for names in sorted(set(givers.values())):
        order = _ordered(names, dates)
        if order is None:
            concerned = [key for key, those in givers.items() if those == names]
            problems.append(_ambiguous(names, min(concerned), len(concerned)))
        else:
            ordered[names] = order
    if problems:
        raise SourceError(problems)
    return pd.Series([ordered[givers[key]] for key in cells], index=shared.index, dtype=object)


def supersede(rows: pd.DataFrame, cell: Sequence[str], dates: Dates) -> pd.Series[Any]:
    """Say, for each row, which delivery gives its value; the row counts when that is its own.

    Parameters
    ----------
    rows, cell, dates
        As in :func:`delivery_orders`.

    Returns
    -------
    Series
        Name of a delivery per row: the last of those that give the value.

    Raises
    ------
    SourceError
        As there.
    """
    valid = rows["delivery"].astype(object)
    orders = delivery_orders(rows, cell, dates)
    if len(orders):
        valid.loc[orders.index] = [order[-1] for order in orders]
    return valid


def _ordered(names: Sequence[str], dates: Dates) -> tuple[str, ...] | None:
    for which in (0, 1):
        when = {name: dates.get(name, (None, None))[which] for name in names}
        if None not in when.values() and len(set(when.values())) == len(names):
            return tuple(sorted(names, key=lambda name: when[name] or date.min))
    return None


def _ambiguous(names: Sequence[str], cell: Sequence[Any], count: int) -> Problem:
    shown = ", ".join(f"{part:%Y-%m}" if isinstance(part, date) else str(part) for part in cell)
    return Problem(
        "DOUBLON_ENTRE_LIVRAISONS",
        f"la même valeur est donnée par plusieurs fichiers ({', '.join(names)}), sans que rien dise lequel remplace "
        "l'autre.",
        "Donner à chacun sa date de réception (received_on) ou son mois (as_of) : la livraison la plus récente vaut. "
        "Sinon, n'en nommer qu'un, ou retirer les lignes en double.",
        value=shown,
        count=count,
    )


def rewrite(store: Store, table: Table, rows: pd.DataFrame, parts: set[str]) -> None:
    """Write the rows of each delivery anew; a delivery left without rows loses its part.

    Parameters
    ----------
    store
        The store.
    table
        Table to write.
    rows
        Its rows, with ``delivery``.
    parts
        Deliveries concerned.
    """
    for part in sorted(parts):
        mine = rows[rows["delivery"] == part]
        if len(mine):
            store.write(table, mine, part=part)
        else:
            store.part_path(table, part).unlink(missing_ok=True)


def left_out(
    kept: pd.DataFrame, pairs: Iterable[tuple[str, str]], cell: Sequence[str], scope: Sequence[str]
) -> pd.DataFrame:
    """Return the values of a delivery replaced elsewhere that the later one, which covers their scope, does not give.

    Parameters
    ----------
    kept
        Rows that count, with ``delivery``.
    pairs
        Deliveries, and those that replace some of their values.
    cell
        Columns that identify a value whatever its delivery.
    scope
        Those of ``cell`` of which a delivery is expected to give every value.

    Returns
    -------
    DataFrame
        The rows concerned: ``delivery`` is the later one, ``older`` the one that still gives the value.
    """
    replacing = pd.DataFrame(sorted(pairs), columns=["older", "delivery"])
    covered = kept[["delivery", *scope]].drop_duplicates()
    orphans = kept.rename(columns={"delivery": "older"}).merge(replacing, on="older")
    return orphans.merge(covered, on=["delivery", *scope]).drop_duplicates(list(cell))


def by_delivery(
    rows: pd.DataFrame, code: str, place: str, example: Any, remedy: str, *, severity: Severity = "warning"
) -> list[Finding]:
    """Return one finding per delivery of some rows.

    Parameters
    ----------
    rows
        Rows, with ``delivery``.
    code, place, remedy
        Of the findings.
    example
        Returns the example of a group from its first row.
    severity
        Of the findings.
    """
    ordered = rows.sort_values([name for name in _ORDER if name in rows])
    return [
        Finding(str(delivery), code, place, severity, len(group), example(group.iloc[0]), remedy)
        for delivery, group in ordered.groupby("delivery", sort=True)
    ]

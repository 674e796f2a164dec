"""Deliveries of activity, of LPP by code and of prescribers: which gives each value, and what the later one changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from caqes_analysis import tables
from caqes_analysis.activities import activity_label
from caqes_analysis.errors import Problem, SourceError
from caqes_analysis.sources.findings import Finding, Findings
from caqes_analysis.store import Store
from caqes_analysis.superseding import Dates, by_delivery, delivery_orders, left_out, rewrite
from caqes_analysis.tables import Table

__all__ = ["refuse_prescribers_twice", "settle_counts"]


def refuse_prescribers_twice(store: Store) -> None:
    """Refuse lists that give the same product of the same prescriber the same year: its euros would count twice.

    Parameters
    ----------
    store
        Store in which every list has been written.

    Raises
    ------
    SourceError
        ``DOUBLON_ENTRE_LIVRAISONS``, a problem per set of files. A list is a whole year: no date makes one replace
        another line by line, since what the later one no longer gives would stay.
    """
    if not store.has(tables.PRESCRIBER_SPEND):
        return
    twice = store.query(
        """
        with listed as (
          select finess, year, prescriber, code, list_sort(list(distinct coalesce(d.file, p.delivery))) as files
          from prescriber_spend p left join deliveries d using (delivery)
          group by all having count(distinct p.delivery) > 1
        )
        select files, count(*) as lines_nb, min((finess, year, prescriber, code)) as first_of
        from listed group by files order by files
        """
    )
    if len(twice):
        raise SourceError(
            Problem(
                "DOUBLON_ENTRE_LIVRAISONS",
                f"plusieurs listes par prescripteur ({', '.join(row['files'])}) donnent le même produit du même "
                "prescripteur, la même année : ses boîtes et ses euros compteraient deux fois.",
                "Ne nommer que la liste la plus complète de l'année ; si les deux se complètent (deux semestres), les "
                "réunir en un seul fichier dont les lignes sont additionnées.",
                column="sources.prescriber_spend",
                value=", ".join(str(part) for part in row["first_of"].values()),
                count=int(row["lines_nb"]),
            )
            for row in twice.to_dict("records")
        )


def settle_counts(store: Store, dates: Dates) -> Findings:
    """Keep, of the activity and of the LPP by code, the value of the last delivery that gives it.

    Parameters
    ----------
    store
        Store in which every delivery has been written. ``restated_values`` receives what a later delivery changes.
    dates
        By delivery, its date of reception and its month.

    Returns
    -------
    Findings
        ``VALEUR_MODIFIEE`` (information: listed in ``restated_values``), ``VALEUR_RETIREE`` and
        ``VALEUR_NON_REPRISE``, by delivery that changes, withdraws or leaves out.

    Raises
    ------
    SourceError
        ``DOUBLON_ENTRE_LIVRAISONS``; ``ANNEE_ET_MOIS`` when a code of the LPP is given for a year and its months.
    """
    found = Findings()
    for kind in _KINDS:
        if store.has(kind.table):
            found += _settle_one(store, kind, dates)
    if store.has(tables.LPP_SPEND):
        _refuse_years_with_months(store.read(tables.LPP_SPEND))
    return found


@dataclass(frozen=True)
class _Kind:
    """A table whose values are counts or codes: the column that names them, its values, the words of the findings."""

    table: Table
    item: str
    columns: Mapping[str, str]
    place: str
    scope: tuple[str, ...]
    kept: str

    @property
    def cell(self) -> list[str]:
        return ["finess", "period", self.item]

    def said(self, row: pd.Series[Any]) -> str:
        """Return where a value is; never a count, which may be that of a few patients."""
        name = f"LPP {row[self.item]}" if self.item == "lpp" else activity_label(row[self.item])
        return f"{row['finess']}, {name}, {row['period']}"


_KINDS: Final = (
    _Kind(
        tables.ACTIVITY,
        "activity",
        {"count_nb": "nb"},
        "activité",
        ("period", "activity"),
        "L'ancienne livraison vaut pour ces nombres. À vérifier : l'établissement manque peut-être au dernier envoi.",
    ),
    _Kind(
        tables.LPP_SPEND,
        "lpp",
        {"quantity_nb": "nb", "amount_eur": "eur"},
        "LPP par code",
        ("period",),
        "L'ancienne livraison vaut encore pour ces codes, à côté de la nouvelle : s'ils en ont été retirés, leurs "
        "euros sont de trop. À vérifier avec la source.",
    ),
)


def _settle_one(store: Store, kind: _Kind, dates: Dates) -> Findings:
    rows = store.read(kind.table)
    orders = delivery_orders(rows, kind.cell, dates)
    if orders.empty:
        return Findings()
    steps = _steps(rows, kind, orders)
    restated = tables.RESTATED_VALUES.conform(
        steps.rename(columns={kind.item: "item"}).drop(columns=["is_last"]), source_table=kind.table.name
    )
    for delivery, group in restated.groupby("delivery", sort=True):
        store.write(tables.RESTATED_VALUES, group, part=f"{kind.table.name}-{delivery}")
    winners = pd.Series([order[-1] for order in orders], index=orders.index, dtype=object)
    is_kept = rows["delivery"].astype(object) == winners.reindex(rows.index).fillna(rows["delivery"])
    rewrite(store, kind.table, rows[is_kept], set(rows["delivery"]))
    pairs = {(old, order[-1]) for order in set(orders) for old in order[:-1]}
    return Findings([*_changed(steps, kind), *_withdrawn(steps, kind), *_left_out(rows[is_kept], pairs, kind)])


def _steps(rows: pd.DataFrame, kind: _Kind, orders: pd.Series[Any]) -> pd.DataFrame:
    """Return the values that a delivery gives otherwise than the one before, with both."""
    shared = rows.loc[orders.index, [*kind.cell, "delivery", *kind.columns]].astype(object)
    ranks = [order.index(name) for order, name in zip(orders, shared["delivery"], strict=True)]
    shared = shared.assign(
        rank=ranks, is_last=[rank == len(order) - 1 for rank, order in zip(ranks, orders, strict=True)]
    ).sort_values([*kind.cell, "rank"])
    before = shared.groupby(kind.cell, sort=False)[["delivery", *kind.columns]].shift()
    is_changed = pd.Series(False, index=shared.index)
    steps = shared[[*kind.cell, "delivery", "is_last"]].assign(old_delivery=before["delivery"])
    for name, unit in kind.columns.items():
        old, new = before[name].astype(object), shared[name]
        old, new = old.where(old.notna(), None), new.where(new.notna(), None)
        is_changed |= (old != new) & ~(old.isna() & new.isna())
        steps = steps.assign(**{f"old_{unit}": old, f"new_{unit}": new})
    return steps[is_changed & steps["old_delivery"].notna()]


def _is_gone(steps: pd.DataFrame, kind: _Kind) -> pd.Series[bool]:
    gone = pd.Series(False, index=steps.index)
    for unit in kind.columns.values():
        gone |= steps[f"old_{unit}"].notna() & steps[f"new_{unit}"].isna()
    return gone


def _changed(steps: pd.DataFrame, kind: _Kind) -> list[Finding]:
    return by_delivery(
        steps[~_is_gone(steps, kind)],
        "VALEUR_MODIFIEE",
        kind.place,
        lambda row: f"{kind.said(row)} ({row['old_delivery']})",
        "La dernière livraison vaut. Les plus gros écarts sont listés sur la page « Qualité des données », et tous "
        "dans le classeur d'annexes.",
        severity="information",
    )


def _withdrawn(steps: pd.DataFrame, kind: _Kind) -> list[Finding]:
    """Return the values that the last delivery gives as missing, where the one before had a number."""
    return by_delivery(
        steps[_is_gone(steps, kind) & steps["is_last"].astype(bool)],
        "VALEUR_RETIREE",
        kind.place,
        lambda row: f"{kind.said(row)} ({row['old_delivery']})",
        "La dernière livraison vaut : compté comme manquant. À vérifier avec la source.",
    )


def _left_out(kept: pd.DataFrame, pairs: set[tuple[str, str]], kind: _Kind) -> list[Finding]:
    """Return the values of a delivery replaced elsewhere that the later one, which covers their period, lacks."""
    return by_delivery(
        left_out(kept, pairs, kind.cell, kind.scope),
        "VALEUR_NON_REPRISE",
        kind.place,
        lambda row: f"{kind.said(row)} ({row['older']})",
        kind.kept,
    )


def _refuse_years_with_months(rows: pd.DataFrame) -> None:
    """Refuse a code given for a year and for months of it: its euros would be counted twice."""
    whole = rows[rows["period"].str.len() == 4]
    months = rows[rows["period"].str.len() > 4]
    months = months.assign(month=months["period"], period=months["period"].str[:4])
    both = whole.merge(months, on=["finess", "lpp", "period"], suffixes=("", "_of_month"))
    if both.empty:
        return
    first = both.sort_values(["finess", "lpp", "month"]).iloc[0]
    raise SourceError.of(
        "ANNEE_ET_MOIS",
        f"ce code est donné pour l'année entière ({first['delivery']}) et pour un de ses mois "
        f"({first['month']}, {first['delivery_of_month']}) : ses euros seraient comptés deux fois.",
        "Ne garder que l'année ou que les mois.",
        value=f"{first['finess']}, {first['lpp']}, {first['period']}",
        count=len(both.drop_duplicates(["finess", "lpp", "period"])),
    )

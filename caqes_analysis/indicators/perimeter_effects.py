"""What a change of perimeter moves: its effect on the year against the year before, with it and without it."""

from __future__ import annotations

from typing import Any, Final

import pandas as pd

from caqes_analysis.deliveries import PERIODS
from caqes_analysis.indicators.evolution import in_both_years, missing_numbers
from caqes_analysis.perimeter import APHP_ENTITY, YEARS_IN_PART
from caqes_analysis.store import Store

__all__ = ["annual_perimeter_changes", "grouped_sites", "perimeter_effects"]

_KIND: Final = "reimbursed"
_COLUMNS: Final = (
    "finess", "kind", "since", "current_finess", "amount_eur", "other_kinds_nb", "sites_nb", "is_provisional",
)  # fmt: skip


def annual_perimeter_changes(store: Store, *, year: int) -> pd.DataFrame:
    """Return the mergers, openings and closures of two yearly drug files.

    Parameters
    ----------
    store
        Store with ``annual_drug_spend``, ``successions`` and ``establishments``.
    year
        Year of the campaign.

    Returns
    -------
    DataFrame
        As :func:`~caqes_analysis.quality.perimeter_changes.perimeter_changes`, with ``sites_nb``. A base says no day:
        who is in the second year alone has ``entered`` it, in the first alone has ``left`` it, unless the file of
        establishments dates the opening (or the closure). ``amount_eur`` is that of ``year - 1``, and of ``year`` for
        those that come in.
    """
    rows = store.query(
        f"""
        with spent as (
          select a.finess, sum(a.reimbursed_eur) filter (a.year = $year::int) as current_eur,
                 sum(a.reimbursed_eur) filter (a.year = $year::int - 1) as previous_eur
          from annual_drug_spend a where a.year in ($year::int - 1, $year::int) group by a.finess
        ),
        today as (
          select coalesce(s.current_finess, p.finess) as finess, sum(p.current_eur) as current_eur,
                 sum(p.previous_eur) as previous_eur
          from spent p left join successions s using (finess) group by 1
        ),
        life as (
          select coalesce(s.current_finess, e.finess) as finess, min(e.valid_from) as opens,
                 case when count(*) filter (e.valid_to is null) = 0 then max(e.valid_to) end as closes
          from establishments e left join successions s on s.finess = e.finess group by 1
        ),
        in_part as ({YEARS_IN_PART})
        select p.finess, 'merger' as kind, s.since, s.current_finess,
               coalesce(p.previous_eur, p.current_eur)::decimal(18, 2) as amount_eur
        from spent p join successions s using (finess)
        where s.since is not null and (year(s.since) >= $year::int - 1 or p.previous_eur is not null)
        union all
        select t.finess,
               case when t.current_eur is null then case when l.closes is null then 'left' else 'closure' end
                    when year(l.opens) >= $year::int - 1 then 'opening' else 'entered' end,
               case when t.current_eur is null then (l.closes + interval 1 day)::date
                    when year(l.opens) >= $year::int - 1 then l.opens end,
               null, case when t.current_eur is null then t.previous_eur else t.current_eur end::decimal(18, 2)
        from today t left join life l using (finess) left join in_part i on i.finess = t.finess
        where (t.current_eur is null or t.previous_eur is null or (coalesce(i.is_part, false) and l.closes is null))
          and (select count(distinct year) from annual_drug_spend where year in ($year::int - 1, $year::int)) = 2
        order by since nulls last, finess
        """,
        {"year": year},
    )
    return rows.assign(other_kinds_nb=0, sites_nb=None, is_provisional=False)[list(_COLUMNS)]


def grouped_sites(store: Store, *, year: int, is_annual: bool) -> pd.DataFrame:
    """Return the sites of AP-HP counted in the entity that signs for them, as one row of the changes of perimeter.

    Parameters
    ----------
    store
        Store with ``successions``, and what was received.
    year
        Year of the campaign.
    is_annual
        Whether the amounts are those of the yearly bases.

    Returns
    -------
    DataFrame
        As :func:`annual_perimeter_changes`, of kind ``grouping``: ``amount_eur`` is what its sites were reimbursed in
        ``year``, all envelopes of months added, or the base; ``sites_nb`` counts them. Empty without AP-HP.
    """
    source = (
        "select finess, year, reimbursed_eur as amount_eur, false as is_provisional from annual_drug_spend"
        if is_annual
        else f"select finess, year(period_end) as year, amount_eur, is_provisional from ({PERIODS}) "
        f"where amount_kind = '{_KIND}' and envelope <> 'perfadom'"
    )
    rows = store.query(
        f"""
        select s.current_finess as finess, 'grouping' as kind, null::date as since, s.current_finess,
               sum(p.amount_eur) filter (p.year = $year::int)::decimal(18, 2) as amount_eur, 0 as other_kinds_nb,
               count(distinct p.finess)::int as sites_nb,
               coalesce(bool_or(p.is_provisional) filter (p.year = $year::int), false) as is_provisional
        from successions s join ({source}) p using (finess)
        where s.since is null and s.current_finess = $entity group by s.current_finess
        """,
        {"year": year, "entity": APHP_ENTITY},
    )
    return rows[list(_COLUMNS)]


def perimeter_effects(
    store: Store, changes: pd.DataFrame, evolutions: pd.DataFrame, *, year: int, month_nb: int, is_annual: bool
) -> pd.DataFrame:
    """Add to each change of perimeter what it moves between two years, in one envelope.

    Parameters
    ----------
    store
        Store of the campaign.
    changes
        Rows of the changes of perimeter.
    evolutions
        Rows of ``evolutions`` of the envelope, at ``month_nb``.
    year, month_nb
        Year read against the one before, from January to that month.
    is_annual
        Whether the amounts are those of the yearly bases.

    Returns
    -------
    DataFrame
        The rows + ``effect_eur, without_pct, with_pct, effect_status``. Of a merger and of a grouping, the effect is
        what those taken over were reimbursed themselves in the year less the year before, over the months that the rate
        compares, and the two rates are those of the establishment of today alone, then with them. Of an opening or a
        closure, the effect is its own change, and the rates are those of all the others, then with it.
        ``effect_status`` is ``not_applicable`` where the envelope has nothing of it.
    """
    own = _own_sums(store, evolutions, year=year, month_nb=month_nb, is_annual=is_annual)
    read = evolutions.set_index("finess")
    kept = in_both_years(evolutions)
    sums = {name: float(evolutions.loc[kept, name].sum()) for name in ("current_eur", "previous_eur")}
    found: list[tuple[Any, Any, Any, str]] = []
    for one in changes.to_dict("records"):
        who = one["finess"]
        follows = one["kind"] in ("merger", "grouping")
        heir = one["current_finess"] if follows else who
        if heir not in read.index or (one["kind"] == "merger" and who not in own.index):
            found.append((None, None, None, "not_applicable"))
            continue
        row = read.loc[heir]
        if follows:
            alone = own.loc[heir] if heir in own.index else None
            part = own.loc[who] if one["kind"] == "merger" else None
            effect = None if part is None else part["current_eur"] - part["previous_eur"]
            without = None if alone is None else _rate(alone["current_eur"], alone["previous_eur"])
            found.append(
                (effect, without, row["evolution_pct"], "reported" if effect is not None else "not_applicable")
            )
            continue
        now, before = float(row["current_eur"]), float(row["previous_eur"])
        sign = -1 if bool(kept[evolutions["finess"] == who].iloc[0]) else 1
        rates = [
            _rate(sums["current_eur"], sums["previous_eur"]),
            _rate(sums["current_eur"] + sign * now, sums["previous_eur"] + sign * before),
        ]
        without, with_it = rates if sign > 0 else reversed(rates)
        found.append((row["current_eur"] - row["previous_eur"], without, with_it, "reported"))
    columns = ["effect_eur", "without_pct", "with_pct", "effect_status"]
    return pd.concat([changes.reset_index(drop=True), pd.DataFrame(found, columns=columns)], axis=1)


def _rate(now: object, before: object) -> float | None:
    return 100 * (float(now) / float(before) - 1) if float(before) > 0 else None  # type: ignore[arg-type]


def _own_sums(store: Store, evolutions: pd.DataFrame, *, year: int, month_nb: int, is_annual: bool) -> pd.DataFrame:
    """Return what each FINESS was reimbursed under its own number, over the months that its heir's rate compares."""
    if is_annual:
        return store.query(
            """
            select finess, coalesce(sum(reimbursed_eur) filter (year = $year::int), 0)::decimal(18, 2) as current_eur,
                   coalesce(sum(reimbursed_eur) filter (year = $year::int - 1), 0)::decimal(18, 2) as previous_eur
            from annual_drug_spend where year in ($year::int - 1, $year::int) group by finess
            """,
            {"year": year},
        ).set_index("finess")
    absent = [
        (finess, number)
        for finess, months in zip(evolutions["finess"], evolutions["missing_months"], strict=True)
        for number in missing_numbers(months)
    ]
    envelope = evolutions["envelope"].iloc[0] if len(evolutions) else None
    return store.query(
        f"""
        with absent as (select unnest($who::text[]) as finess, unnest($which::int[]) as m)
        select p.finess,
               coalesce(sum(amount_eur) filter (year(period_end) = $year::int), 0)::decimal(18, 2) as current_eur,
               coalesce(sum(amount_eur) filter (year(period_end) = $year::int - 1), 0)::decimal(18, 2) as previous_eur
        from ({PERIODS}) p left join successions s on s.finess = p.finess
        where p.envelope = $envelope and p.amount_kind = '{_KIND}' and month(period_end) <= $month_nb
          and year(period_end) between $year::int - 1 and $year::int
          and not exists (select 1 from absent a
                          where a.finess = coalesce(s.current_finess, p.finess) and a.m = month(period_end))
        group by p.finess
        """,
        {
            "year": year,
            "month_nb": month_nb,
            "envelope": envelope,
            "who": [finess for finess, _ in absent],
            "which": [number for _, number in absent],
        },
    ).set_index("finess")

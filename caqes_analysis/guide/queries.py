"""The query of a measure: what a statistician runs on the tables of a campaign to find the number again."""

from __future__ import annotations

import re

from caqes_analysis.indicators.definition import IndicatorDefinition, Measure, Perimeter, Sum
from caqes_analysis.indicators.expressions import read_condition

__all__ = ["measure_query"]

_IN_LIST = re.compile(r"in_list\(\s*\"?(\w+)\"?\s*,\s*'([^']*)'\s*\)", re.IGNORECASE)
_MONTHS = ("monthly_grid", "extra_list_use")
_MERGED = ("monthly_grid",)  # mergers are applied in it already


def measure_query(
    definition: IndicatorDefinition, measure: Measure, *, year: int, perimeter: Perimeter | None = None
) -> str:
    """Return the query that gives a measure by establishment, for a year.

    Parameters
    ----------
    definition
        The definition.
    measure
        One of its measures; the evolution of another compares that one with the year before.
    year
        Year of the data.
    perimeter
        Way of counting; the first one of the definition when None.

    Returns
    -------
    str
        One DuckDB statement over the tidy tables (``docs/tables.md``): columns ``finess`` and ``value``. It adds up
        what was received; what is missing is told by the computation, not by the query.
    """
    counted = perimeter or definition.perimeters[0]
    if measure.evolution_of is None:
        steps = _steps(measure, counted, year, "")
        return (
            f"with {steps}\nselect finess, {_value(measure, '')} as value\nfrom {_joined(measure, '')}\norder by finess"
        )
    base = definition.measure(measure.evolution_of)
    steps = ",\n".join((_steps(base, counted, year, "_n"), _steps(base, counted, year - 1, "_n1")))
    both = f"{_joined(base, '_n')} join {_joined(base, '_n1')} using (finess)"
    change = f"100 * (({_value(base, '_n')}) / nullif({_value(base, '_n1')}, 0) - 1)"
    return f"with {steps}\nselect finess, {change} as value\nfrom {both}\norder by finess"


def _steps(measure: Measure, perimeter: Perimeter, year: int, mark: str) -> str:
    parts = [("numerateur", measure.numerator), ("denominateur", measure.denominator)]
    return ",\n".join(_step(f"{name}{mark}", part, perimeter, year) for name, part in parts if part is not None)


def _value(measure: Measure, mark: str) -> str:
    top = f"numerateur{mark}.total"
    if measure.denominator is None:
        return top
    factor = f"{measure.scale} * " if measure.scale != 1 else ""
    return f"{factor}{top} / nullif(denominateur{mark}.total, 0)"


def _joined(measure: Measure, mark: str) -> str:
    if measure.denominator is None:
        return f"numerateur{mark}"
    return f"numerateur{mark} join denominateur{mark} using (finess)"


def _step(name: str, part: Sum, perimeter: Perimeter, year: int) -> str:
    total = f"sum(t.{part.sum})" if part.sum else "count(*)"
    merged = part.table in _MERGED
    who = "t.finess" if merged else "coalesce(s.current_finess, t.finess)"
    source = f"{part.table} t" if merged else f"{part.table} t left join successions s on s.finess = t.finess"
    excluded = perimeter.exclude.get(part.table)
    tests = [_of_year(part.table, year)]
    # What is not kept counts for zero: an establishment without any such line keeps its row.
    kept = [] if part.where == "true" else [f"({_dated(part.table, part.where, year)})"]
    kept += [f"not coalesce({_dated(part.table, excluded, year)}, false)"] if excluded else []
    filtered = f" filter (where {' and '.join(kept)})" if kept else ""
    return (
        f"{name} as (\n  select {who} as finess,\n         coalesce({total}{filtered}, 0) as total\n"
        f"  from {source}\n  where {' and '.join(tests)}\n  group by all\n)"
    )


def _of_year(table: str, year: int) -> str:
    if table == "annual_drug_spend":
        return f"t.year = {year}"
    if table in _MONTHS:
        return f"year(t.month) = {year}"
    return f"left(t.period, 4) = '{year}'"


def _dated(table: str, text: str, year: int) -> str:
    """Return the condition with each code list looked up in the table of the campaign."""
    read_condition(table, text)
    if table in _MONTHS:
        first, last = "t.month", "last_day(t.month)"
    else:
        first, last = f"date '{year}-01-01'", f"date '{year}-12-31'"

    def looked_up(found: re.Match[str]) -> str:
        column, name = found[1], found[2]
        identifier, _, role = name.partition("/")
        test = f"starts_with(t.{column}, l.code)" if column.startswith("atc") else f"t.{column} = l.code"
        which = f" and l.role = '{role}'" if role else ""
        return (
            f"exists (select 1 from code_lists l where l.list = '{identifier}'{which} and {test}\n"
            f"                 and coalesce(l.valid_from <= {last}, true) and coalesce(l.valid_to >= {first}, true))"
        )

    return _IN_LIST.sub(looked_up, text)

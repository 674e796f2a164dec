"""Spending that meets a code outside the dates of its list, or outside its time on the liste en sus."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa

from caqes_analysis import french, tables
from caqes_analysis.code_lists import CodeList, code_lists_table
from caqes_analysis.sources.findings import Finding, Findings, Severity
from caqes_analysis.store import Store

__all__ = ["SPENT_BY_CODE", "STALE_AFTER_MONTHS_NB", "check_validity"]

STALE_AFTER_MONTHS_NB = 24
"""A list compared with its source longer ago than this, in months, is told (a choice of this package)."""

# A yearly line covers its whole year.
SPENT_BY_CODE = """
spent as (
  select source as delivery, if(kind = 'drug', 'ucd', 'lpp') as kind, code, month as first_day,
         last_day(month) as last_day, count(*) as lines_nb,
         sum(coalesce(reimbursed_eur, tariff_eur, purchase_eur)) as amount_eur
  from extra_list_use group by all
  union all
  select delivery, 'lpp', lpp, make_date(period[:4]::int, if(length(period) = 7, period[6:7]::int, 1), 1),
         last_day(make_date(period[:4]::int, if(length(period) = 7, period[6:7]::int, 12), 1)), count(*),
         sum(amount_eur)
  from lpp_spend where regexp_matches(period, '^[0-9]{4}(-[0-9]{2})?$') group by all
  union all
  select source, 'cip', cip13, make_date(year::int, 1, 1), make_date(year::int, 12, 31), count(*), sum(reimbursed_eur)
  from annual_drug_spend where cip13 is not null group by all
  union all
  select source, 'atc', atc5, make_date(year::int, 1, 1), make_date(year::int, 12, 31), count(*), sum(reimbursed_eur)
  from annual_drug_spend where atc5 is not null group by all
)"""
"""Beginning of a query: what was spent, by delivery, code and period."""

# A class may stand beside one of its members in a list: the line is inside when one of them holds it.
_OUTSIDE = f"""
with {SPENT_BY_CODE},
met as (
  select s.delivery, l.list, s.code, s.first_day, s.last_day, s.lines_nb, s.amount_eur,
         min(l.valid_from) as valid_from, max(l.valid_to) as valid_to,
         bool_or((l.valid_from is null or l.valid_from <= s.last_day)
                 and (l.valid_to is null or l.valid_to >= s.first_day)) as is_inside
  from spent s join listed l
    on l.kind = s.kind and (l.code = s.code or (l.kind = 'atc' and starts_with(s.code, l.code)))
  group by all
)
select delivery, list, sum(lines_nb)::bigint as lines_nb, sum(amount_eur) as amount_eur,
       arg_min(code, (first_day, code)) as code, min(first_day) as first_day,
       arg_min(last_day, (first_day, code)) as last_day, arg_min_null(valid_from, (first_day, code)) as valid_from,
       arg_min_null(valid_to, (first_day, code)) as valid_to
from met where not is_inside group by delivery, list order by delivery, list
"""

# Where a source dates none of its codes, a code removed before it was read lacks as one created since does.
_STALE = f"""
with {SPENT_BY_CODE},
seen as (
  select s.delivery, l.list, a.as_of, s.first_day, s.last_day, s.lines_nb,
         s.last_day > a.as_of + interval {STALE_AFTER_MONTHS_NB} month as is_after,
         l.valid_from is null and l.kind <> 'atc' and s.first_day < a.as_of - interval {STALE_AFTER_MONTHS_NB} month
           as is_before
  from spent s
  join listed l on l.kind = s.kind and (l.code = s.code or (l.kind = 'atc' and starts_with(s.code, l.code)))
  join ages a on a.list = l.list
)
select delivery, list, any_value(as_of) as as_of, min(first_day) filter (is_before) as first_day,
       max(last_day) filter (is_after) as last_day, sum(lines_nb)::bigint as lines_nb
from seen where is_after or is_before
group by delivery, list order by delivery, list
"""

# Only kinds whose history was received are looked at; after its last publication (not its last day of effect, which a
# text may set months ahead), a code that it does not know may be new.
_OFF_LIST = f"""
with {SPENT_BY_CODE},
histories as (
  select if(kind = 'drug', 'ucd', 'lpp') as kind, max(coalesce(published_on, day)) as ends
  from extra_list_events group by kind
),
periods as (
  select if(kind = 'drug', 'ucd', 'lpp') as kind, code, listed_from, listed_to from extra_list_periods
),
judged as (
  select s.delivery, s.kind, s.code, s.first_day, s.last_day, s.lines_nb, s.amount_eur, h.ends,
         count(p.code) > 0 as is_known,
         coalesce(bool_or((p.listed_from is null or p.listed_from <= s.last_day)
                          and (p.listed_to is null or p.listed_to >= s.first_day)) filter (p.code is not null), false)
           as is_listed,
         min(p.listed_from) as listed_from, max(p.listed_to) as listed_to
  from spent s
  join histories h on h.kind = s.kind
  left join periods p on p.kind = s.kind and p.code = s.code
  where s.delivery in (select source from extra_list_use)
  group by s.delivery, s.kind, s.code, s.first_day, s.last_day, s.lines_nb, s.amount_eur, h.ends
)
select delivery,
       case when is_known then 'HORS_PERIODE_D_INSCRIPTION' when first_day > ends then 'HISTORIQUE_DEPASSE'
            else 'CODE_JAMAIS_INSCRIT' end as finding,
       sum(lines_nb)::bigint as lines_nb, sum(amount_eur) as amount_eur,
       arg_min(code, (first_day, code)) as code, min(first_day) as first_day,
       arg_min_null(listed_from, (first_day, code)) as listed_from,
       arg_min_null(listed_to, (first_day, code)) as listed_to
from judged where not is_listed
group by delivery, finding order by delivery, finding
"""

_OFF_LIST_SAID: dict[str, tuple[Severity, str]] = {
    "HORS_PERIODE_D_INSCRIPTION": (
        "warning",
        "Le produit n'était pas (ou plus) sur la liste en sus ce mois-là : vérifier le code et le mois avec "
        "l'établissement. Rien n'a été retiré.",
    ),
    "CODE_JAMAIS_INSCRIT": (
        "warning",
        "Ce code ne figure pas dans l'historique de la liste en sus : vérifier le code. Rien n'a été retiré.",
    ),
    "HISTORIQUE_DEPASSE": (
        "information",
        "Ce code est inconnu d'un historique qui s'arrête avant ce mois : donner un historique plus récent.",
    ),
}


def check_validity(store: Store, lists: Iterable[CodeList], *, received: pd.DataFrame | None = None) -> Findings:
    """Return what spending meets outside the dates of the lists, and outside the time on the liste en sus.

    Parameters
    ----------
    store
        Store with the spending of the campaign (``extra_list_use``, ``lpp_spend``, ``annual_drug_spend``), and with
        ``extra_list_events`` and ``extra_list_periods`` when histories were received.
    lists
        The lists of the campaign.
    received
        Rows of ``code_lists`` of the lists received as files.

    Returns
    -------
    Findings
        ``CODE_HORS_VALIDITE`` (by delivery and list), ``LISTE_ANCIENNE`` (the list was last compared with its source
        more than two years before the spending; or after it, when it dates no code), ``HORS_PERIODE_D_INSCRIPTION``,
        ``CODE_JAMAIS_INSCRIT``, ``HISTORIQUE_DEPASSE`` (by delivery). Nothing is taken away from the spending.

    Notes
    -----
    A month, or a year when that is all the file says, is outside when none of its days is inside.
    """
    known = list(lists)
    # Typed tables: an empty column must still be text for the joins.
    rows = code_lists_table(known)
    if received is not None and len(received):
        rows = tables.CODE_LISTS.conform(pd.concat([rows, received], ignore_index=True))
    listed = pa.Table.from_pandas(rows, schema=tables.CODE_LISTS.arrow_schema, preserve_index=False)
    dated = [one for one in known if one.as_of]
    ages = pa.table(
        {"list": [one.id for one in dated], "as_of": [one.as_of for one in dated]},
        schema=pa.schema([("list", pa.string()), ("as_of", pa.date32())]),
    )
    with store.connect() as connection:
        connection.register("listed", listed)
        connection.register("ages", ages)
        outside, stale, off_list = (_rows(connection, sql) for sql in (_OUTSIDE, _STALE, _OFF_LIST))
    return Findings([*map(_outside, outside), *map(_stale, stale), *map(_off_list, off_list)])


def _rows(connection: duckdb.DuckDBPyConnection, sql: str) -> list[dict[str, Any]]:
    frame = tables.from_arrow(connection.sql(sql).to_arrow_table())
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def _outside(row: dict[str, Any]) -> Finding:
    when, span = _period(row["first_day"], row["last_day"]), _span(row["valid_from"], row["valid_to"])
    return Finding(
        row["delivery"],
        "CODE_HORS_VALIDITE",
        f"liste {row['list']}",
        "warning",
        int(row["lines_nb"]),
        f"{row['code']} en {when}, liste valable {span}\xa0; {_amount(row['amount_eur'])} en tout",
        "La dépense tombe hors des dates du code dans cette liste : corriger les dates dans une liste de la région "
        "(code_lists) si elles sont fausses, sinon vérifier le code reçu. Rien n'a été retiré.",
    )


def _stale(row: dict[str, Any]) -> Finding:
    first, last = row["first_day"], row["last_day"]
    when = [] if pd.isna(first) else [f"depuis le {first:%d/%m/%Y}"]
    when += [] if pd.isna(last) else [f"jusqu'au {last:%d/%m/%Y}"]
    lacking = [*([] if pd.isna(last) else ["créés depuis"]), *([] if pd.isna(first) else ["supprimés avant"])]
    return Finding(
        row["delivery"],
        "LISTE_ANCIENNE",
        f"liste {row['list']}",
        "information",
        int(row["lines_nb"]),
        f"liste vue le {row['as_of']:%d/%m/%Y}, dépenses {' et '.join(when)}",
        f"Des codes {' ou '.join(lacking)} peuvent manquer à la liste : la comparer à sa source, puis y inscrire la "
        "date de cette vérification.",
    )


def _off_list(row: dict[str, Any]) -> Finding:
    severity, remedy = _OFF_LIST_SAID[row["finding"]]
    is_known = row["finding"] == "HORS_PERIODE_D_INSCRIPTION"
    known = f", inscrit {_span(row['listed_from'], row['listed_to'])}" if is_known else ""
    return Finding(
        row["delivery"],
        row["finding"],
        "liste en sus",
        severity,
        int(row["lines_nb"]),
        f"{row['code']} en {row['first_day']:%Y-%m}{known}\xa0; {_amount(row['amount_eur'])} en tout",
        remedy,
    )


def _amount(amount: Any) -> str:
    return "montant inconnu" if pd.isna(amount) else french.euros(amount, cents=True)


def _period(first: pd.Timestamp, last: pd.Timestamp) -> str:
    return f"{first:%Y-%m}" if (first.year, first.month) == (last.year, last.month) else f"{first:%Y}"


def _span(start: pd.Timestamp, end: pd.Timestamp) -> str:
    if pd.isna(start):
        return "sans limite" if pd.isna(end) else f"jusqu'au {end:%d/%m/%Y}"
    return f"depuis le {start:%d/%m/%Y}" if pd.isna(end) else f"du {start:%d/%m/%Y} au {end:%d/%m/%Y}"

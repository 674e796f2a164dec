"""The liste en sus as a campaign receives it: histories, ATIH files, and the months that these files add up to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import pandas as pd

from caqes_analysis import extra_list, french, tables
from caqes_analysis.campaign_sources import ExtraListHistorySource, ExtraListSource
from caqes_analysis.errors import Problem, SourceError
from caqes_analysis.sources.atih import ingest_atih
from caqes_analysis.sources.atih_references import read_known_codes, references_from
from caqes_analysis.sources.extra_list_history import read_biosimilar_tariffs, read_lpp_history, read_ucd_history
from caqes_analysis.sources.findings import Finding, Findings
from caqes_analysis.sources.received import Received
from caqes_analysis.store import Store

__all__ = ["SEVERAL_FILES", "add_months", "monthly_from_uses", "read_history", "receive_file", "settle_history"]

SEVERAL_FILES = "atih-plusieurs-fichiers"
"""Delivery of a month that several ATIH files add up to."""

_HISTORIES = {"ucd": read_ucd_history, "lpp": read_lpp_history, "biosimilar_tariffs": read_biosimilar_tariffs}
# Files of one family tell the same uses: what came in (rum) and what went out (rsa), or two deliveries of a year.
_FAMILIES = {
    "rsa_med": "mco",
    "rum_med": "mco",
    "rsa_dmi": "mco",
    "rum_dmi": "mco",
    "rapss_med": "had",
    "rha_med": "smr",
    "rafael": "rafael",
}
_ENVELOPES = ("extra_list_drugs", "extra_list_devices")
_OPTIONAL_KINDS = ("reimbursed", "tariff")
_KIND_LABELS = {"reimbursed": "montant facturé", "tariff": "montant au tarif"}


def read_history(source: ExtraListHistorySource) -> Received:
    """Read one history of the list: rows of ``extra_list_events``.

    Raises
    ------
    SourceError
        With all the problems of the file.
    """
    return _HISTORIES[source.content](source.path, delivery=source.delivery_name)


def settle_history(store: Store, *, part: str) -> None:
    """Write the periods of listing and the tariffs that the histories received so far tell."""
    if store.has(tables.EXTRA_LIST_EVENTS):
        events = store.read(tables.EXTRA_LIST_EVENTS)
        store.write(tables.EXTRA_LIST_PERIODS, extra_list.listing_periods(events), part=part)
        store.write(tables.EXTRA_LIST_TARIFFS, extra_list.tariffs(events), part=part)


def receive_file(source: ExtraListSource, store: Store, *, provisional_from: date | None) -> Findings:
    """Read one ATIH file into the store, cleaned with the periods and tariffs that the store holds.

    Parameters
    ----------
    source
        The file, as the campaign names it.
    store
        Takes ``extra_list_use`` and ``deliveries``.
    provisional_from
        First month that may still be completed.

    Raises
    ------
    SourceError
        With all the problems of the file.
    """
    periods, dated = store.read(tables.EXTRA_LIST_PERIODS), store.read(tables.EXTRA_LIST_TARIFFS)
    references = references_from(
        known_codes=None if source.known_codes is None else read_known_codes(source.known_codes),
        listing_period=None if periods.empty else periods,
        tariffs=None if dated.empty else dated,
    )
    name = source.delivery_name
    findings = ingest_atih(
        source.path,
        store,
        file_type=source.file_type,
        year=source.year,
        delivery=name,
        references=references,
        without=source.without,
        layouts=source.layouts,
        provisional_from=provisional_from,
    )
    totals = store.query(
        "select coalesce(sum(purchase_eur), 0)::decimal(18, 2) as total_eur, "
        "sum(reimbursed_eur)::decimal(18, 2) as total_billed_eur, sum(tariff_eur)::decimal(18, 3) as total_tariff_eur, "
        "coalesce(sum(quantity_nb), 0)::decimal(18, 3) as total_nb from extra_list_use where source = ?",
        [name],
    ).iloc[0]
    described = Store.read_parts(tables.DELIVERIES, [store.part_path(tables.DELIVERIES, name)])
    described["received_on"] = pd.Timestamp(source.received_on) if source.received_on else pd.NaT
    store.write(tables.DELIVERIES, described.assign(**totals), part=name)
    return findings


def monthly_from_uses(
    store: Store, sources: Sequence[ExtraListSource], *, provisional_from: date | None = None
) -> tuple[pd.DataFrame, Findings]:
    """Add the lines of ATIH files up to months, for the envelopes that no monthly file gives.

    Parameters
    ----------
    store
        Store with ``extra_list_use`` and the monthly files already received.
    sources
        The ATIH files, as the campaign names them.
    provisional_from
        First month that may still be completed.

    Returns
    -------
    tuple
        Rows of ``monthly_spend``, and findings.

    Raises
    ------
    SourceError
        ``DOUBLON_ENTRE_LIVRAISONS`` when two files tell the same uses of an establishment, even of an envelope that a
        monthly file gives.

    Notes
    -----
    One row per kind of amount; an envelope has only the kinds that all its lines have, so that a total never mixes
    them. A month without line, between the first use and the last month of the file, is a true zero. Months of a year
    of which the establishment sent no file (the end of the stays of the year before) would look like a fall: they are
    left out, and told. See ``docs/methods/atih.md``.
    """
    empty = tables.MONTHLY_SPEND.empty()
    if not sources or not store.has(tables.EXTRA_LIST_USE):
        return empty, Findings()
    _refuse_doubles(store, sources)
    taken = set(store.query("select distinct envelope from monthly_spend")["envelope"])
    wanted = [code for code in _ENVELOPES if code not in taken]
    if not wanted:
        return empty, Findings()
    with_files, parameters = _with_files(sources, wanted)
    kinds, findings = _common_kinds(store, with_files, parameters, wanted)
    findings += _left_out(store, with_files, parameters)
    rows = store.query(with_files + _months_sql(kinds), {**parameters, "provisional": provisional_from})
    return tables.MONTHLY_SPEND.conform(rows), findings


def add_months(store: Store, sources: Sequence[ExtraListSource], *, provisional_from: date | None = None) -> Findings:
    """Write the months of :func:`monthly_from_uses` into ``monthly_spend``, a part per delivery.

    Parameters
    ----------
    store, sources, provisional_from
        As there.
    """
    rows, findings = monthly_from_uses(store, sources, provisional_from=provisional_from)
    for delivery, part in rows.groupby("delivery", sort=True):
        store.write(tables.MONTHLY_SPEND, part, part=str(delivery))
    return findings


def _with_files(sources: Sequence[ExtraListSource], wanted: Sequence[str]) -> tuple[str, dict[str, object]]:
    """Return the beginning of every query: the lines, with their envelope and what is known of their file."""
    parameters: dict[str, object] = {"wanted": list(wanted)}
    rows = []
    for rank, source in enumerate(sources):
        parameters |= {f"name{rank}": source.delivery_name, f"family{rank}": _FAMILIES[source.file_type]}
        parameters |= {f"year{rank}": source.year, f"tax{rank}": source.tax}
        rows.append(f"($name{rank}::text, $family{rank}::text, $year{rank}::int, $tax{rank}::text)")
    sql = f"""
    with files(delivery, family, file_year, tax) as (values {", ".join(rows)}),
    uses as (
      select * from (
        select u.*, f.family, f.file_year, f.tax,
               case u.kind when 'drug' then 'extra_list_drugs' else 'extra_list_devices' end as envelope
        from extra_list_use u join files f on f.delivery = u.source
      ) where list_contains($wanted::text[], envelope)
    ),
    covered as (select distinct finess, family, envelope, file_year from uses),
    counted as (
      select u.* from uses u semi join covered c
      on c.finess = u.finess and c.family = u.family and c.envelope = u.envelope and c.file_year = year(u.month)
    )
    """
    return sql, parameters


def _months_sql(kinds: dict[str, list[str]]) -> str:
    """Return the query of the months; ``kinds`` by envelope are names of the package, not of the user."""
    amounts = " union all ".join(
        f"select envelope, finess, month, source, date_basis, tax, is_provisional, '{kind}' as amount_kind, "
        f"{kind}_eur as amount_eur from counted where envelope = '{envelope}'"
        for envelope, found in kinds.items()
        for kind in found
    )
    return f"""
    , amounts as ({amounts}),
    ends as (select source, max(month) as last_month from counted where year(month) = file_year group by source),
    starts as (select finess, envelope, min(month) as first_month from counted group by all),
    spans as (
      select distinct c.finess, c.envelope, c.source, c.date_basis, c.tax, m.month::date as month
      from (select distinct finess, envelope, source, date_basis, tax, file_year from counted) c
      join ends e on e.source = c.source
      join starts s on s.finess = c.finess and s.envelope = c.envelope,
      unnest(generate_series(greatest(s.first_month, make_date(c.file_year, 1, 1)), e.last_month, interval 1 month))
        as m(month)
    ),
    every as (
      select * from amounts
      union all
      select s.envelope, s.finess, s.month, s.source, s.date_basis, s.tax,
             $provisional::date is not null and s.month >= $provisional::date, k.amount_kind, 0::decimal(18, 2)
      from spans s join (select distinct envelope, amount_kind from amounts) k on k.envelope = s.envelope
      anti join counted c on c.finess = s.finess and c.envelope = s.envelope and c.month = s.month
    )
    select finess, month, envelope, amount_kind,
           case when count(distinct source) = 1 then min(source) else '{SEVERAL_FILES}' end as delivery,
           sum(amount_eur)::decimal(18, 2) as amount_eur,
           case when count(distinct date_basis) = 1 then min(date_basis) else 'unknown' end as date_basis,
           case when count(distinct tax) = 1 then min(tax) else 'unknown' end as tax,
           case when sum(amount_eur) = 0 then 'zero' else 'reported' end as value_status,
           bool_or(is_provisional) as is_provisional, false as is_corrected
    from every group by finess, month, envelope, amount_kind order by finess, month, envelope, amount_kind
    """


def _refuse_doubles(store: Store, sources: Sequence[ExtraListSource]) -> None:
    """Refuse files that tell the same uses, a problem per set of files.

    Whether or not a monthly file gives the envelope: indicators and savings read the lines, which would count twice.
    """
    with_files, parameters = _with_files(sources, _ENVELOPES)
    twice = store.query(
        with_files + "select finess, envelope, file_year, list(distinct source order by source) as deliveries "
        "from uses group by finess, envelope, family, file_year having count(distinct source) > 1 order by all",
        parameters,
    )
    names = {source.delivery_name: source.path.name for source in sources}
    first_of: dict[tuple[str, ...], list[dict[Any, Any]]] = {}
    for row in twice.to_dict("records"):
        first_of.setdefault(tuple(row["deliveries"]), []).append(row)
    if first_of:
        raise SourceError(
            Problem(
                "DOUBLON_ENTRE_LIVRAISONS",
                f"plusieurs fichiers de l'ATIH ({', '.join(names[one] for one in deliveries)}) donnent les lignes d'un "
                "même établissement et d'une même année : chacune compterait deux fois.",
                "Ne nommer que le fichier le plus complet de l'année (les fichiers sont cumulatifs ; rsa et rum disent "
                "la même chose).",
                column="sources.extra_list",
                value=f"{rows[0]['finess']}, {rows[0]['file_year']}, {rows[0]['envelope']}",
                count=len(rows),
            )
            for deliveries, rows in sorted(first_of.items())
        )


def _common_kinds(
    store: Store, with_files: str, parameters: dict[str, object], wanted: list[str]
) -> tuple[dict[str, list[str]], Findings]:
    """Return by envelope the kinds of amount that all its lines have."""
    counts = store.query(
        with_files + "select envelope, count(*) as lines_nb, count(reimbursed_eur) as reimbursed, "
        "count(tariff_eur) as tariff, min(source) filter (reimbursed_eur is not null) as example "
        "from counted group by envelope order by envelope",
        parameters,
    ).set_index("envelope")
    kinds = {code: ["purchase"] for code in wanted}
    found = []
    for envelope, row in counts.iterrows():
        for kind in _OPTIONAL_KINDS:
            if row[kind] == row["lines_nb"]:
                kinds[str(envelope)].append(kind)
            elif row[kind]:
                found.append(
                    Finding(
                        str(row["example"]),
                        "NATURE_NON_COMMUNE",
                        f"{envelope}, {_KIND_LABELS[kind]}",
                        "information",
                        int(row[kind]),
                        f"{row[kind]} lignes sur {row['lines_nb']}",
                        "Les mois ne sont pas suivis dans cette nature, que toutes les lignes n'ont pas : l'enveloppe "
                        "est suivie au prix d'achat. Les lignes la gardent.",
                    )
                )
    return kinds, Findings(found)


def _left_out(store: Store, with_files: str, parameters: dict[str, object]) -> Findings:
    """Tell the lines of years without a file of their own."""
    rows = store.query(
        with_files + "select u.source, u.envelope, count(*) as lines_nb, sum(u.purchase_eur) as total, "
        "min(u.month) as first_month, max(u.month) as last_month, min(u.finess) as finess from uses u "
        "anti join covered c on c.finess = u.finess and c.family = u.family and c.envelope = u.envelope "
        "and c.file_year = year(u.month) group by u.source, u.envelope order by all",
        parameters,
    )
    return Findings(
        Finding(
            row["source"],
            "MOIS_SANS_FICHIER",
            f"{row['envelope']}, {row['first_month']:%Y-%m} à {row['last_month']:%Y-%m}",
            "information",
            int(row["lines_nb"]),
            f"{row['finess']} : {french.euros(row['total'], cents=True)} en tout",
            "Administrations d'une année dont l'établissement n'a pas envoyé de fichier : gardées dans les lignes, "
            "hors des mois (une fin d'année seule passerait pour une chute). Ajouter le fichier de cette année.",
        )
        for row in rows.to_dict("records")
    )

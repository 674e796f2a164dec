"""What the sheets print of their region, at the precision at which it is printed.

A sheet reads its own rows and this table, nothing else of the region: a euro spent elsewhere that moves none of these
texts does not change the sheet, and it is not run again.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from caqes_analysis import french, perimeter, quality, tables
from caqes_analysis.campaign import Campaign
from caqes_analysis.chapters.atypie_facts import targeting_facts
from caqes_analysis.chapters.contract_facts import contract_facts
from caqes_analysis.chapters.received_in_part import region_received
from caqes_analysis.chapters.words import MAIN_ENVELOPE, format_of, small_percent, small_points
from caqes_analysis.deliveries import PERIODS
from caqes_analysis.envelopes import envelope_named
from caqes_analysis.indicators.available import stored_definition
from caqes_analysis.indicators.campaign_evolutions import campaign_evolutions
from caqes_analysis.indicators.definition import CURRENT_PERIMETER
from caqes_analysis.indicators.evolution import contributions, missing_numbers
from caqes_analysis.indicators.structure import annual_years
from caqes_analysis.quality.development import completed_by_establishment
from caqes_analysis.savings.lever_prescribers import listed_establishments
from caqes_analysis.savings.levers import looks_like_extract
from caqes_analysis.store import Store

__all__ = [
    "BASE_YEARS",
    "CLOSED_YEAR",
    "COMPLETED",
    "COMPLETED_RATE",
    "CONTRIBUTION",
    "DOUBT",
    "ERROR",
    "FIRST_MONTH",
    "IS_EXTRACT",
    "PERIMETER_EFFECT",
    "PRESCRIBERS",
    "RANK",
    "RANKED_NB",
    "RECEIVED",
    "REGION_VALUE",
    "SHARE",
    "UNMATCHED",
    "completed_facts",
    "completed_rates",
    "completed_rows",
    "keep_regional_context",
    "regional_context",
]

RECEIVED = "reçu"
"""Subject of what is said of the files themselves."""
BASE_YEARS = "bases annuelles"
"""Subject of the years of the yearly drug bases received, each a measure."""

SHARE, CONTRIBUTION, RANK, RANKED_NB = "part", "contribution", "rang", "classés"
PERIMETER_EFFECT = "effet de périmètre"
REGION_VALUE, CLOSED_YEAR = "région", "année close"
FIRST_MONTH, IS_EXTRACT, PRESCRIBERS = "premier mois", "extrait", "prescripteurs"
UNMATCHED = "écart annuel"
"""Subject of the years, each a measure, whose months do not make the yearly base; printed: the two amounts."""
ERROR, DOUBT = "erreur à régler", "constat à regarder"
"""Subjects of what the controls noticed about an establishment, by severity; printed: where, an example, what to do."""

COMPLETED, COMPLETED_RATE = "mois complétés", "évolution complétée"
"""Subjects of the last months that the establishment's own deliveries complete, and of the evolution, by envelope, that
counts them so; printed: the sentence."""

_Fact = tuple[str, str, str]
_NOTICED = {"error": ERROR, "warning": DOUBT}


def keep_regional_context(store: Store, campaign: Campaign) -> None:
    """Write what the sheets print of their region: table ``regional_context``.

    Parameters
    ----------
    store
        Store of the campaign, everything derived.
    campaign
        The campaign.
    """
    store.write(tables.REGIONAL_CONTEXT, regional_context(store, campaign), part="region")


def regional_context(store: Store, campaign: Campaign) -> pd.DataFrame:
    """Return what each sheet prints of its region.

    Parameters
    ----------
    store
        Store of the campaign, everything derived.
    campaign
        The campaign.

    Returns
    -------
    DataFrame
        Table ``regional_context``. For the main envelope: share of the region, contribution to its evolution (absent
        when it has none) and rank among so many, or effect of a change of perimeter. For each indicator of the scheme:
        value of the region, last whole year. Of what was received: first month, whether the yearly base looks like an
        extract, the years whose months do not make that base, what the controls noticed about the establishment
        that no correction settled, its last months completed as its deliveries were and the evolution that counts them
        so, how the rules of the scheme target it, the yearly bases and what the last says of its contract, and whether
        a list of prescribers of the year of the levers was received for it.
    """
    shared = [*_of_indicators(store, campaign), *_of_files(store)]
    evolutions, completed = campaign_evolutions(store, campaign), completed_rows(store, campaign)
    own = {str(row["finess"]): row for row in _weights(store, campaign, evolutions).to_dict("records")}
    rows: list[tuple[str, str, str, str]] = [*_unmatched(store), *_noticed(store), *_with_prescribers(store)]
    rows += completed_facts(completed, campaign)
    rows += completed_rates(completed, evolutions, campaign)
    rows += targeting_facts(store, campaign)
    rows += contract_facts(store, campaign)
    for finess in sorted({*perimeter.current_establishments(store)["finess"], *own}):
        weight = own.get(finess)
        facts = shared if weight is None else [*_of_weight(weight), *shared]
        rows += [(finess, *fact) for fact in facts]
    return tables.REGIONAL_CONTEXT.conform(pd.DataFrame(rows, columns=tables.REGIONAL_CONTEXT.column_names))


def _weights(store: Store, campaign: Campaign, rows: pd.DataFrame) -> pd.DataFrame:
    is_read = (rows["envelope"] == MAIN_ENVELOPE) & (rows["month_nb"] == campaign.settled_month_nb)
    found = contributions(rows[is_read].reset_index(drop=True))
    return found.assign(ranked_nb=int(found["rank"].notna().sum()), regional_share=_shares(store, found, campaign.year))


def _shares(store: Store, rows: pd.DataFrame, year: int) -> list[float]:
    """Return the share of each establishment in the region, both over the months that it has itself."""
    months = store.query(
        "select finess, month(month) as m, amount_eur from monthly_grid "
        "where envelope = $envelope and year(month) = $year and amount_eur is not null",
        {"envelope": MAIN_ENVELOPE, "year": year},
    )
    absent = {str(row["finess"]): missing_numbers(row["missing_months"]) for row in rows.to_dict("records")}
    is_left_out = [m in absent.get(finess, ()) for finess, m in zip(months["finess"], months["m"], strict=True)]
    counted = months[~pd.Series(is_left_out, index=months.index, dtype=bool)]
    region = float(rows["current_eur"].sum())
    shares = []
    for row in rows.to_dict("records"):
        others = counted[(counted["finess"] != row["finess"]) & counted["m"].isin(list(absent.get(row["finess"], ())))]
        whole = region - float(others["amount_eur"].sum())
        shares.append(float(row["current_eur"]) / whole if whole else float("nan"))
    return shares


def _of_weight(row: Mapping[Hashable, Any]) -> Iterator[_Fact]:
    share, points = row["regional_share"], row["contribution_points"]
    yield MAIN_ENVELOPE, SHARE, small_percent(100 * share)
    if not pd.isna(points):
        yield MAIN_ENVELOPE, CONTRIBUTION, small_points(points)
        yield MAIN_ENVELOPE, RANK, str(row["rank"])
        yield MAIN_ENVELOPE, RANKED_NB, str(row["ranked_nb"])
    elif not pd.isna(row["perimeter_points"]):
        yield MAIN_ENVELOPE, PERIMETER_EFFECT, small_points(row["perimeter_points"])


def _of_indicators(store: Store, campaign: Campaign) -> Iterator[_Fact]:
    rows = store.query(
        """
        with known as (
          select * from indicators
          where period is not null and list_contains(string_split(coalesce(schemes, ''), ','), $scheme)
        ),
        closed as (
          select indicator, max(period) filter (length(period) = 4) as closed_year
          from indicator_trends where perimeter = $perimeter group by indicator
        )
        select k.indicator, k.definition, k.measure, k.period, c.closed_year, t.value
        from known k left join closed c using (indicator)
        left join indicator_trends t on t.indicator = k.indicator and t.measure = k.measure and t.period = k.period
                                     and t.level = 'region' and t.perimeter = $perimeter
        order by k.indicator
        """,
        {"scheme": campaign.scheme, "perimeter": CURRENT_PERIMETER},
    )
    for row in rows.to_dict("records"):
        definition = stored_definition(row["definition"])
        measure = definition.measure(row["measure"])
        unit = format_of(measure)
        # Beside a value that names its unit, counts stand without it: the table keeps within the page.
        short = unit if unit.unit in ("%", "€") else replace(unit, unit="")
        # The sum of a few is not that of the region.
        part = region_received(store, definition, measure, row["period"])
        whose = "" if part is None else f" ({part.short_words})"
        yield row["indicator"], REGION_VALUE, f"{short.write(row['value'])}{whose}"
        if isinstance(row["closed_year"], str):
            yield row["indicator"], CLOSED_YEAR, row["closed_year"]


def _of_files(store: Store) -> Iterator[_Fact]:
    first = store.query(f"select min(period_start) as month from ({PERIODS})")["month"].iloc[0]
    if not pd.isna(first):
        yield RECEIVED, FIRST_MONTH, f"{first:%Y-%m}"
    if looks_like_extract(store):
        yield RECEIVED, IS_EXTRACT, "oui"
    for year in annual_years(store):
        yield BASE_YEARS, str(year), "reçue"


def _unmatched(store: Store) -> Iterator[tuple[str, str, str, str]]:
    for row in quality.unmatched_years(store).to_dict("records"):
        monthly, annual = (french.euros(row[name], cents=True) for name in ("monthly_eur", "annual_eur"))
        yield row["finess"], UNMATCHED, str(row["year"]), f"somme des mois {monthly}, Open PHMEV {annual}"


def _noticed(store: Store) -> Iterator[tuple[str, str, str, str]]:
    """Yield the findings that name an establishment; those of the register and of absent months are told apart."""
    followed = perimeter.current_establishments(store)["finess"]
    merged = store.read(tables.SUCCESSIONS).set_index("finess")["current_finess"]
    heirs = {str(finess): str(finess) for finess in followed} | merged.to_dict()
    unmatched = {(row["finess"], str(row["year"])) for row in quality.unmatched_years(store).to_dict("records")}
    findings = store.read(tables.FINDINGS).sort_values(["delivery", "code", "place"])
    for row in findings[~findings["delivery"].eq("corrections")].to_dict("records"):
        finess, _, where = row["place"].partition(", ")
        subject = _NOTICED.get(row["severity"])
        is_told = row["code"] == "MOIS_ABSENT" or (
            row["code"] == "ECART_ANNUEL" and (heirs.get(finess), where[-4:]) in unmatched
        )
        if finess not in heirs or subject is None or is_told:
            continue
        place = where if heirs[finess] == finess else row["place"]
        key = f"{row['code']}, {row['place']}, {row['delivery']}"
        example = row["example"].removeprefix(place.rpartition(", ")[2]).lstrip(f"{french.NBSP} :")
        yield heirs[finess], subject, key, f"{place}{french.NBSP}: {example}. {row['remedy']}"


def completed_rows(store: Store, campaign: Campaign) -> pd.DataFrame:
    """Return the provisional months of the year that an establishment's own deliveries complete, of those followed.

    Parameters
    ----------
    store, campaign
        The campaign, its deliveries received.

    Returns
    -------
    DataFrame
        As :func:`~caqes_analysis.quality.development.completed_by_establishment` does, in the kind of amount that the
        report follows; empty where no month is provisional.
    """
    limit = campaign.provisional_from
    rows = completed_by_establishment(store)
    if limit is None or rows.empty:
        return rows.iloc[:0]
    followed = store.query("select finess, envelope, amount_kind, month from monthly_grid where amount_eur is not null")
    found = rows[rows["month"] >= pd.Timestamp(limit)].merge(followed)
    return found[found["finess"].isin(list(perimeter.current_establishments(store)["finess"]))]


def completed_facts(rows: pd.DataFrame, campaign: Campaign) -> Iterator[tuple[str, str, str, str]]:
    """Yield completed months, as a sheet prints them.

    Parameters
    ----------
    rows, campaign
        As :func:`completed_rows` returns them, and its campaign.
    """
    for row in rows.to_dict("records"):
        label = envelope_named(row["envelope"], campaign.all_envelopes).short_label
        received, completed = (french.compact_euros(row[name]) for name in ("received_eur", "completed_eur"))
        between = ""
        if not pd.isna(row["lower_80_eur"]):
            low, high = (french.compact_euros(row[name]) for name in ("lower_80_eur", "upper_80_eur"))
            between = f" (entre {low} et {high}, huit fois sur dix)"
        text = (
            f"{label}, {french.month_year(row['month'])}{french.NBSP}: {received} reçus, environ {completed}{between} "
            "une fois complétés comme ses livraisons passées."
        )
        yield row["finess"], COMPLETED, f"{row['envelope']}/{row['month']:%Y-%m}", text


def completed_rates(
    rows: pd.DataFrame, evolutions: pd.DataFrame, campaign: Campaign
) -> Iterator[tuple[str, str, str, str]]:
    """Yield the evolution at the last month received once its months are completed, as a sheet prints it.

    Parameters
    ----------
    rows, evolutions, campaign
        As :func:`completed_rows` returns them; table ``evolutions`` of the campaign.
    """
    last_nb = campaign.last_month_nb
    read = evolutions[(evolutions["month_nb"] == last_nb) & evolutions["evolution_pct"].notna()]
    known = {(row["finess"], row["envelope"]): row for row in read.to_dict("records")}
    for key, own in rows.groupby(["finess", "envelope"], sort=True):
        finess, envelope = map(str, key)
        row = known.get((finess, envelope))
        if row is None:
            continue
        counted = own[~own["month"].dt.month.isin(missing_numbers(row["missing_months"]))]
        added = float((counted["completed_eur"] - counted["received_eur"]).sum())
        completed_pct = 100 * ((float(row["current_eur"]) + added) / float(row["previous_eur"]) - 1)
        completed, received = (french.percent(one, signed=True) for one in (completed_pct, row["evolution_pct"]))
        if completed != received:
            label = envelope_named(envelope, campaign.all_envelopes).short_label
            yield (
                finess,
                COMPLETED_RATE,
                envelope,
                f"{label} à M{last_nb}, mois provisoires complétés comme les livraisons passées de l'établissement"
                f"{french.NBSP}: environ {completed}, au lieu de {received}.",
            )


def _with_prescribers(store: Store) -> Iterator[tuple[str, str, str, str]]:
    year = store.query("select max(year) as year from levers")["year"].iloc[0]
    if not pd.isna(year):
        for finess in listed_establishments(store, year=int(year)):
            yield finess, RECEIVED, PRESCRIBERS, "oui"

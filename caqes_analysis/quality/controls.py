"""The controls of what a campaign received, once every file is read: each finding says what, where and what to do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Final

import pandas as pd

from caqes_analysis import french, tables
from caqes_analysis.envelopes import ENVELOPES, Envelope
from caqes_analysis.quality.absent_runs import absent_runs
from caqes_analysis.quality.activity_controls import check_activity
from caqes_analysis.quality.annual_controls import check_annual
from caqes_analysis.quality.completeness import absent_months, lone_months
from caqes_analysis.quality.delivery_controls import check_closed_periods, check_deliveries
from caqes_analysis.quality.envelope_parts import part_findings
from caqes_analysis.quality.everyone import gathered_cumuls, gathered_outliers, gathered_repeats, unexplained
from caqes_analysis.quality.exchange_findings import exchange_findings
from caqes_analysis.quality.exchanges import ExchangedYear, find_exchanges
from caqes_analysis.quality.lpp_controls import check_lpp
from caqes_analysis.quality.not_months import CumulatedYear, IncompleteEnd, find_cumulated, find_incomplete_end
from caqes_analysis.quality.outliers import Outlier, outliers_of
from caqes_analysis.quality.panels import Panel, panels
from caqes_analysis.quality.perimeter_findings import closure_findings, outside_validity_findings
from caqes_analysis.quality.prescriber_controls import check_prescribers
from caqes_analysis.quality.reconciliation import annual_gaps, annual_years_in_doubt
from caqes_analysis.quality.repeat_chances import repeats_of_all
from caqes_analysis.quality.repeats import Repeat, find_copies, find_entities, find_totals
from caqes_analysis.quality.shifts import find_shifts
from caqes_analysis.quality.source_gaps import absence_findings, annual_findings, doubt_findings, weight_findings
from caqes_analysis.quality.units import UnitDoubt, find_unit_doubts
from caqes_analysis.quality.whole_year_findings import (
    not_started_findings,
    odd_year_findings,
    rounded_findings,
    stopped_findings,
)
from caqes_analysis.quality.whole_years import OddYear, find_odd_years
from caqes_analysis.sources.findings import Finding, Findings, Severity
from caqes_analysis.store import Store

__all__ = ["check_received"]

_MOSTLY: Final = 0.5
_REGISTER = (
    "Vérifier avec l'expéditeur ; une erreur confirmée s'inscrit au registre des corrections. Rien n'est changé."
)
_SEVERITIES: Mapping[str, Severity] = {
    "FACTEUR_10": "error",
    "FACTEUR_100": "error",
    "FACTEUR_1000": "error",
    "LIGNE_DE_TOTAL": "error",
    "ENTITE_ET_SITES": "error",
}


def check_received(
    store: Store, *, last_month: pd.Timestamp | None, envelopes: tuple[Envelope, ...] = ENVELOPES
) -> Findings:
    """Run every control that bears on several lines or several files.

    Parameters
    ----------
    store
        Store of the campaign: sources read, establishments settled.
    last_month
        Last month that the campaign announces; None in annual mode.
    envelopes
        The envelopes known, for their names.

    Returns
    -------
    Findings
        One finding per establishment, envelope and cause; the most serious kinds first.
    """
    found: list[Finding] = list(_same_files(store))
    doubts = annual_years_in_doubt(store)
    found += doubt_findings(doubts)
    explained = {("", int(year)) for year in doubts["year"]}
    if store.has(tables.MONTHLY_SPEND) and last_month is not None:
        names = {envelope.code: envelope.short_label for envelope in envelopes}
        entities = _entities(store)
        totals: set[str] = set()
        every = list(panels(store))
        exchanges = list(find_exchanges(every))
        found += exchange_findings(exchanges, names)
        explained |= {(one.finess, one.year) for one in _within(exchanges, "phmev")}
        gaps = annual_gaps(store)
        reconciled = {(str(one), int(year)) for one, year in zip(gaps["finess"], gaps["year"], strict=True)}
        closed, opened = _closed(store), _opened(store, every)
        for panel, own_repeats in zip(every, repeats_of_all(every), strict=True):
            label = names.get(panel.envelope, panel.envelope)
            establishments_nb = len(set(panel.finess))
            cumuls = gathered_cumuls(list(find_cumulated(panel)), establishments_nb)
            found += [_cumul_finding(one, label) for one in cumuls]
            told: list[CumulatedYear | ExchangedYear] = [*cumuls, *_within(exchanges, panel.envelope)]
            outliers = gathered_outliers(unexplained(outliers_of(panel), told), establishments_nb)
            if panel.envelope == "phmev":
                explained |= {(one.finess, year) for one in outliers for year in _years(one)}
                explained |= {(one.finess, one.year) for one in cumuls}
            found += [_outlier_finding(one, label) for one in outliers]
            repeats = gathered_repeats(unexplained(own_repeats, cumuls), establishments_nb)
            sure = [one for one in repeats if one.is_sure]
            bases = reconciled if panel.envelope == "phmev" else set()
            found += odd_year_findings(_unexplained_years(panel, [*told, *outliers, *sure], bases), label)
            found += rounded_findings(panel, label)
            found += stopped_findings(panel, label, closed)
            found += not_started_findings(panel, label, opened)
            found += _equalities(panel, label, entities)
            found += [_repeat_finding(one, label) for one in repeats]
            found += [_incomplete_finding(one, label) for one in find_incomplete_end(panel)]
            totals |= {one.finess for one in find_totals(panel)}
            found += _shifts(panel, label)
        other_units = list(find_unit_doubts(every))
        found += _units(other_units, names)
        found += _absences(store, last_month, names, totals)
        found += _lone_months(store, names)
        found += outside_validity_findings(store)
        found += closure_findings(store)
        found += weight_findings(store, names)
        found += check_deliveries(store, names)
        found += part_findings(store, envelopes, {(one.finess, one.envelope) for one in other_units})
    found += annual_findings(store, explained)
    found += absence_findings(store, explained)
    found += check_annual(store)
    found += check_lpp(store)
    found += check_prescribers(store)
    found += check_activity(store, last_month=last_month)
    found += check_closed_periods(store)
    return Findings(sorted(found, key=lambda one: ("error", "warning", "information").index(one.severity)))


def _within(exchanges: Sequence[ExchangedYear], envelope: str) -> list[ExchangedYear]:
    """Return the exchanged years of an envelope, one for each establishment concerned."""
    own = [one for one in exchanges if envelope in (one.envelope, one.other_envelope)]
    return [*own, *(replace(one, finess=one.other_finess) for one in own)]


def _unexplained_years(
    panel: Panel, told: Sequence[CumulatedYear | ExchangedYear | Outlier | Repeat], reconciled: set[tuple[str, int]]
) -> list[OddYear]:
    """Return the odd years of which nothing is told yet, and that no yearly base confirms or denies."""
    known = {(one.finess, year) for one in told for year in _years(one)}
    bases = {year for _, year in reconciled}
    return [
        one
        for one in find_odd_years(panel)
        if not {(one.finess, one.year), ("", one.year)} & known
        and ((one.finess, one.year) not in reconciled if one.finess else one.year not in bases)
    ]


def _years(one: CumulatedYear | ExchangedYear | Outlier | Repeat) -> range:
    if isinstance(one, Outlier):
        return range(one.month.year, one.last_month.year + 1)
    year = one.month.year if isinstance(one, Repeat) else one.year
    return range(year, year + 1)


def _outlier_finding(one: Outlier, label: str) -> Finding:
    who = one.finess or "tous les établissements"
    months = french.month_year(one.month)
    count = (one.last_month.year - one.month.year) * 12 + one.last_month.month - one.month.month + 1
    if count > 1:
        months = f"{months} à {french.month_year(one.last_month)}"
    return Finding(
        delivery=one.delivery,
        code=one.code,
        place=f"{who}, {label}, {months}",
        severity=_SEVERITIES.get(one.code, "warning") if one.is_sure else "warning",
        count=count,
        example=f"{french.month_year(one.month)} : {french.euros(_cents(one.amount_eur), cents=True)} reçus, "
        f"environ {french.compact_euros(one.expected_eur)} attendus",
        remedy=f"Cause probable : {one.cause}. {_REGISTER}",
    )


def _cents(value: float) -> Decimal:
    return Decimal(value).quantize(Decimal("0.01"))


def _closed(store: Store) -> set[str]:
    """Return the establishments whose every period of validity has ended."""
    known = store.read(tables.ESTABLISHMENTS)
    return set(known["finess"]) - set(known.loc[known["valid_to"].isna(), "finess"])


def _opened(store: Store, every: Sequence[Panel]) -> set[str]:
    """Return the establishments whose first period of validity begins after the first month received."""
    known = store.read(tables.ESTABLISHMENTS)
    first = min((panel.months[0] for panel in every), default=pd.Timestamp.max)
    starts = known.groupby("finess")["valid_from"].min()
    return {*starts[starts > first].index, *known["successor"].dropna()}


def _entities(store: Store) -> dict[str, str]:
    """Return the juridical entity of each establishment that says it."""
    known = store.read(tables.ESTABLISHMENTS).dropna(subset=["finess_ej"])
    return dict(zip(known["finess"], known["finess_ej"], strict=True))


def _equalities(panel: Panel, label: str, entities: Mapping[str, str]) -> Iterator[Finding]:
    for whole in find_entities(panel, entities):
        yield Finding(
            delivery=whole.delivery,
            code="ENTITE_ET_SITES",
            place=f"{whole.finess}, {label}",
            severity=_SEVERITIES["ENTITE_ET_SITES"],
            count=whole.months_nb,
            example=f"{french.month_year(whole.month)} : {french.euros(_cents(whole.amount_eur), cents=True)}",
            remedy="Ce montant est, au centime, la somme de ceux de ses sites : l'entité juridique et ses sites sont "
            "reçus ensemble, et comptés deux fois. Ne garder que le niveau du contrat.",
        )
    for total in find_totals(panel):
        yield Finding(
            delivery=total.delivery,
            code="LIGNE_DE_TOTAL",
            place=f"{total.finess}, {label}",
            severity=_SEVERITIES["LIGNE_DE_TOTAL"],
            count=total.months_nb,
            example=f"{french.month_year(total.month)} : {french.euros(_cents(total.amount_eur), cents=True)}",
            remedy="Ce montant est, au centime, la somme de tous les autres : un total laissé dans le fichier, compté "
            "une seconde fois. Le retirer du fichier.",
        )
    for one in find_copies(panel):
        yield Finding(
            delivery=one.delivery,
            code="ETABLISSEMENT_RECOPIE",
            place=f"{one.finess}, {label}",
            severity="warning",
            count=one.months_nb,
            example=f"{french.month_year(one.month)} : {french.euros(_cents(one.amount_eur), cents=True)}, "
            f"comme l'établissement {one.copied_finess}",
            remedy="Cause probable : les mêmes lignes reçues sous deux FINESS (entité et site, ancien et nouveau). "
            f"{_REGISTER}",
        )


def _repeat_finding(one: Repeat, label: str) -> Finding:
    if not one.is_sure:
        cause = "Peut être un hasard, parmi toutes les séries reçues ; sinon, montant recopié d'un autre mois"
    elif one.finess:
        cause = "Cause probable : montant recopié d'un autre mois"
    else:
        cause = "Cause probable : fichier d'une autre année, ou mois recopiés pour tous"
    return Finding(
        delivery=one.delivery,
        code="MOIS_REPETE",
        place=f"{one.finess or 'tous les établissements'}, {label}, {french.month_year(one.month)}",
        severity="warning" if one.is_sure else "information",
        count=one.months_nb,
        example=f"{french.euros(_cents(one.amount_eur), cents=True)}, comme en {french.month_year(one.copied_month)}",
        remedy=f"{cause}. {_REGISTER}",
    )


def _cumul_finding(one: CumulatedYear, label: str) -> Finding:
    return Finding(
        delivery=one.delivery,
        code="MOIS_CUMULES",
        place=f"{one.finess or 'tous les établissements'}, {label}, {one.year}",
        severity="error",
        count=one.months_nb,
        example=f"janvier {french.compact_euros(one.first_eur)}, puis jusqu'à {french.compact_euros(one.last_eur)}",
        remedy="Cause probable : chaque montant court depuis janvier. Faire renvoyer des mois, ou déclarer la "
        "livraison cumulée (cumulative, as_of). Rien n'est changé.",
    )


def _incomplete_finding(one: IncompleteEnd, label: str) -> Finding:
    return Finding(
        delivery=one.delivery,
        code="DERNIER_MOIS_INCOMPLET",
        place=f"tous les établissements, {label}, {french.month_year(one.month)}",
        severity="warning",
        count=1,
        example=f"{french.percent(100 * one.received_share, 0)} de ce que donnent la saison et les mois précédents",
        remedy="Cause probable : mois encore incomplet et compté comme définitif. Le déclarer provisoire "
        "(provisional_months_nb), ou demander la livraison suivante.",
    )


def _units(doubts: Sequence[UnitDoubt], names: Mapping[str, str]) -> Iterator[Finding]:
    for one in doubts:
        small = one.factor < 1
        times = french.number(1 / one.factor if small else one.factor, 0)
        yield Finding(
            delivery=one.delivery,
            code="UNITE_DOUTEUSE",
            place=f"{one.finess}, {names.get(one.envelope, one.envelope)}",
            severity="warning",
            count=one.months_nb,
            example=f"{french.euros(_cents(one.median_eur), cents=True)} par mois : au regard de sa PHMEV, "
            f"{times} fois {'moins' if small else 'plus'} que les autres établissements",
            remedy=f"Cause probable : {'montants' if small else 'PHMEV'} de cet établissement en milliers d'euros "
            f"(k€), du premier au dernier mois. {_REGISTER}",
        )


def _shifts(panel: Panel, label: str) -> Iterator[Finding]:
    for one in find_shifts(panel):
        late = "trop tard" if one.months_nb > 0 else "trop tôt"
        yield Finding(
            delivery=one.delivery,
            code="MOIS_DECALES",
            place=f"{one.finess}, {label}, {one.year}",
            severity="warning",
            count=12,
            example=f"la saison de tous, un mois {late}, explique {french.number(one.ratio, 1)} fois mieux ces mois",
            remedy=f"Cause probable : les mois de cet établissement sont décalés d'un rang. {_REGISTER}",
        )


def _absences(store: Store, last_month: pd.Timestamp, names: Mapping[str, str], totals: set[str]) -> Iterator[Finding]:
    """Yield the months without any line: month by month when most are concerned, else by establishment."""
    absent = absent_months(store, last_month=last_month)
    absent = absent[~absent["finess"].isin(list(totals))]  # a total has no months of its own
    if absent.empty:
        return
    absent = absent.assign(share=absent.groupby(["envelope", "month"])["finess"].transform("size") / absent["open_nb"])
    whole = absent[(absent["share"] > _MOSTLY) & (absent["open_nb"] > 1)]
    yield from absent_runs(whole, names)
    for (finess, envelope), rows in absent.drop(whole.index).groupby(["finess", "envelope"]):
        months = [french.month_year(month) for month in rows["month"]]
        yield Finding(
            delivery="campagne",
            code="MOIS_ABSENT",
            place=f"{finess}, {names.get(str(envelope), envelope)}",
            severity="warning",
            count=len(rows),
            example=french.list_in_words(months[:6]) + ("…" if len(months) > 6 else ""),
            remedy="Aucune ligne pour ces mois, comptés comme manquants et non comme zéro. Les demander ; écrire 0 "
            "s'il n'y a pas eu de dépense, une cellule vide si le montant n'est pas connu.",
        )


def _lone_months(store: Store, names: Mapping[str, str]) -> Iterator[Finding]:
    for row in lone_months(store).to_dict("records"):
        yield Finding(
            delivery=row["delivery"],
            code="MOIS_ISOLE",
            place=f"{row['finess']}, {names.get(row['envelope'], row['envelope'])}, {french.month_year(row['month'])}",
            severity="warning",
            count=1,
            example=f"{french.euros(row['amount_eur'], cents=True)} ; la suite commence en "
            f"{french.month_year(row['begins'])}",
            remedy=f"Cause probable : année ou mois mal écrits sur cette ligne. {_REGISTER}",
        )


def _same_files(store: Store) -> Iterator[Finding]:
    """Yield the files received twice under two names: one of them is probably not what it says."""
    rows = store.read(tables.DELIVERIES)
    for _, twins in rows[rows.duplicated("sha256", keep=False)].groupby("sha256", sort=False):
        names = sorted(twins["delivery"])
        yield Finding(
            delivery=names[0],
            code="FICHIER_RECU_DEUX_FOIS",
            place=", ".join(names),
            severity="warning",
            count=len(names),
            example=", ".join(sorted(twins["file"])),
            remedy="Ces fichiers ont le même contenu : l'un d'eux n'est pas celui qui est annoncé. Le redemander.",
        )

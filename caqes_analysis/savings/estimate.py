"""What a contract really saved: the spending of the year against what it would have been otherwise."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from caqes_analysis import french, tables
from caqes_analysis.savings.estimate_input import Setting, read_setting, read_yearly_setting
from caqes_analysis.savings.estimate_model import USUAL_SHOCK_SD, Counterfactual
from caqes_analysis.savings.estimate_null import NO_OBJECTIVE, Undeserved, pass_through_rule
from caqes_analysis.savings.estimate_paths import counterfactual_of, is_on_growth
from caqes_analysis.savings.estimate_readings import conclude, read_saving
from caqes_analysis.savings.estimate_targeting import (
    MIN_COMPARISON_NB,
    MIN_OVERLAP_SHARE,
    Targeting,
    overlap_share,
)
from caqes_analysis.savings.estimate_threshold import Threshold, threshold_effect
from caqes_analysis.schemes.rules import IncentiveRule

__all__ = ["COMPARED", "INTERRUPTED", "NOT_ESTIMABLE", "REGION", "THRESHOLD", "YEARLY_TRIAL", "estimate"]

COMPARED = "comparaison aux établissements sans contrat"
INTERRUPTED = "série interrompue"
NOT_ESTIMABLE = "non estimable"
AT_THRESHOLD = "seuil du référentiel"
REGION = "region"
"""Series of the row that adds up all those estimated."""
THRESHOLD = "threshold"
"""Series of the row that compares both sides of the référentiel's threshold."""

_UNKNOWN_RULE = "règle de ciblage non donnée : le retour vers la moyenne n'est corrigé que par le passé de chaque série"

_TRANSITION, _TRANSITIONS = "mois de transition déclaré, non compté", "mois de transition déclarés, non comptés"
_UNCORRECTED = "ciblage par croissance que moins de quatre bases annuelles ne corrigent pas, et l'intervalle est faux"
_COMPLETE = "la liste des événements déclarés étant donnée pour complète, l'intervalle n'en attend presque pas d'autre"
_WIDENED = "période courte, ou qui ne suit pas de près la date d'effet : intervalle élargi"
# What ``benchmarks/savings_placebo.py --yearly`` measures: docs/methods/savings-estimate.md, « Bases annuelles ».
YEARLY_TRIAL = (
    "essayée sur des bases annuelles où aucun contrat n'existait, la méthode montre en moyenne une économie de 2 % de "
    "la dépense, qui n'existe pas"
)
_FEW_YEARS = (
    "la base est annuelle et une seule année au plus a pu être rejouée, si bien que l'intervalle est trop large et "
    "peut cacher une économie réelle"
)
_YEARLY_TRANSITION = "les mois de transition déclarés n'ont pas pu être retirés d'une base annuelle"


def estimate(
    monthly: pd.DataFrame,
    *,
    treated: Collection[str],
    start: pd.Timestamp | str,
    year: int | None = None,
    transition_months_nb: int = 0,
    design: Literal["auto", "compared", "interrupted"] = "auto",
    targeting: Targeting | None = None,
    threshold: Threshold | None = None,
    events: pd.DataFrame | None = None,
    events_are_complete: bool = False,
    groups: Mapping[str, str] | None = None,
    rule: IncentiveRule | None = None,
    indicator: str = "",
    target_pct: float | Mapping[str, float] | None = None,
    usual_shock_sd: float = USUAL_SHOCK_SD,
    seed: int = 0,
) -> pd.DataFrame:
    """Estimate what each establishment under contract, each group and the region saved, and how sure that is.

    Parameters
    ----------
    monthly
        Months of one indicator: ``series``, ``month`` (first of month), ``amount_eur``, optionally ``is_provisional``;
        establishments with and without contract, the years before it and the year evaluated. Bases that have no month
        have ``year`` instead: ``start`` is then January of the year evaluated.
    treated
        Series under contract. Under ``caqes-2018`` all are; under ``caqes-2022`` those targeted.
    start
        First month of the contract, or January of ``year`` to count only what that year added to the one before, as
        the contract's own figure does.
    year
        Year evaluated; that of ``start`` when None.
    transition_months_nb
        Months after ``start`` that are declared transitory and not counted.
    design
        ``compared``: the year's common move is measured on the series that are not ``treated``; ``interrupted``: it is
        drawn from those of earlier years; ``auto``: the first where pool and overlap permit.
    targeting
        The rule that chose the establishments, replayed in earlier years; None when it is not known.
    threshold
        Running variable and cutoff of the référentiel: a row of level ``threshold`` compares both sides of it.
    events
        Declared events, as :func:`~caqes_analysis.forecast.events.apply_events` reads them (a tariff cut, a product
        added to the list): what those of known ``factor`` do is expected, and neither a saving nor an overspending.
        Where nothing tells one of unknown effect from the contract, nothing is estimated.
    events_are_complete
        Whether nothing else touched every establishment in the years received: what ``events`` explain of how years
        differ is then not expected once more.
    groups
        Group (département, catégorie) of each series, for rows that add them up.
    rule, indicator, target_pct
        Rule of the incentive, name of the indicator in it, and evolution to reach in %: what a contract without effect
        would be paid, and whether it would reach that. By series where the objective is a share
        (:func:`~caqes_analysis.savings.estimate_targets.evolution_to_reach`).
    usual_shock_sd
        By how much what all establishments share usually differs between years (logarithms): the prior, 1 %.
    seed
        Same seed, same figures, whatever the order of the rows.

    Returns
    -------
    DataFrame
        Table ``saving_estimates``: series, then groups, region, threshold. ``saving_eur`` adds up to the cent from
        series to groups and region; bounds do not: they are quantiles of the summed paths.

    Raises
    ------
    CaqesError
        ``ECONOMIE_CONTRAT``, ``ECONOMIE_PERIODE``, ``PREVISION_…``, ``EVENEMENT_ILLISIBLE``.

    Notes
    -----
    Formulas, calibration and thresholds: ``docs/methods/savings-estimate.md``.
    """
    begins = pd.Timestamp(start)
    evaluated = begins.year if year is None else year
    if "month" in monthly:
        setting = read_setting(
            monthly,
            treated=treated,
            start=begins,
            year=evaluated,
            transition_months_nb=transition_months_nb,
            events=events,
        )
    else:
        setting = read_yearly_setting(monthly, treated=treated, year=evaluated, events=events)
    is_compared, why = _design(setting, design, targeting)
    known = setting.events
    if known is not None and known.common and not is_compared:
        setting = replace(setting, reasons=tuple(reason or known.common for reason in setting.reasons))
    estimable = setting.treated & np.array([not reason for reason in setting.reasons], dtype=bool)
    found = None
    if estimable.any() and (setting.replays or (is_compared and setting.is_yearly)):
        found = counterfactual_of(
            setting,
            targeting,
            is_compared=is_compared,
            events_are_complete=events_are_complete,
            usual_shock_sd=usual_shock_sd,
            seed=seed,
        )
    notes = [] if is_compared or setting.treated.all() or design == "interrupted" else [why]
    if targeting is None and not setting.treated.all():
        notes.append(_UNKNOWN_RULE if setting.replays else _UNKNOWN_RULE.partition(" : ")[0])
    elif is_on_growth(setting, targeting) and setting.is_yearly and not setting.has_growth:
        notes.append(_UNCORRECTED)
    if transition_months_nb and setting.is_yearly:
        notes.append(_YEARLY_TRANSITION)
    # Those that had passed before the year evaluated are not left out of it.
    left_nb = transition_months_nb - max(0, 12 * (evaluated - begins.year) - begins.month + 1)
    if left_nb > 0 and not setting.is_yearly:
        notes.append(french.plural(left_nb, _TRANSITION, _TRANSITIONS))
    if events_are_complete and setting.explained_variance and not is_compared:
        notes.append(_COMPLETE)
    if known is not None and known.common and is_compared:
        notes.append(known.common_measured)
    if setting.is_yearly and not is_on_growth(setting, targeting):
        notes += [YEARLY_TRIAL] if len(setting.replays) > 1 else [_FEW_YEARS, YEARLY_TRIAL]
    if setting.widening != 1:
        notes.append(f"{_WIDENED} {french.number(setting.widening, 1)} fois")
    method = COMPARED if is_compared else INTERRUPTED
    table = _Rows(setting, found, estimable, notes, method, why, indicator or None, target_pct)
    undeserved = table.through(
        lambda before, paths, aims: pass_through_rule(before, paths, rule=rule, indicator=indicator, target_pct=aims)
    )
    rows = table.build(undeserved, groups or {})
    if threshold is not None:
        rows.append(table.threshold_row(threshold))
    return tables.SAVING_ESTIMATES.conform(pd.DataFrame(rows))


def _design(setting: Setting, design: str, targeting: Targeting | None) -> tuple[bool, str]:
    """Return whether the others are compared, and why."""
    received = setting.current.is_readable & ~np.isnan(setting.current.log_outcome)
    comparison_nb = int((received & ~setting.treated).sum())
    if setting.treated.all():
        return False, "tous les établissements sont sous contrat : personne à qui comparer"
    if design == "interrupted":
        return False, "plan demandé"
    words = french.plural(comparison_nb, "établissement")
    if design == "compared" and comparison_nb:
        return True, f"plan demandé, avec {words} sans contrat"
    if comparison_nb < MIN_COMPARISON_NB:
        return False, f"{words} sans contrat : il en faut {MIN_COMPARISON_NB} pour comparer"
    overlap = overlap_share(setting.current, setting.treated, targeting)
    part = french.percent(100 * overlap, 0)
    if overlap < MIN_OVERLAP_SHARE:
        return False, f"{part} seulement des établissements sous contrat ressemblent par leur passé aux autres"
    return True, f"{words} sans contrat ; {part} de ceux sous contrat leur ressemblent par leur passé"


@dataclass(frozen=True)
class _Rows:
    """Builds the rows of the table from the simulated amounts."""

    setting: Setting
    found: Counterfactual | None
    estimable: npt.NDArray[np.bool_]
    notes: list[str]
    method: str
    why: str
    indicator: str | None
    target_pct: float | Mapping[str, float] | None

    def _kept(self) -> npt.NDArray[np.intp]:
        """Return, among the paths, those of the series that have a year to compare with."""
        assert self.found is not None
        return np.flatnonzero(self.estimable[self.found.rows])

    def through(self, passing: Callable[..., Undeserved]) -> Undeserved | None:
        """Pass the paths of the series estimated through the rule; None when there are none."""
        if self.found is None:
            return None
        kept = self._kept()
        rows = self.found.rows[kept]
        return passing(self.setting.previous_cents[rows] / 100, self.found.paths_eur[kept], self._aims(rows))

    def _aims(self, rows: npt.NDArray[np.intp]) -> float | npt.NDArray[np.float64] | None:
        """Return the evolution to reach of some series: one for all, or their own."""
        if not isinstance(self.target_pct, Mapping):
            return self.target_pct
        return np.array([self.target_pct.get(self.setting.series[int(row)], np.nan) for row in rows])

    def build(self, undeserved: Undeserved | None, groups: Mapping[str, str]) -> list[dict[str, Any]]:
        """Return the rows of series, groups and region."""
        rows = [self._missing(int(at)) for at in np.flatnonzero(self.setting.treated & ~self.estimable)]
        if self.found is None or undeserved is None:
            rows += [self._missing(int(at)) for at in np.flatnonzero(self.estimable)]
            rows.sort(key=lambda row: str(row["series"]))
            return [*rows, self._empty(REGION, REGION, self._no_past())]
        kept = self._kept()
        names = np.array(self.setting.series, dtype=object)[self.found.rows[kept]]
        rows += [self._row("series", str(name), [at], undeserved) for at, name in enumerate(names)]
        rows.sort(key=lambda row: str(row["series"]))
        labels = np.array([groups.get(str(name), "") for name in names], dtype=object)
        rows += [
            self._row("group", label, list(np.flatnonzero(labels == label)), undeserved)
            for label in sorted(set(labels) - {""})
        ]
        return [*rows, self._row(REGION, REGION, list(range(len(kept))), undeserved)]

    def threshold_row(self, threshold: Threshold) -> dict[str, Any]:
        """Return the row that compares both sides of the cutoff of the référentiel."""
        effect = threshold_effect(self.setting.current, self.setting.series, self.setting.treated, threshold)
        row = self._empty(THRESHOLD, THRESHOLD, effect.reason) | {"method": AT_THRESHOLD}
        if effect.shares is None:
            return row
        near = np.flatnonzero(effect.treated_near)
        actual = int(self.setting.actual_cents[near].sum())
        # The effect moves what was spent: without it, spending would have been actual / (1 - share).
        saved = {name: round(actual * share / (1 - share)) for name, share in effect.shares.items()}
        return row | {
            "series_nb": len(near),
            "actual_eur": _euros(actual),
            "counterfactual_eur": _euros(actual + saved["saving"]),
            "saving_eur": _euros(saved["saving"]),
            **{f"{name}_eur": _euros(saved[name]) for name in ("lower_80", "upper_80", "lower_95", "upper_95")},
            "saving_pct": 100 * effect.shares["saving"],
            "conclusion": conclude({f"{name}_eur": value for name, value in saved.items()}),
            "comparison_nb": effect.comparison_nb,
        }

    def _base(self, level: str, series: str) -> dict[str, Any]:
        months = self.setting.months
        return {
            "indicator": self.indicator,
            "level": level,
            "series": series,
            "year": self.setting.year,
            "period": f"{months[0]:%Y-%m}/{months[-1]:%Y-%m}",
            "months_nb": len(months),
            "series_nb": 1,
        }

    def _empty(self, level: str, series: str, reason: str) -> dict[str, Any]:
        return self._base(level, series) | {"series_nb": 0, "method": NOT_ESTIMABLE, "reason": reason}

    def _no_past(self) -> str:
        if self.setting.events is not None and self.setting.events.common:
            return self.setting.events.common
        if self.setting.replays:
            return "aucune série sous contrat n'est estimable"
        if self.setting.is_yearly:
            return "deux années seulement, et pas assez d'établissements sans contrat pour comparer"
        return "aucune année antérieure à rejouer : il faut trois ans au moins avant le contrat"

    def _missing(self, at: int) -> dict[str, Any]:
        setting = self.setting
        row = self._empty("series", setting.series[at], setting.reasons[at] or self._no_past()) | {"series_nb": 1}
        if setting.has_actual[at]:
            row["actual_eur"] = _euros(int(setting.actual_cents[at]))
        if setting.has_previous[at]:
            row["previous_eur"] = _euros(int(setting.previous_cents[at]))
        if setting.has_actual[at] and setting.has_previous[at]:
            row["credited_eur"] = _euros(max(0, int(setting.previous_cents[at] - setting.actual_cents[at])))
        return row

    def _row(self, level: str, series: str, members: list[int], undeserved: Undeserved) -> dict[str, Any]:
        assert self.found is not None
        kept = self._kept()[members]
        rows = self.found.rows[kept]
        paths = self.found.paths_eur[kept]
        actual, previous = self.setting.actual_cents[rows], self.setting.previous_cents[rows]
        # Each series is rounded to the cent before it is added: the region is the sum of what is printed.
        expected = int(np.rint(100 * paths.mean(axis=1)).astype(np.int64).sum())
        spent = int(actual.sum())
        read = read_saving(paths.sum(axis=0), spent / 100)
        events = self.setting.events
        told = "" if events is None else events.told(rows)
        credited, paid = undeserved.credited_eur[members].sum(axis=0), undeserved.paid_eur
        row = self._base(level, series) | {
            "series_nb": len(members),
            "previous_eur": _euros(int(previous.sum())),
            "actual_eur": _euros(spent),
            "counterfactual_eur": _euros(expected),
            "saving_eur": _euros(expected - spent),
            **{name: _euros(read[name]) for name in ("lower_80_eur", "upper_80_eur", "lower_95_eur", "upper_95_eur")},
            "saving_pct": 100 * (1 - spent / expected),
            "events": told or None,
            "events_eur": self._by_events(rows, paths) if told else None,
            "prob_real": read["prob_real"],
            "detectable_pct": read["detectable_pct"],
            "detectable_eur": _euros(round(expected * read["detectable_pct"] / 100)),
            "credited_eur": _euros(int(np.maximum(0, previous - actual).sum())),
            "credited_without_effect_eur": _euros(round(100 * float(credited.mean()))),
            "prob_credited_without_effect": float((credited > 0).mean()),
            "prob_target_without_effect": self._by_itself(rows, paths, previous),
            "paid_reason": undeserved.reason or None,
            "conclusion": read["conclusion"],
            "method": self.method,
            "replays_nb": self.found.replays_nb,
            "comparison_nb": self.found.comparison_nb,
            "reason": self._said(level, rows),
            "design_reason": self.why,
        }
        amounts = None if paid is None else paid[members].sum(axis=0)
        if amounts is not None and np.isnan(amounts).any():
            row["paid_reason"] = f"non calculable : {NO_OBJECTIVE}"
        elif amounts is not None:
            row["paid_without_effect_eur"] = _euros(round(100 * float(amounts.mean())))
            row["prob_paid_without_effect"] = float((amounts > 0).mean())
        return row

    def _by_itself(
        self, rows: npt.NDArray[np.intp], paths: npt.NDArray[np.float64], previous: npt.NDArray[np.int64]
    ) -> float | None:
        """Return how often the evolution to reach is reached on paths without effect; None when one is not known."""
        aims = self._aims(rows)
        if aims is None:
            return None
        each = np.broadcast_to(np.asarray(aims, dtype=float), previous.shape)
        if np.isnan(each).any():
            return None
        return float((100 * paths.sum(axis=0) <= (previous * (1 + each / 100)).sum()).mean())

    def _by_events(self, rows: npt.NDArray[np.intp], paths: npt.NDArray[np.float64]) -> Decimal:
        """Return by how much declared events move what was expected since the year before, rounded series by series."""
        assert self.setting.events is not None
        moved = paths.mean(axis=1) * (1 - 1 / self.setting.events.moved_since[rows])
        return _euros(int(np.rint(100 * moved).astype(np.int64).sum()))

    def _said(self, level: str, rows: npt.NDArray[np.intp]) -> str | None:
        notes = list(self.notes)
        told = {self.setting.notes[int(row)] for row in rows}
        if len(told) == 1:
            notes += list(told)
        left_nb = int((self.setting.treated & ~self.estimable).sum())
        if level == REGION and left_nb:
            why = "faute de mois"
            if self.setting.events is not None and any(self.setting.events.alone):
                why = "faute de mois ou de l'effet d'un événement"
            notes.append(f"{french.plural(left_nb, 'série')} sous contrat hors du total, {why}")
        return " ; ".join(note for note in notes if note) or None


def _euros(cents: int) -> Decimal:
    return Decimal(cents).scaleb(-2)

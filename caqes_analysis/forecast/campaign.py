"""The declared step of a build: every forecast of a region, computed once and kept in its store."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from caqes_analysis import perimeter, quality, tables
from caqes_analysis.campaign import Campaign
from caqes_analysis.code_version import HASH_LENGTH, hash_of_files
from caqes_analysis.forecast.calibration import Calibration, calibrate_panel, cut
from caqes_analysis.forecast.events import EVERYONE, apply_events
from caqes_analysis.forecast.followed import Followed, followed_indicators, followed_months, sums_of, units_of
from caqes_analysis.forecast.groups import GroupSums
from caqes_analysis.forecast.histories import Histories, Method, prepare
from caqes_analysis.forecast.kept_paths import PathsWriter
from caqes_analysis.forecast.level_breaks import told_breaks
from caqes_analysis.forecast.panel import Panel, build_panel
from caqes_analysis.forecast.paths import simulate_cents
from caqes_analysis.forecast.series import as_first_received, blocks_of, month_notes, monthly_series, parts_of
from caqes_analysis.forecast.trials import replay_region
from caqes_analysis.forecast.year_end import PATHS_NB, decimals, forecast_table, modelled_months
from caqes_analysis.schemes.targets import target_for, target_for_envelope
from caqes_analysis.store import Store
from caqes_analysis.value_states import with_forecast_marks

__all__ = ["FORECAST_PART", "Step", "events_of", "prepare_forecasts"]

FORECAST_PART = "previsions"
"""Name of the parts that this step writes."""

FIRST_KEPT_MONTH_NB = 3
"""First month observed of which the forecast is computed again, to show how it has moved."""
TRIAL_MONTHS_NB = (3, 6, 9)

_GROUP_NAMES = {"department": "departement-", "region": "region-"}

Progress = Callable[[int, int], None]


def prepare_forecasts(store: Store, campaign: Campaign, *, progress: Progress = lambda *_: None) -> None:
    """Compute the forecasts of a campaign into its store, unless they are there.

    Parameters
    ----------
    store
        Store of the campaign, received. It receives the tables ``forecasts``, ``forecast_trials``,
        ``forecast_chances`` and the joint paths; calibrations are kept beside it, by what they have read.
    campaign
        The campaign; in annual mode, and in December, there is nothing to compute or to calibrate.
    progress
        Told of the parts done, and of how many there are.
    """
    if campaign.is_annual or store.has(tables.FORECASTS):
        return
    step = Step(store, campaign)
    months = range(FIRST_KEPT_MONTH_NB, campaign.settled_month_nb)
    parts_nb = len(months) + 2
    progress(0, parts_nb)
    trials, chances = step.trials()
    trials = tables.FORECAST_TRIALS.conform(with_forecast_marks(store, trials))
    store.write(tables.FORECAST_TRIALS, trials, part=FORECAST_PART)
    store.write(tables.FORECAST_CHANCES, chances, part=FORECAST_PART)
    progress(1, parts_nb)
    earlier = []
    for done, observed_nb in enumerate(months, start=2):
        earlier.append(step.forecasts(observed_nb))
        progress(done, parts_nb)
    with PathsWriter(store) as paths:
        now = step.forecasts(campaign.settled_month_nb, paths)
    every = with_forecast_marks(store, pd.concat([*earlier, now], ignore_index=True))
    store.write(tables.FORECASTS, tables.FORECASTS.conform(every), part=FORECAST_PART)
    progress(parts_nb, parts_nb)


def events_of(campaign: Campaign) -> pd.DataFrame | None:
    """Return the events of a campaign as :func:`~caqes_analysis.forecast.events.apply_events` reads them."""
    if not campaign.evenements:
        return None
    return pd.DataFrame(
        {
            "date": f"{event.date}-01",
            "until": event.until and f"{event.until}-01",
            "kind": event.kind,
            "factor": event.factor,
            "label": event.label,
            "source": event.source,
            "series": _concerned(event.establishment, event.envelope or event.indicator),
        }
        for event in campaign.evenements
    )


def _concerned(establishment: str | None, spending: str | None) -> str | None:
    if establishment and spending:
        return f"{establishment}/{spending}"
    return establishment or (spending and f"{EVERYONE}{spending}")


@dataclass(frozen=True)
class Step:
    """What the forecasts of a campaign are made of.

    Parameters
    ----------
    store
        Store of the campaign, received.
    campaign
        The campaign, with months.
    """

    store: Store
    campaign: Campaign

    @cached_property
    def months(self) -> pd.DataFrame:
        """Months of every series, as they are known today: envelopes, then indicators counted from lines by code."""
        envelopes = monthly_series(self.store, provisional_from=self.campaign.provisional_from)
        counted = followed_months(self.store, self.campaign, self.followed)
        return pd.concat([envelopes, counted], ignore_index=True) if len(counted) else envelopes

    @cached_property
    def followed(self) -> tuple[Followed, ...]:
        """Indicators forecast beside the envelopes."""
        return followed_indicators(self.store, self.campaign)

    @cached_property
    def panel(self) -> Panel:
        """The same, aligned."""
        return build_panel(self.months)

    @cached_property
    def _panel_hash(self) -> str:
        digest = hashlib.sha256("\n".join(self.panel.series).encode())
        past = slice(0, self.panel.year_at(self.campaign.year))
        for values in (self.panel.cents, self.panel.known, self.panel.provisional):
            digest.update(np.ascontiguousarray(values[:, past]).tobytes())
        digest.update(hash_of_files(Path(__file__).parent, ("*.py",)).encode())
        digest.update(repr(self.campaign.evenements).encode())
        return digest.hexdigest()

    @cached_property
    def _notes(self) -> dict[str, str]:
        return month_notes(self.months, self.store)

    @cached_property
    def _departments(self) -> pd.Series[str]:
        return perimeter.current_establishments(self.store).set_index("finess")["department"]

    @property
    def _region(self) -> str:
        return f"{_GROUP_NAMES['region']}{self.campaign.region.code}"

    def _groups_of(self, series: Iterable[str]) -> list[tuple[str, ...]]:
        """Return the groups of each series: the region, then its department when it is known."""
        found = []
        for finess, envelope in parts_of(series).itertuples(index=False):
            department = self._departments.get(finess)
            names = [f"{self._region}/{envelope}"]
            if isinstance(department, str):
                names.append(f"{_GROUP_NAMES['department']}{department}/{envelope}")
            found.append(tuple(names))
        return found

    @cached_property
    def _groups(self) -> list[tuple[str, ...]]:
        return self._groups_of(self.panel.series)

    def calibration(self, observed_months: set[int]) -> Calibration:
        """Return what the years before teach, read again when it was frozen for the same months.

        Parameters
        ----------
        observed_months
            Numbers of months observed that will be asked.
        """
        wanted = ",".join(map(str, sorted(observed_months)))
        key = hashlib.sha256(f"{self._panel_hash} {wanted}".encode()).hexdigest()[:HASH_LENGTH]
        kept = self.store.directory.parent / "calibration" / f"{self.campaign.year}-{key}.json"
        if kept.is_file():
            return Calibration.from_json(kept.read_text(encoding="utf-8"))
        found = calibrate_panel(
            self.panel, year=self.campaign.year, observed_months=observed_months, events=events_of(self.campaign)
        )
        kept.parent.mkdir(parents=True, exist_ok=True)
        draft = kept.with_suffix(".draft")
        draft.write_text(found.to_json(), encoding="utf-8")
        draft.replace(kept)
        return found

    def histories(self, observed_nb: int) -> Histories:
        """Return what was known of each series with that many months of the year, events applied."""
        year = self.campaign.year
        panel = self.panel
        if observed_nb < self.campaign.settled_month_nb:
            delivery = pd.Timestamp(year, min(observed_nb + self.campaign.provisional_months_nb, 12), 1)
            then = as_first_received(self.months, self.store, as_of=delivery)
            panel = cut(self.panel if then is self.months else build_panel(then), year, observed_nb)
        known = apply_events(prepare(panel, year), events_of(self.campaign))
        return _not_closed(known, self._unmatched) if self.campaign.is_closed_year else known

    @cached_property
    def _unmatched(self) -> frozenset[str]:
        """Series of which the months of the year, or of the year before, do not make the yearly base."""
        rows = quality.unmatched_years(self.store)
        years = (self.campaign.year - 1, self.campaign.year)
        return frozenset(f"{finess}/phmev" for finess in rows.loc[rows["year"].isin(years), "finess"])

    def forecasts(self, observed_nb: int, paths: PathsWriter | None = None) -> pd.DataFrame:
        """Return the rows of ``forecasts`` with that many months of the year observed.

        Parameters
        ----------
        observed_nb
            Months observed by the region.
        paths
            Where the joint paths are kept; nowhere when None.
        """
        year = self.campaign.year
        histories = self.histories(observed_nb)
        calibration = self.calibration(modelled_months(histories))
        base_cents = self._base_cents
        sums = GroupSums(year, observed_nb, PATHS_NB)
        found = []
        for rows in blocks_of(histories.series):
            block = histories.take(rows)
            totals = simulate_cents(block, calibration, paths_nb=PATHS_NB, seed=0)
            names = [self._groups[row] for row in rows]
            sums.add(block, totals, names=names, base_cents=base_cents[rows], has_base=block.has_previous)
            found.append(self._table(block, totals))
            envelopes = GroupSums(year, observed_nb, PATHS_NB, needs_all=True)
            indicators = sums_of(block.series, self.followed)
            envelopes.add(block, totals, names=indicators, base_cents=base_cents[rows], has_base=block.has_previous)
            added, added_totals = envelopes.as_series()
            sums.add(
                added,
                added_totals,
                names=self._groups_of(added.series),
                base_cents=added.previous_cents,
                has_base=added.has_previous,
            )
            found.append(self._table(added, added_totals))
            if paths is not None:
                estimable = block.rows(lambda row, b=block: b.methods[row] is not Method.NONE)  # type: ignore[misc]
                paths.write([block.series[row] for row in estimable], totals[estimable])
        found.append(self._table(*sums.as_series()))
        table = pd.concat(found, ignore_index=True)
        parts = parts_of(table["series"])
        level = np.select([parts["subject"].str.startswith(p) for p in _GROUP_NAMES.values()], list(_GROUP_NAMES), "")
        subject = parts["subject"].str.removeprefix("departement-").str.removeprefix("region-")
        is_today = observed_nb == self.campaign.settled_month_nb
        changes = told_breaks(histories) if is_today else {}
        told = [changes.get(name) for name in table["series"]]
        reasons = [
            " ; ".join(filter(None, (reason, change.note if change else None, self._notes.get(name)))) or None
            for name, reason, change in zip(table["series"], table["reason"], told, strict=True)
        ]
        return table.assign(
            level=np.where(level == "", "establishment", level),
            subject=subject.to_numpy(),
            envelope=parts["envelope"].to_numpy(),
            unit_label=units_of(parts["envelope"], self.followed),
            as_of=pd.Timestamp(year, observed_nb, 1),
            level_change_pct=[change.change_pct if change else np.nan for change in told],
            level_change_month=pd.DatetimeIndex([change.month if change else pd.NaT for change in told]),
            reason=pd.Series(reasons, dtype="str"),
        )

    def landing(self, series: str) -> pd.Series[Any]:
        """Return the row of ``forecasts`` of one series, as of today."""
        histories = self.histories(self.campaign.settled_month_nb)
        calibration = self.calibration(modelled_months(histories))
        one = histories.take(np.array([histories.series.index(series)], dtype=np.intp))
        totals = simulate_cents(one, calibration, paths_nb=PATHS_NB, seed=0)
        return self._table(one, totals).iloc[0]

    @cached_property
    def _base_cents(self) -> npt.NDArray[np.int64]:
        """Months known today of the year before, which the sums are compared with."""
        start = self.panel.year_at(self.campaign.year - 1)
        inside = slice(max(start, 0), max(start + 12, 0))
        cents: npt.NDArray[np.int64] = np.where(self.panel.known[:, inside], self.panel.cents[:, inside], 0).sum(axis=1)
        return cents

    def _table(self, histories: Histories, totals: npt.NDArray[np.int64]) -> pd.DataFrame:
        """Return the forecasts of some series with what they are compared with, and the mean excess over it."""
        targets = np.array([self._target(name) for name in histories.series])
        table = forecast_table(histories, totals, targets)
        estimable = np.array([method is not Method.NONE for method in histories.methods], dtype=bool)
        known = estimable & histories.has_previous & (histories.previous_cents > 0) & np.isfinite(targets)
        limits = np.rint(histories.previous_cents * (1 + np.nan_to_num(targets) / 100)).astype(np.int64)
        excess = np.rint(np.maximum(totals - limits[:, None], 0).mean(axis=1)).astype(np.int64)
        return table.assign(
            target_pct=np.where(known, targets, np.nan),
            target_eur=decimals(limits, ~known),
            expected_excess_eur=decimals(excess, ~known),
        )

    def _target(self, series: str) -> float:
        subject, _, envelope = series.partition("/")
        who = subject if subject in self._own_targets else "all"
        if (envelope, who) not in self._known_targets:
            asked: dict[str, Any] = {"scheme": self.campaign.scheme, "data_year": self.campaign.year, "finess": who}
            indicator = next((one for one in self.followed if one.indicator == envelope), None)
            if indicator is None:
                found = target_for_envelope(self._targets, envelope=envelope, **asked)
            else:
                found = target_for(self._targets, subject=indicator.subject, measure=indicator.measure, **asked)
            self._known_targets[(envelope, who)] = float("nan") if found.value is None else found.value
        return self._known_targets[(envelope, who)]

    @cached_property
    def _targets(self) -> pd.DataFrame:
        return self.store.read(tables.TARGETS)

    @cached_property
    def _own_targets(self) -> frozenset[str]:
        return frozenset(self._targets["finess"]) - {"all"}

    @cached_property
    def _known_targets(self) -> dict[tuple[str, str], float]:
        return {}

    def trials(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return the forecasts of earlier years made again, and the probabilities they would have announced."""
        months = sorted({*TRIAL_MONTHS_NB, min(self.campaign.settled_month_nb, 11)})
        kept = self.store.directory.parent / "calibration"
        events = events_of(self.campaign)
        summed = [(one.indicator, one.envelopes, one.unit_label, sorted(one.outside)) for one in self.followed]
        key = hashlib.sha256(f"{self._panel_hash} {months} {self._region} {summed}".encode()).hexdigest()[:HASH_LENGTH]
        files = [kept / f"essais-{key}-{name}.parquet" for name in ("forecast_trials", "forecast_chances")]
        pair = (tables.FORECAST_TRIALS, tables.FORECAST_CHANCES)
        if not all(path.is_file() for path in files):
            found = replay_region(
                self.panel,
                year=self.campaign.year,
                observed_months=months,
                region=self._region,
                followed=self.followed,
                events=events,
            )
            draft = Store(kept / f"essais-{key}.draft")
            for table, rows, path in zip(pair, found, files, strict=True):
                draft.write(table, rows, part=FORECAST_PART)
                draft.part_path(table, FORECAST_PART).replace(path)
        read = [Store.read_parts(table, [path]) for table, path in zip(pair, files, strict=True)]
        return read[0], read[1]


def _not_closed(known: Histories, unmatched: frozenset[str]) -> Histories:
    """Return the histories where a year whose months do not make the yearly base is not closed: nothing is said of it.

    Its twelve months are received, and some of them are not whole.
    """
    is_open = [
        name in unmatched and method is Method.COMPLETE
        for name, method in zip(known.series, known.methods, strict=True)
    ]
    methods = tuple(Method.NONE if one else method for one, method in zip(is_open, known.methods, strict=True))
    reasons = tuple(
        quality.UNMATCHED_WORDS if one else reason for one, reason in zip(is_open, known.reasons, strict=True)
    )
    return replace(known, methods=methods, reasons=reasons)

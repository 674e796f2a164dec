"""What a page says of an indicator: which measure at which period, against which target, in whose words."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from caqes_analysis import french, tables
from caqes_analysis.chapters.asked_once import asked_once
from caqes_analysis.chapters.indicator_gaps import indicator_gaps, missing_months
from caqes_analysis.chapters.page import Page
from caqes_analysis.chapters.verdicts import incomplete_words
from caqes_analysis.chapters.words import format_of, missing_months_words, period_words
from caqes_analysis.display.columns import CORRECTED_MARK
from caqes_analysis.display.measure import MeasureFormat
from caqes_analysis.errors import CampaignError
from caqes_analysis.evaluation.gaps import Gaps, openings_of
from caqes_analysis.evaluation.position import Position, position_of
from caqes_analysis.evaluation.targeting import targeting
from caqes_analysis.evaluation.values import months_of
from caqes_analysis.indicators.available import stored_definition
from caqes_analysis.indicators.definition import CURRENT_PERIMETER, IndicatorDefinition, Measure, Reference, TargetLink
from caqes_analysis.labels import within_a_sentence
from caqes_analysis.schemes.targets import Target, last_known_words

__all__ = [
    "IndicatorReading",
    "indicator_href",
    "period_words",
    "read_indicator",
    "read_indicators",
]

_LAST_MONTH = 12


def indicator_href(indicator: str) -> str:
    """Return the page of an indicator."""
    return f"indicateurs/{indicator}"


@dataclass(frozen=True)
class IndicatorReading:
    """An indicator as its page reads it.

    Parameters
    ----------
    page
        The data of the notebook.
    definition
        Its definition.
    measure
        The measure read: that of the objective, else the main one.
    period
        The period read.
    trends
        Rows of ``indicator_trends`` of the indicator, over the current perimeter.
    """

    page: Page
    definition: IndicatorDefinition
    measure: Measure
    period: str
    trends: pd.DataFrame

    @property
    def unit(self) -> MeasureFormat:
        """How the measure is written."""
        return format_of(self.measure)

    @property
    def year(self) -> int:
        """Year of the period."""
        return int(self.period[:4])

    @property
    def month_nb(self) -> int:
        """Last month of the period."""
        return _LAST_MONTH if len(self.period) == len("2024") else int(self.period[-2:])

    @property
    def period_label(self) -> str:
        """The period as a header (« 2023 », « 2024 à M7 », « 2023, contrat 2024 »)."""
        year = str(self.year) if self.month_nb == _LAST_MONTH else f"{self.year} à M{self.month_nb}"
        return f"{year}, contrat {self.contract_year}" if self.contract_year != self.year else year

    @property
    def contract_year(self) -> int:
        """Year of the contract that reads this year of data."""
        return self.year + (self.year - self.definition.data_year(self.year))

    @property
    def previous_label(self) -> str:
        """The same period a year before, as a header."""
        return self.period_label.partition(",")[0].replace(str(self.year), str(self.year - 1))

    @property
    def against_words(self) -> str:
        """With what a change compares, in words: the rate of the year before, or the same establishments then."""
        if self.measure.evolution_of is not None:
            return f"par rapport au taux de {self.previous_label}"
        return f"par rapport à {self.previous_label}, aux mêmes établissements"

    def rows(self, level: str, measure: str | None = None, period: str | None = None) -> pd.DataFrame:
        """Return the trends of a level, of the measure and period read unless others are named."""
        asked = (level, measure or self.measure.id, period or self.period)
        if asked not in self._rows:
            columns = (self.trends[name].tolist() for name in ("level", "measure", "period"))
            places = [place for place, found in enumerate(zip(*columns, strict=True)) if found == asked]
            self._rows[asked] = self.trends.iloc[places].reset_index(drop=True)
        return self._rows[asked]

    @cached_property
    def kept(self) -> dict[Hashable, Any]:
        """What a page says in several places, by question: other modules keep their answers here."""
        return {}

    @cached_property
    def _rows(self) -> dict[tuple[str, str, str], pd.DataFrame]:
        return {}

    @cached_property
    def region(self) -> pd.Series:
        """The trend of the region."""
        return self.rows("region").iloc[0]

    @property
    def region_text(self) -> str:
        """The value of the region as printed, with the mark of a correction that it rests on."""
        text = self.unit.write(self.region["value"])
        return f"{text}{french.NBSP}{CORRECTED_MARK}" if self.region["is_corrected"] else text

    @cached_property
    def establishments(self) -> pd.DataFrame:
        """The trends of the establishments that the indicator is about, with name, department and page; by rank."""
        rows = self.rows("establishment")
        rows = rows[rows["value_status"] != "not_applicable"]
        known = self.page.establishments.set_index("finess")[["name", "department", "href"]]
        return rows.join(known, on="finess").sort_values(["rank", "finess"], na_position="last").reset_index(drop=True)

    @cached_property
    def target(self) -> Target:
        """The target of all establishments, empty when there is none."""
        return self.target_of("all")

    def target_of(self, finess: str) -> Target:
        """Return the target of an establishment: its own when it has one."""
        link = self.definition.target
        if link is None or link.measure != self.measure.id:
            return Target(
                self.definition.id, self.measure.id, self.year, None, self.measure.unit, "aucune ligne", "unknown"
            )
        return self._linked_target(link, finess)

    def _linked_target(self, link: TargetLink, finess: str = "all") -> Target:
        return self.page.linked_target(link, self.year, finess)

    @property
    def target_elsewhere(self) -> str | None:
        """Measure on which a known objective bears when it is not the one that can be read; None otherwise."""
        link = self.definition.target
        if link is None or link.measure == self.measure.id or self._linked_target(link).value is None:
            return None
        return within_a_sentence(self.definition.measure(link.measure).label)

    @property
    def target_sentence(self) -> str:
        """The objective in words, for a sentence: what it is, or what it bears on when that cannot be read."""
        if self.definition.target is None:
            return self._without_target
        if self.is_outside and self.target.value is None and self.target_elsewhere is None:
            words = last_known_words(self.page.targets, self.target)
            return f"hors du contrat {self.page.scheme.name}, sans objectif{words}"
        if self.target_elsewhere is None:
            return self.target.label + last_known_words(self.page.targets, self.target)
        return f"objectif non comparable : il porte sur « {self.target_elsewhere} », qui demande l'année précédente"

    @property
    def _without_target(self) -> str:
        # An indicator of the contract that has a référentiel has an objective too, which nobody has given.
        return "sans objectif" if self.reference is None else "objectif non renseigné"

    @property
    def is_outside(self) -> bool:
        """Say whether the indicator is not of the campaign's scheme: what other contracts ask binds nobody here."""
        return self.page.campaign.scheme not in self.definition.schemes

    @property
    def target_words(self) -> str:
        """The objective in a cell."""
        if self.definition.target is None:
            return self._without_target.removeprefix("objectif ")
        if self.is_outside and self.target.value is None and self.target_elsewhere is None:
            return "sans objectif"
        return self.target.short_label if self.target_elsewhere is None else "non comparable"

    def position(self, value: float | None, finess: str = "all") -> Position:
        """Say where a value stands against its target: an alert within the year, a verdict on a whole one."""
        target = self.target_of(finess)
        better = "higher" if self.definition.direction == "higher" else "lower"
        is_sum = finess == "all"
        gap = incomplete_words(self.gaps.values()) if is_sum else self.gaps.get(finess)
        return position_of(value, target, month_nb=self.month_nb, direction=better, gap=gap, is_sum=is_sum)  # type: ignore[arg-type]

    @cached_property
    def gaps(self) -> Mapping[str, str]:
        """Why the year of an establishment is not the whole one, by FINESS: its target then has no verdict."""
        if self.month_nb != _LAST_MONTH or self.target.value is None:
            return {}
        return indicator_gaps(self.page, self.definition, self.measure, self.period)

    def situation(self, value: float | None, finess: str = "all") -> tuple[str, str]:
        """Return on which side of its target a value is, and the state of its cell; that is no verdict.

        Verdicts are those of contracts, in the evaluation; an establishment without a contract has none.
        """
        state = self.position(value, finess).state
        if state == "muted":
            return "–", state
        if state == "missing":
            return "pas de verdict", state
        if state == "good":
            return ("côté favorable" if self.definition.direction == "higher" else "en dessous"), state
        # « En dessous » is the good side of the line beside, where less is better; « atteint » is a contract's.
        return ("côté défavorable" if self.definition.direction == "higher" else "au-dessus"), state

    @property
    def reference(self) -> Reference | None:
        """Who is targeted; None under a scheme of which the indicator is not: its référentiel targets nobody there."""
        return None if self.is_outside else self.definition.reference

    @property
    def level(self) -> Measure:
        """The measure itself, or the one whose evolution is read."""
        base = self.measure.evolution_of
        return self.measure if base is None else self.definition.measure(base)

    @cached_property
    def closed_year(self) -> str | None:
        """Last whole year of the indicator, at which a référentiel is read; None when there is none."""
        years = [period for period in self.trends["period"] if len(period) == len("2024")]
        return max(years, default=None)

    @cached_property
    def references(self) -> pd.Series:
        """Status of the référentiel by FINESS, over the last whole year; empty without a known référentiel."""
        reference = self.reference
        if reference is None or not reference.conditions or self.closed_year is None:
            return pd.Series(dtype=object)
        values = self.page.store.query(
            "select finess, period, indicator, measure, numerator, denominator, value, value_status, months_nb "
            "from indicator_values where indicator = $indicator and perimeter = $perimeter and period = $period "
            "and level = 'establishment'",
            {"indicator": self.definition.id, "perimeter": CURRENT_PERIMETER, "period": self.closed_year},
        )
        openings = openings_of(self.page.store, years=[int(self.closed_year)])
        verdicts = targeting(values, [self.definition], gaps=Gaps.of_openings(openings))
        return verdicts.set_index("finess")["reference_status"]

    @asked_once
    def months_counted(self, measure: str, period: str) -> pd.Series:
        """Return how many months were counted, by FINESS, of the establishments read on a part of the period only."""
        rows = self.page.store.query(
            "select finess, months_nb from indicator_values where indicator = $indicator and measure = $measure "
            "and period = $period and perimeter = $perimeter and level = 'establishment' "
            "and value is not null and months_nb between 1 and $months_nb - 1 order by finess",
            {
                "indicator": self.definition.id,
                "measure": measure,
                "period": period,
                "perimeter": CURRENT_PERIMETER,
                "months_nb": months_of(period),
            },
        )
        return rows.set_index("finess")["months_nb"]

    @cached_property
    def parts_read(self) -> dict[str, str]:
        """« 6 mois sur 7, mars manquant », by FINESS, for those whose value is read on a part of the period."""
        found = {}
        absent = {} if self.measure.evolution_of is None else missing_months(self.page, self.level, self.period)
        for finess, months_nb in self.months_counted(self.measure.id, self.period).items():
            months = absent.get(str(finess), [])
            # What a cumulative delivery covers is missing in the grid and counted all the same.
            names = missing_months_words(months) if len(months) == self.month_nb - months_nb else ""
            found[str(finess)] = f"{months_nb} mois sur {self.month_nb}{names}"
        return found

    @asked_once
    def history(self, measure: Measure) -> pd.DataFrame:
        """Return the values of the region over the years, at the same months, with their intervals."""
        rows = self.page.store.query(
            "select period, value, lower, upper, establishments_nb, is_corrected from indicator_values "
            "where indicator = $indicator and measure = $measure and perimeter = $perimeter and level = 'region' "
            "and period[5:] = $months and period <= $period order by period",
            {
                "indicator": self.definition.id,
                "measure": measure.id,
                "perimeter": CURRENT_PERIMETER,
                "months": self.period[4:],
                "period": self.period,
            },
        )
        return rows.assign(year=rows["period"].str[:4].astype(int))


def read_indicators(
    page: Page, *, indicator: str | None = None, scheme: str | None = None, levels: Sequence[str] = ()
) -> list[IndicatorReading]:
    """Return the readings of the indicators that have data, from one query.

    Parameters
    ----------
    page
        The data of the notebook.
    indicator
        The only one wanted; all when None.
    scheme
        Scheme whose indicators are wanted; all when None.
    levels
        Levels whose trends are read; all when empty. On the sheet of an establishment, its own are read and no other.
    """
    asked = (indicator, scheme, tuple(levels))
    if asked in page.readings:
        return list(page.readings[asked])
    catalogue = page.catalogue.dropna(subset=["period"]).sort_values("indicator")
    if indicator is not None:
        catalogue = catalogue[catalogue["indicator"] == indicator]
    if scheme is not None:
        catalogue = page.in_scheme(catalogue, scheme)
    of_whom: dict[str, str | Sequence[str]] = {"level": levels} if levels else {}
    trends = page.store.rows(
        tables.INDICATOR_TRENDS,
        where={
            "perimeter": CURRENT_PERIMETER,
            "indicator": catalogue["indicator"].tolist(),
            **(of_whom if page.finess is None else {"finess": page.finess}),
        },
        order_by=["indicator", "measure", "period", "level", "finess", "group"],
    )
    parts = dict(list(trends.groupby("indicator", sort=False)))
    found = []
    for row in catalogue[catalogue["indicator"].isin(list(parts))].to_dict("records"):
        definition = stored_definition(row["definition"])
        measure = definition.measure(row["measure"])
        found.append(IndicatorReading(page, definition, measure, row["period"], parts[row["indicator"]]))
    page.readings[asked] = found
    return list(found)


def read_indicator(page: Page, indicator: str = "") -> IndicatorReading:
    """Return the reading of an indicator.

    Parameters
    ----------
    page
        The data of the notebook.
    indicator
        Identifier; empty: the first of the campaign's scheme that has data.

    Raises
    ------
    CampaignError
        ``INDICATEUR_SANS_DONNEES`` when no such indicator has data.
    """
    known = page.catalogue.dropna(subset=["period"])
    name = indicator or next(iter([*page.in_scheme(known)["indicator"], *known["indicator"]]), "")
    found = read_indicators(page, indicator=name) if name in set(known["indicator"]) else []
    if not found:
        raise CampaignError.of(
            "INDICATEUR_SANS_DONNEES",
            "aucun indicateur publié de ce nom n'a de données dans cette campagne.",
            f"Choisir parmi : {', '.join(known['indicator']) or 'aucun'}.",
            file=page.campaign.file.name,
            value=name,
        )
    return found[0]

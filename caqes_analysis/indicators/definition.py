"""What an indicator is: one reviewed file gives its number, its page in the guide, its chart and its tests."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, ValidationInfo, model_validator

from caqes_analysis import french
from caqes_analysis.indicators.expressions import read_condition
from caqes_analysis.indicators.measures import (
    CURRENT_PERIMETER,
    Example,
    Masking,
    Measure,
    Perimeter,
    Sum,
    WorkedCase,
)
from caqes_analysis.indicators.stakes import Annotation, Incentive, Reference, ReferenceCondition, TargetLink
from caqes_analysis.parameter_checks import Checked, Wrong, is_stored
from caqes_analysis.parameter_files import load_unchanged

__all__ = [
    "CURRENT_PERIMETER",
    "REVIEW_MONTHS_NB",
    "Annotation",
    "Example",
    "Incentive",
    "IndicatorDefinition",
    "Masking",
    "Measure",
    "Perimeter",
    "Reference",
    "ReferenceCondition",
    "Sum",
    "TargetLink",
    "WorkedCase",
    "load_definition",
]

REVIEW_MONTHS_NB = 24
"""Months after which a review is stale: a badge and a warning, never a failure (a choice of this package)."""

_ID = r"^[a-z][a-z0-9_]*$"
_SLUG = r"^[a-z0-9][a-z0-9-]*$"
_MONTHS_A_YEAR = 12
_REVIEW = ("author", "checker", "reviewed_on")
WRITTEN_ON = dt.date(2026, 11, 23)
"""Day of this version: a clock that says an earlier day is wrong, and no review is refused for it."""


class IndicatorDefinition(Checked):
    """One indicator, as its file defines it.

    Parameters
    ----------
    id
        Identifier; the file has the same name.
    name, short_name
        French names, in titles and where space is short.
    status
        ``draft`` (to complete: out of the report), ``published``, or ``archived`` (kept for the past).
    schemes
        Contract schemes that use it; empty for a follow-up indicator.
    volet, theme
        Volet of the contract, and theme under which the guide puts it.
    why
        French paragraph: why it matters.
    measures, main_measure
        Its numbers, and the one that titles and maps show.
    direction
        ``lower``, ``higher`` or ``none``: what is good.
    perimeters
        Ways of counting; *courant* by default.
    period
        ``data_year`` (whole years, the contract of year Y reads the data of Y), ``cumulative_month`` (the same, and
        cumulative months M) or ``campaign_year`` (whole years, the contract of year N reads the data of N-1, as the
        décision of 07/07/2015 does). The target is always that of the year of the data.
    reference, target, incentive
        Référentiel (who is targeted), objective (what must be reached) and incentive: three things never mixed.
    minimum_count_nb
        Denominator under which the value is not interpreted.
    code_lists
        Code lists that the conditions name.
    to_provide
        What the region must still give (« liste de codes à fournir par la région »); a draft says it here.
    legal_sources
        Texts.
    author, checker, reviewed_on
        Who wrote it, who checked it, and when; a published definition has all three.
    review_awaited
        Who must still read it, in French words; absent once nobody must. Nobody checks one's own work: a published
        definition whose checker is its author names somebody else here.
    notes, reading
        French sentences: reservations, and how to read the chart.
    example
        One of its measures on numbers small enough to be checked by hand.
    worked_cases
        Lines and what they must give by hand: ``caqes check`` and the tests compute them.
    annotations
        Dated facts for charts.
    history
        What changed in the definition, newest first.
    """

    id: str = Field(pattern=_ID)
    name: str
    short_name: str
    status: Literal["draft", "published", "archived"]
    schemes: tuple[Annotated[str, Field(pattern=_SLUG)], ...] = ()
    volet: str | None = None
    theme: str
    why: str
    measures: tuple[Measure, ...] = Field(min_length=1)
    main_measure: str
    direction: Literal["lower", "higher", "none"]
    perimeters: tuple[Perimeter, ...] = (Perimeter(id=CURRENT_PERIMETER, label="Champ courant"),)
    period: Literal["data_year", "campaign_year", "cumulative_month"] = "data_year"
    reference: Reference | None = None
    target: TargetLink | None = None
    incentive: Incentive = Incentive()
    minimum_count_nb: int = Field(default=0, ge=0)
    code_lists: tuple[str, ...] = ()
    to_provide: tuple[str, ...] = ()
    legal_sources: tuple[str, ...] = ()
    author: str | None = None
    checker: str | None = None
    reviewed_on: dt.date | None = None
    review_awaited: str | None = None
    notes: tuple[str, ...] = ()
    reading: str | None = None
    example: Example | None = None
    worked_cases: tuple[WorkedCase, ...] = ()
    annotations: tuple[Annotation, ...] = ()
    history: tuple[Annotation, ...] = ()
    file: Annotated[Path, Field(exclude=True)] = Path()

    @model_validator(mode="before")
    @classmethod
    def _remember_the_file(cls, content: Any, info: ValidationInfo) -> Any:
        if isinstance(content, dict) and info.context and not is_stored(info):
            if "file" in content:
                raise ValueError("la clé « file » n'existe pas. → La retirer.")
            return {**content, "file": info.context["file"]}
        return content

    checks: ClassVar[tuple[str, ...]] = (
        "_wrong_identifiers",
        "_wrong_perimeters",
        "_wrong_main_measure",
        "_wrong_saving_measure",
        "_wrong_target",
        "_wrong_reference",
        "_wrong_example",
        "_wrong_cases",
        "_wrong_case_tables",
        "_wrong_evolutions",
        "_undeclared_lists",
        "_unused_lists",
        "_wrong_review",
        "_wrong_day_of_review",
        "_wrong_checker",
    )

    def _wrong_identifiers(self) -> Iterator[Wrong]:
        if self.file.name and self.file.stem != self.id:
            yield Wrong(f"l'identifiant « {self.id} » n'est pas le nom du fichier", "Leur donner le même nom.", ("id",))

    def _wrong_perimeters(self) -> Iterator[Wrong]:
        if len({perimeter.id for perimeter in self.perimeters}) < len(self.perimeters):
            yield Wrong("deux périmètres ont le même id", "Donner à chacun le sien.", ("perimeters",))

    def _unknown_measure(self, name: str | None, *place: int | str) -> Iterator[Wrong]:
        known = [measure.id for measure in self.measures]
        if name is not None and name not in known:
            key = ".".join(str(part + 1) if isinstance(part, int) else part for part in place)
            yield Wrong(f"{key} nomme la mesure « {name} », qui n'existe pas", f"Mesures : {', '.join(known)}.", place)

    def _wrong_main_measure(self) -> Iterator[Wrong]:
        known = [measure.id for measure in self.measures]
        if len(set(known)) < len(known):
            yield Wrong("deux mesures ont le même id", "Donner à chacune le sien.", ("measures",))
        yield from self._unknown_measure(self.main_measure, "main_measure")

    def _wrong_saving_measure(self) -> Iterator[Wrong]:
        yield from self._unknown_measure(self.incentive.saving_measure, "incentive", "saving_measure")

    def _wrong_target(self) -> Iterator[Wrong]:
        if self.target is not None:
            yield from self._unknown_measure(self.target.measure, "target", "measure")

    def _wrong_reference(self) -> Iterator[Wrong]:
        conditions = self.reference.conditions if self.reference else ()
        for rank, condition in enumerate(conditions):
            yield from self._unknown_measure(condition.measure, "reference", "conditions", rank, "measure")

    def _wrong_example(self) -> Iterator[Wrong]:
        if self.example is None:
            return
        yield from self._unknown_measure(self.example.measure, "example", "measure")
        named = self.example.measure or self.main_measure
        shown = next((measure for measure in self.measures if measure.id == named), None)
        if shown is not None and shown.denominator is None and shown.evolution_of is None:
            how = "Nommer dans example.measure une mesure qui divise, ou une évolution."
            yield Wrong(f"l'exemple porte sur « {shown.id} », qui est une simple somme", how, ("example",))

    def _wrong_cases(self) -> Iterator[Wrong]:
        for rank, case in enumerate(self.worked_cases):
            for name in case.expected:
                yield from self._unknown_measure(name, "worked_cases", rank, "expected", name)

    def _wrong_case_tables(self) -> Iterator[Wrong]:
        tables = sorted(self.tables)
        for rank, case in enumerate(self.worked_cases):
            for table in case.lines:
                if table not in tables:
                    what = f"un cas écrit des lignes de « {table} »"
                    how = f"Tables que l'indicateur lit : {', '.join(tables)}."
                    yield Wrong(what, how, ("worked_cases", rank, "lines", table))

    def _wrong_evolutions(self) -> Iterator[Wrong]:
        levels = [measure.id for measure in self.measures if measure.evolution_of is None]
        for rank, measure in enumerate(self.measures):
            if measure.evolution_of is not None and measure.evolution_of not in levels:
                what = f"{measure.id} est l'évolution de « {measure.evolution_of} »"
                yield Wrong(what, f"Choisir parmi : {', '.join(levels)}.", ("measures", rank, "evolution_of"))

    def _undeclared_lists(self) -> Iterator[Wrong]:
        undeclared = sorted(self.used_code_lists - set(self.code_lists))
        if undeclared:
            what = f"des listes de codes ne sont pas déclarées ({', '.join(undeclared)})"
            yield Wrong(what, "Compléter code_lists.", ("code_lists",))

    def _unused_lists(self) -> Iterator[Wrong]:
        unused = sorted(set(self.code_lists) - self.used_code_lists)
        if unused:
            what = f"des listes de codes ne servent pas ({', '.join(unused)})"
            yield Wrong(what, "Les retirer de code_lists.", ("code_lists",))

    def _wrong_review(self) -> Iterator[Wrong]:
        absent = [key for key in _REVIEW if getattr(self, key) is None]
        if self.status == "published" and absent:
            how = "Les ajouter, ou laisser status: draft tant que personne n'a relu."
            yield Wrong(f"une définition publiée dit {', '.join(absent)}", how, ("status",))

    def _wrong_day_of_review(self) -> Iterator[Wrong]:
        if self.reviewed_on is not None and self.reviewed_on > max(dt.date.today(), WRITTEN_ON):
            what = f"la relecture est datée du {french.date(self.reviewed_on)}, un jour qui n'est pas encore venu"
            yield Wrong(what, "Écrire le jour où elle a été faite.", ("reviewed_on",))

    def _wrong_checker(self) -> Iterator[Wrong]:
        if self.status == "published" and self.is_own_check and not self.review_awaited:
            how = "Nommer un autre relecteur, ou dire sous review_awaited qui doit encore la relire."
            yield Wrong(f"« {self.author} » relit sa propre définition", how, ("checker",))

    @property
    def is_own_check(self) -> bool:
        """Whether its author alone checked it: an author who checks himself is no second reader."""
        return bool(self.author) and str(self.checker).casefold().startswith(str(self.author).casefold())

    @property
    def used_code_lists(self) -> frozenset[str]:
        """Identifiers of the code lists that its conditions name."""
        names: set[str] = set()
        for measure in self.measures:
            for part in measure.sums:
                names |= part.code_lists
            if measure.masked is not None:
                names |= read_condition(measure.masked_table, measure.masked.where).code_lists
        for perimeter in self.perimeters:
            for table, text in perimeter.exclude.items():
                names |= read_condition(table, text).code_lists
        return frozenset(name.partition("/")[0] for name in names)

    @property
    def tables(self) -> frozenset[str]:
        """Tables that it reads."""
        return frozenset(table for measure in self.measures for table in measure.tables)

    def measure(self, name: str) -> Measure:
        """Return the measure of that id."""
        return next(measure for measure in self.measures if measure.id == name)

    @property
    def main(self) -> Measure:
        """The measure that titles and maps show."""
        return self.measure(self.main_measure)

    def data_year(self, year: int) -> int:
        """Return the year of the data that the contract of a year reads: the year before under ``campaign_year``.

        Parameters
        ----------
        year
            Year of the contract.
        """
        return year - 1 if self.period == "campaign_year" else year

    def data_words(self, year: int) -> str:
        """Say which whole year the contract of a year reads: « 2024 », « données de 2023 ».

        Parameters
        ----------
        year
            Year of the contract.
        """
        read = self.data_year(year)
        return str(year) if read == year else f"données de {read}"

    def is_stale(self, on: dt.date) -> bool:
        """Say whether the last review is too old on that day; a definition that nobody reviewed is not *stale*.

        Examples
        --------
        >>> line = Sum(table="activity", sum="count_nb", where="activity = 'stays'")
        >>> measure = Measure(id="stays_nb", label="Séjours", unit="séjours", numerator=line)
        >>> texts = dict.fromkeys(("id", "name", "short_name", "theme", "why"), "stays")
        >>> definition = IndicatorDefinition(
        ...     **texts, status="draft", measures=(measure,), main_measure="stays_nb", direction="none",
        ...     reviewed_on=dt.date(2024, 1, 15),
        ... )
        >>> definition.is_stale(dt.date(2026, 1, 15)), definition.is_stale(dt.date(2026, 1, 16))
        (False, True)
        """
        if self.reviewed_on is None:
            return False
        months = self.reviewed_on.month - 1 + REVIEW_MONTHS_NB
        year, month = self.reviewed_on.year + months // _MONTHS_A_YEAR, months % _MONTHS_A_YEAR + 1
        return (on.year, on.month, on.day) > (year, month, self.reviewed_on.day)


def load_definition(path: Path) -> IndicatorDefinition:
    """Read one definition file.

    Parameters
    ----------
    path
        YAML file whose name is the identifier of the indicator.

    Raises
    ------
    CampaignError
        Every problem of the file at once, in French, each with its line.
    """
    return load_unchanged(Path(path), IndicatorDefinition)

"""What an indicator is: one reviewed file gives its number, its page in the guide, its chart and its tests."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator

from caqes_analysis.indicators.expressions import read_condition
from caqes_analysis.indicators.measures import (
    CURRENT_PERIMETER,
    Example,
    Masking,
    Measure,
    Perimeter,
    Sum,
    WorkedCase,
    is_stored,
)
from caqes_analysis.indicators.stakes import Annotation, Incentive, Reference, ReferenceCondition, TargetLink
from caqes_analysis.parameter_files import Parameters, load_unchanged

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


class IndicatorDefinition(Parameters):
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
        ``data_year`` (whole years, data year Y meets the target of Y) or ``cumulative_month`` (whole years, and
        cumulative months M). ``campaign_year`` (campaign N decided on the data of N-1) is refused: nothing computes it.
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
        Who must still read it, in French words; absent once nobody must.
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
    period: Literal["data_year", "cumulative_month"] = "data_year"
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

    @field_validator("period", mode="before")
    @classmethod
    def _refuse_what_nothing_computes(cls, period: Any) -> Any:
        if period == "campaign_year":
            raise ValueError(
                "la lecture par année de campagne (données de l'année précédente) n'est pas calculée. → Écrire "
                "data_year : les données de l'année Y se comparent à l'objectif de l'année Y."
            )
        return period

    @model_validator(mode="after")
    def _check(self, info: ValidationInfo) -> IndicatorDefinition:
        if is_stored(info):
            return self
        wrong = [*self._wrong_names(), *self._wrong_lists(), *self._wrong_review()]
        if wrong:
            raise ValueError(" ; ".join(what for what, _ in wrong) + ". → " + " ".join(how for _, how in wrong))
        return self

    def _wrong_names(self) -> list[tuple[str, str]]:
        known = [measure.id for measure in self.measures]
        wrong = []
        if self.file.name and self.file.stem != self.id:
            wrong.append((f"l'identifiant « {self.id} » n'est pas le nom du fichier", "Leur donner le même nom."))
        if len(set(known)) < len(known):
            wrong.append(("deux mesures ont le même id", "Donner à chacune le sien."))
        if len({perimeter.id for perimeter in self.perimeters}) < len(self.perimeters):
            wrong.append(("deux périmètres ont le même id", "Donner à chacun le sien."))
        named = {"main_measure": self.main_measure, "incentive.saving_measure": self.incentive.saving_measure}
        named |= {"example.measure": self.example.measure if self.example else None}
        named |= {"target.measure": self.target.measure if self.target else None}
        conditions = self.reference.conditions if self.reference else ()
        named |= {f"worked_cases.expected ({name})": name for case in self.worked_cases for name in case.expected}
        named |= {f"reference.conditions[{n}]": condition.measure for n, condition in enumerate(conditions, 1)}
        wrong += [
            (f"{key} nomme la mesure « {name} », qui n'existe pas", f"Mesures : {', '.join(known)}.")
            for key, name in named.items()
            if name is not None and name not in known
        ]
        wrong += self._wrong_example()
        wrong += [
            (
                f"un cas écrit des lignes de « {table} »",
                f"Tables que l'indicateur lit : {', '.join(sorted(self.tables))}.",
            )
            for case in self.worked_cases
            for table in case.lines
            if table not in self.tables
        ]
        levels = [measure.id for measure in self.measures if measure.evolution_of is None]
        wrong += [
            (f"{measure.id} est l'évolution de « {measure.evolution_of} »", f"Choisir parmi : {', '.join(levels)}.")
            for measure in self.measures
            if measure.evolution_of is not None and measure.evolution_of not in levels
        ]
        return wrong

    def _wrong_example(self) -> list[tuple[str, str]]:
        named = None if self.example is None else self.example.measure or self.main_measure
        shown = next((measure for measure in self.measures if measure.id == named), None)
        if shown is None or shown.denominator is not None or shown.evolution_of is not None:
            return []
        how = "Nommer dans example.measure une mesure qui divise, ou une évolution."
        return [(f"l'exemple porte sur « {shown.id} », qui est une simple somme", how)]

    def _wrong_lists(self) -> list[tuple[str, str]]:
        used = self.used_code_lists
        undeclared, unused = sorted(used - set(self.code_lists)), sorted(set(self.code_lists) - used)
        wrong = []
        if undeclared:
            wrong.append(
                (f"des listes de codes ne sont pas déclarées ({', '.join(undeclared)})", "Compléter code_lists.")
            )
        if unused:
            wrong.append((f"des listes de codes ne servent pas ({', '.join(unused)})", "Les retirer de code_lists."))
        return wrong

    def _wrong_review(self) -> list[tuple[str, str]]:
        absent = [key for key in ("author", "checker", "reviewed_on") if getattr(self, key) is None]
        if self.status == "published" and absent:
            how = "Les ajouter, ou laisser status: draft tant que personne n'a relu."
            return [(f"une définition publiée dit {', '.join(absent)}", how)]
        return []

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

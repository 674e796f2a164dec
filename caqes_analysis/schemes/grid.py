"""The evaluation grid of a region: action plan, criteria, score and sanction, as one file that the region supplies."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, PlainValidator, model_validator

from caqes_analysis.errors import CampaignError
from caqes_analysis.parameter_files import Parameters, load_parameters
from caqes_analysis.schemes.terms import UNKNOWN, Limit, Rate

__all__ = [
    "Criterion",
    "Engagement",
    "EvaluationGrid",
    "Measured",
    "PointTier",
    "SanctionRule",
    "SanctionTier",
    "ScoreRule",
    "Section",
    "load_grid",
]

_SLUG = r"^[a-z0-9][a-z0-9_-]*$"
# Points × weight then have three decimals at most: what the tables keep exactly.
_POINT_DECIMALS = 2
_WEIGHT_DECIMALS = 1
_SECTION_DECIMALS = 2


def _number(value: Any, decimals: int) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        raise ValueError("un nombre est attendu. → Écrire un nombre, par exemple 10 ou 2.5.")
    number = Decimal(str(value))
    if not number.is_finite() or number != round(number, decimals):
        raise ValueError(f"ce nombre a au plus {decimals} décimale(s). → L'arrondir.")
    return number


def _points(value: Any) -> Decimal:
    return _number(value, _POINT_DECIMALS)


def _weight(value: Any) -> Decimal:
    weight = _number(value, _WEIGHT_DECIMALS)
    if weight <= 0:
        raise ValueError("un poids est positif. → Retirer ce qui ne compte pas.")
    return weight


Points = Annotated[Decimal, PlainValidator(_points)]
Weight = Annotated[Decimal, PlainValidator(_weight)]


class PointTier(Parameters):
    """A step of a criterion: from this value on (included), so many points."""

    value_from: Points
    points: Points


class Measured(Parameters):
    """A criterion that the package measures: an indicator against its objective of the year.

    Parameters
    ----------
    indicator
        Indicator followed; its definition names its objective.
    attained, not_attained
        Points when the target is respected, and when it is not.
    """

    indicator: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    attained: Points
    not_attained: Points = Decimal(0)


class Criterion(Parameters):
    """One line of the evaluation grid (annexe 2).

    Parameters
    ----------
    id
        Identifier used by the file of answers.
    label
        What is asked.
    answers
        Points by answer, for a choice.
    tiers
        Points by value, for a declared number: the highest step reached counts.
    measured
        For a criterion that nobody declares.
    unit
        Unit of the declared number.
    weight
        Multiplies the points.
    may_be_not_applicable
        True when « sans objet » is an answer: the criterion then leaves both the points and their maximum.
    proof
        Proof to keep.
    """

    id: str = Field(pattern=_SLUG)
    label: str
    answers: dict[str, Points] = Field(default_factory=dict)
    tiers: tuple[PointTier, ...] = ()
    measured: Measured | None = None
    unit: str = ""
    weight: Weight = Decimal(1)
    may_be_not_applicable: bool = False
    proof: str = ""

    @model_validator(mode="after")
    def _check(self) -> Criterion:
        given = [bool(self.answers), bool(self.tiers), self.measured is not None]
        if sum(given) != 1:
            raise ValueError(
                "un critère a soit answers, soit tiers, soit measured. → Garder une seule de ces trois clés."
            )
        steps = [tier.value_from for tier in self.tiers]
        if steps != sorted(set(steps)):
            raise ValueError("les paliers doivent être croissants et différents. → Les remettre dans l'ordre.")
        if self.max_points <= 0:
            raise ValueError("ce critère ne peut rapporter aucun point. → Corriger les points.")
        return self

    @property
    def max_points(self) -> Decimal:
        """Most points that the criterion can bring, before its weight."""
        if self.measured is not None:
            return max(self.measured.attained, self.measured.not_attained)
        return max([*self.answers.values(), *(tier.points for tier in self.tiers)])


class Engagement(Parameters):
    """One engagement of the contract (annexe 1) and the criteria that evaluate it.

    Parameters
    ----------
    id, title
        Identifier and words.
    section
        Section of the grid.
    action_plan, target
        What the establishment does, and what it must reach.
    applies_to
        Categories of establishment concerned; all when empty.
    criteria
        Lines of the grid.
    """

    id: str = Field(pattern=_SLUG)
    title: str
    section: str
    action_plan: str = ""
    target: str = ""
    applies_to: tuple[str, ...] = ()
    criteria: tuple[Criterion, ...]

    @model_validator(mode="after")
    def _check(self) -> Engagement:
        if not self.criteria:
            raise ValueError("un engagement sans critère ne s'évalue pas. → Ajouter un critère, ou le retirer.")
        return self


class Section(Parameters):
    """A part of the grid.

    Parameters
    ----------
    id, label
        Identifier and words.
    weight
        Weight of the section in the score.
    volet
        Volet of the contract: a contract that does not have it is not scored on the section. None: every contract.
    """

    id: str = Field(pattern=_SLUG)
    label: str
    weight: Weight = Decimal(1)
    volet: str | None = None


class ScoreRule(Parameters):
    """How points become a score (annexe 3); rounding is half-up.

    Parameters
    ----------
    scale
        ``percent``: a section is 100 × its points / their maximum, the score the mean of the sections by weight;
        ``points``: both are sums.
    section_decimals
        Decimals to which the score of a section is rounded before it enters the score, when annexe 3 says so; None: it
        enters the score exactly.
    decimals
        Decimals of the score.
    missing_answer
        ``not_computable``: a criterion without answer leaves no score; ``no_points``: it brings none.
    """

    scale: Literal["percent", "points"] = "percent"
    section_decimals: int | None = Field(default=None, ge=0, le=2)
    decimals: int = Field(default=1, ge=0, le=3)
    missing_answer: Literal["not_computable", "no_points"] = "not_computable"

    @property
    def printed_section_decimals(self) -> int:
        """Decimals with which the score of a section is kept and printed."""
        return _SECTION_DECIMALS if self.section_decimals is None else self.section_decimals


class SanctionTier(Parameters):
    """A step of the sanction: from this score on (included), this rate of the base."""

    score_from: Points
    rate_pct: Rate


class SanctionRule(Parameters):
    """What a score costs, before the *procédure contradictoire*.

    Parameters
    ----------
    source
        Where the rule comes from; printed.
    base_envelopes
        Envelopes whose amount of the year is the base.
    tiers
        Rate by score; the first step starts at the lowest score.
    cap_eur
        Most that can be asked.
    """

    source: str
    base_envelopes: tuple[str, ...] = Field(min_length=1)
    tiers: tuple[SanctionTier, ...] = Field(min_length=1)
    cap_eur: Limit = UNKNOWN

    @model_validator(mode="after")
    def _check(self) -> SanctionRule:
        steps = [tier.score_from for tier in self.tiers]
        if steps != sorted(set(steps)):
            raise ValueError("les paliers doivent être croissants et différents. → Les remettre dans l'ordre.")
        return self


class EvaluationGrid(Parameters):
    """A region's evaluation grid.

    Parameters
    ----------
    id, name
        Identifier and name printed.
    scheme
        Contract scheme that it evaluates.
    years
        Data years that it evaluates.
    source
        Where its points, weights and thresholds come from; printed.
    is_simulated
        True for an invented grid: every table says so.
    sections, engagements
        What is evaluated.
    score
        How points become a score.
    sanction
        What a score costs; None when nothing.
    """

    id: str = Field(pattern=_SLUG)
    name: str
    scheme: str
    years: tuple[Annotated[int, Field(ge=2000, le=2100)], ...] = Field(min_length=1)
    source: str
    is_simulated: bool = False
    sections: tuple[Section, ...]
    engagements: tuple[Engagement, ...]
    score: ScoreRule = ScoreRule()
    sanction: SanctionRule | None = None

    @model_validator(mode="after")
    def _check(self) -> EvaluationGrid:
        sections = [section.id for section in self.sections]
        faults = [
            *(["la grille n'a aucune section"] if not sections else []),
            *(f"la section « {name} » figure deux fois" for name in _twice(sections)),
            *(f"l'engagement « {name} » figure deux fois" for name in _twice(one.id for one in self.engagements)),
            *(f"le critère « {name} » figure deux fois" for name in _twice(one.id for one in self.criteria)),
            *(
                f"l'engagement « {one.id} » renvoie à une section inconnue (« {one.section} »)"
                for one in self.engagements
                if one.section not in sections
            ),
            *(
                f"la section « {name} » n'a aucun engagement"
                for name in sections
                if name not in {one.section for one in self.engagements}
            ),
        ]
        if faults:
            raise ValueError(f"{' ; '.join(faults)}. → Donner à chacun un identifiant à lui, et corriger les renvois.")
        return self

    @property
    def criteria(self) -> tuple[Criterion, ...]:
        """Every criterion, in order."""
        return tuple(criterion for engagement in self.engagements for criterion in engagement.criteria)

    @property
    def label(self) -> str:
        """How the grid is named in a table."""
        return f"grille simulée ({self.name})" if self.is_simulated else self.name


def _twice(names: Iterable[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1]


def load_grid(path: Path, *, scheme: str, year: int) -> EvaluationGrid:
    """Read the evaluation grid of a campaign.

    Parameters
    ----------
    path
        The file.
    scheme, year
        Scheme and data year of the campaign: a grid made for others is refused.

    Raises
    ------
    CampaignError
        Every problem of the file; ``GRILLE_AUTRE_DISPOSITIF`` or ``GRILLE_AUTRE_ANNEE``.
    """
    grid = load_parameters(path, EvaluationGrid)
    if grid.scheme != scheme:
        raise CampaignError.of(
            "GRILLE_AUTRE_DISPOSITIF",
            f"cette grille évalue le dispositif {grid.scheme} ; la campagne porte sur {scheme}.",
            "Nommer dans la campagne la grille de son dispositif (evaluation_grid).",
            file=path.name,
            column="scheme",
            value=grid.scheme,
        )
    if year not in grid.years:
        raise CampaignError.of(
            "GRILLE_AUTRE_ANNEE",
            f"cette grille n'évalue pas l'année {year}.",
            "Ajouter l'année à years si la grille vaut encore, ou nommer celle de l'année.",
            file=path.name,
            column="years",
            value=", ".join(map(str, grid.years)),
        )
    return grid

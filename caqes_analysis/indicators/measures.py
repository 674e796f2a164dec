"""The numbers of an indicator: what is added up, what is divided, and over which perimeter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, ClassVar, Literal

from pydantic import Field

from caqes_analysis.indicators.expressions import SOURCE_TABLES, Condition, leaves_out, read_condition
from caqes_analysis.parameter_checks import Checked, Wrong
from caqes_analysis.parameter_files import Parameters

__all__ = [
    "CURRENT_PERIMETER",
    "Example",
    "Masking",
    "Measure",
    "Perimeter",
    "SourceTable",
    "Sum",
    "WorkedCase",
    "wrong_condition",
]

CURRENT_PERIMETER = "courant"

SourceTable = Literal["annual_drug_spend", "monthly_grid", "lpp_spend", "extra_list_use", "activity"]

_ID = r"^[a-z][a-z0-9_]*$"
_SUMMED_KINDS = ("count", "amount", "quantity")


def wrong_condition(table: str, text: str, *place: str) -> Iterator[Wrong]:
    """Yield what is wrong in a condition, nothing when it can be read.

    Parameters
    ----------
    table, text
        Table, and condition over its columns.
    *place
        Keys that hold the condition.
    """
    try:
        read_condition(table, text)
    except ValueError as failure:
        what, _, how = str(failure).partition(" → ")
        yield Wrong(what.removesuffix("."), how, place)


class Sum(Checked):
    """What is added up: a column of a tidy table, or its lines, where a condition holds.

    Parameters
    ----------
    table
        Tidy table (``docs/tables.md``): ``annual_drug_spend``, ``monthly_grid`` (monthly envelopes), ``lpp_spend``,
        ``extra_list_use`` or ``activity``.
    sum
        Column added up (``boxes_nb``, ``reimbursed_eur``…): an amount, a quantity or a count, so that sums are exact.
    count
        ``lines`` to count lines instead.
    where
        DuckDB condition over the columns of the table; ``in_list(column, 'list')`` asks a dated code list.
    received_if
        Condition that tells the lines proving that an establishment's data were received: without such a line the
        value is missing, never zero. By default any line of a listing (``annual_drug_spend``, ``lpp_spend``,
        ``extra_list_use``), and the summed lines themselves elsewhere.
    """

    table: SourceTable
    sum: str | None = None
    count: Literal["lines"] | None = None
    where: str = "true"
    received_if: str | None = None

    checks: ClassVar[tuple[str, ...]] = ("_wrong_sum", "_wrong_where", "_wrong_proof")

    def _wrong_sum(self) -> Iterator[Wrong]:
        if (self.sum is None) == (self.count is None):
            yield Wrong("il faut une colonne à additionner, ou count", "Écrire soit sum, soit count: lines.")
        if self.sum is not None:
            summable = [c.name for c in SOURCE_TABLES[self.table].columns if c.kind in _SUMMED_KINDS]
            if self.sum not in summable or self.sum == "source_line":
                possible = ", ".join(name for name in summable if name != "source_line")
                what = f"la colonne « {self.sum} » de {self.table} ne s'additionne pas"
                yield Wrong(what, f"Colonnes possibles : {possible}.", ("sum",))

    def _wrong_where(self) -> Iterator[Wrong]:
        yield from wrong_condition(self.table, self.where, "where")

    def _wrong_proof(self) -> Iterator[Wrong]:
        if self.received_if is not None:
            yield from wrong_condition(self.table, self.received_if, "received_if")

    @property
    def condition(self) -> Condition:
        """The condition ``where``, read."""
        return read_condition(self.table, self.where)

    @property
    def code_lists(self) -> frozenset[str]:
        """Code lists that the conditions name."""
        proof = read_condition(self.table, self.received_if or "true")
        return self.condition.code_lists | proof.code_lists


class Masking(Parameters):
    """Lines whose content the producer masked, and which move a share: the masked part is given with the value.

    Parameters
    ----------
    where
        Condition that tells the masked lines, in the table of the denominator (or of the numerator without one).
    note
        French sentence: what is masked, and which way of counting is official.
    """

    where: str
    note: str


class Measure(Checked):
    """One number of an indicator.

    Parameters
    ----------
    id
        Name with its unit: ``boxes_nb``, ``reimbursed_eur``, ``share_pct``, ``evolution_pct``.
    label, unit, decimals
        How it is printed.
    numerator, denominator
        What is divided; without denominator the value is the sum itself.
    scale
        Factor of the ratio: 100 for percents, 1 000 for « per thousand »; 1 by default.
    evolution_of
        Instead of the sums: another measure, whose value is compared with that of the same months a year before,
        ``100 × (N / N-1 − 1)``.
    masked
        Masked lines, when they move the value.
    note
        French sentence printed with the value.
    """

    id: str = Field(pattern=_ID)
    label: str
    unit: str
    decimals: int = Field(default=1, ge=0, le=4)
    numerator: Sum | None = None
    denominator: Sum | None = None
    scale: int = Field(default=1, ge=1)
    evolution_of: str | None = None
    masked: Masking | None = None
    note: str | None = None

    checks: ClassVar[tuple[str, ...]] = ("_wrong_kind", "_wrong_evolution", "_wrong_masking")

    @property
    def is_declared(self) -> bool:
        """True when it adds up what establishments answered on a form, once a year."""
        line = self.numerator
        return line is not None and line.table == "activity" and "'declared_" in line.where

    def _wrong_kind(self) -> Iterator[Wrong]:
        if (self.numerator is None) == (self.evolution_of is None):
            yield Wrong("une mesure a un numérateur, ou est l'évolution d'une autre", "Garder l'un des deux.")

    def _wrong_evolution(self) -> Iterator[Wrong]:
        if self.evolution_of is not None and (self.denominator or self.masked or self.scale != 1):
            yield Wrong("une évolution n'a ni dénominateur, ni part masquée, ni échelle", "Les retirer.")

    def _wrong_masking(self) -> Iterator[Wrong]:
        if self.masked is not None and self.masked_table:
            yield from wrong_condition(self.masked_table, self.masked.where, "masked", "where")

    @property
    def leaves_masked_out(self) -> bool:
        """Say whether its masked lines are in neither of its two sums: the real share is then only known by bounds."""
        return self.masked is not None and self.denominator is not None and self.denominator.where != "true"

    @property
    def masked_table(self) -> str:
        """Table whose masked lines are told apart."""
        counted = self.denominator or self.numerator
        return counted.table if counted else ""

    @property
    def sums(self) -> tuple[Sum, ...]:
        """Numerator and denominator, as far as there are."""
        return tuple(part for part in (self.numerator, self.denominator) if part is not None)

    @property
    def tables(self) -> frozenset[str]:
        """Tables that it reads."""
        return frozenset(part.table for part in self.sums)

    def leaves_out(self, perimeter: Perimeter) -> bool:
        """Say whether its own conditions already leave out what a perimeter excludes, so that both give one value.

        Parameters
        ----------
        perimeter
            Way of counting. The conditions say it as the computation of a perimeter does:
            ``not coalesce(<what is excluded>, false)``, in any writing of it.
        """
        excluded = [(part, perimeter.exclude[part.table]) for part in self.sums if part.table in perimeter.exclude]
        return bool(excluded) and all(leaves_out(part.where, text) for part, text in excluded)


class Perimeter(Checked):
    """A way of counting: everything, or *à champ constant* (codes removed from both years).

    Parameters
    ----------
    id
        ``courant``, ``constant``, or the region's own name.
    label
        French words printed with the value.
    exclude
        By table, the condition that tells the lines left out of every year.
    """

    id: str = Field(pattern=_ID)
    label: str
    exclude: dict[SourceTable, str] = Field(default_factory=dict)

    checks: ClassVar[tuple[str, ...]] = ("_wrong_exclusions",)

    def _wrong_exclusions(self) -> Iterator[Wrong]:
        for table, text in self.exclude.items():
            yield from wrong_condition(table, text, "exclude", table)


class Example(Parameters):
    """A worked example, computed by hand: the guide prints it.

    Parameters
    ----------
    measure
        Measure computed; the main one when absent. It divides, or is an evolution.
    numerator
        What is divided; for an evolution, this year's value.
    denominator
        What it is divided by; for an evolution, the value of the year before.
    """

    measure: str | None = None
    numerator: Decimal
    denominator: Decimal = Field(gt=0)


class WorkedCase(Parameters):
    """A few lines small enough to be added up by hand, and what they must give: the test of a definition.

    Parameters
    ----------
    lines
        Lines of each table, by column (docs/tables.md). Those that the case leaves out are filled: one establishment,
        the year, the classes above ``atc5``. A line that names no month stands for each of the twelve.
    expected
        Value of each measure, over the current perimeter; ``null`` when it must be missing.
    year
        Year computed; a line may name another one (``year: 2023``).
    """

    lines: Mapping[str, tuple[Mapping[str, Any], ...]] = Field(min_length=1)
    expected: Mapping[str, Decimal | None] = Field(min_length=1)
    year: int = Field(default=2024, ge=2000, le=2100)

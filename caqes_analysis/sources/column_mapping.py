"""Column mappings: how a region's own tables are laid out, written in a parameter file instead of code."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from caqes_analysis.campaign_sources import COLUMN_MAPPINGS
from caqes_analysis.parameter_files import Parameters, load_parameters

__all__ = ["MONTH_FORMS", "ColumnMapping", "Columns", "HeaderMeaning", "MonthForm", "known_mappings", "load_mapping"]

Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Texts = tuple[Text, ...]
HeaderMeaning = Literal["name", "month", "year", "item", "measure"]
MonthForm = Literal["AAAA-MM", "MM/AAAA", "AAAAMM", "mois AAAA", "mois", "MM", "JJ/MM/AAAA", "date", "AAAA", "AAAA-MMM"]
MappedTable = Literal["monthly_spend", "activity", "lpp_spend", "prescriber_spend"]

MONTH_FORMS: dict[MonthForm, str] = {
    "AAAA-MM": "2024-09",
    "MM/AAAA": "09/2024",
    "AAAAMM": "202409",
    "mois AAAA": "septembre 2024, sept. 2024",
    "mois": "septembre, sept. (l'année est dans une colonne, une ligne d'en-tête ou la campagne)",
    "MM": "09 (l'année est dans une colonne, une ligne d'en-tête ou la campagne)",
    "JJ/MM/AAAA": "01/09/2024 ou 30/09/2024, le premier ou le dernier jour du mois",
    "date": "une date du tableur, le premier ou le dernier jour du mois",
    "AAAA": "2024, une année entière (activité et LPP)",
    "AAAA-MMM": "2024-M09, le cumul de janvier à septembre (activité)",
}
"""Ways of writing a month or a period, each with an example."""

MEASURES: dict[MappedTable, tuple[str, ...]] = {
    "monthly_spend": ("amount", "quantity"),
    "activity": ("count",),
    "lpp_spend": ("amount", "quantity"),
    "prescriber_spend": ("amount", "quantity"),
}
"""What each table counts; the first is the one that must be there."""


class Columns(Parameters):
    """Columns by what they hold. Each is written as in the file; case, accents and punctuation do not matter.

    Parameters
    ----------
    finess
        The establishment.
    month, year
        Month or period, and its year when the month does not say it.
    item
        What is counted: the envelope, the activity, the LPP code, the product prescribed.
    prescriber, prescriber_label
        Who prescribed (RPPS or code of the service), and its label: ``prescriber_spend`` only.
    amount, quantity, count
        Values, when each has its column.
    """

    finess: Text
    month: Text | None = None
    year: Text | None = None
    item: Text | None = None
    prescriber: Text | None = None
    prescriber_label: Text | None = None
    amount: Text | None = None
    quantity: Text | None = None
    count: Text | None = None

    def named(self) -> dict[str, str]:
        """Return the header expected for each part that has a column."""
        return {part: header for part, header in self if header is not None}


class ColumnMapping(Parameters):
    """How a table is laid out.

    Parameters
    ----------
    title
        What the table is, for messages.
    table
        The tidy table that it fills.
    sheet
        Name of the sheet, or its number among the visible ones.
    separator
        What separates the fields of a CSV.
    skip_rows
        Lines above the header (titles, dates of extraction), not counting empty ones.
    header
        What each header line says of the columns of values: ``name`` (one column per measure), ``month``, ``year``,
        ``item`` (envelope, activity) or ``measure``. One line or two; the first of two may be merged cells.
    columns
        Columns that are found by their name.
    item
        The envelope, activity or LPP code of the whole table.
    items
        Code by word of the file, for the words that the package does not know.
    measures
        Measure (``amount``, ``quantity``, ``count``) by word of the file, when a header line says it.
    merged
        Parts whose cells are merged downwards (``finess``, ``item``…): an empty cell takes the value above.
    months
        Ways in which months are written (keys of :data:`MONTH_FORMS`).
    amount_unit
        ``eur``, or ``keur`` when amounts are in thousands of euros.
    empty
        What an empty value means: ``missing`` or ``zero``.
    missing_words, zero_words
        Texts that stand for a missing value (« n.d. ») or a zero (« - »).
    totals, notes
        First words of the lines and columns of totals, and of the lines of notes: they are dropped, and counted.
    grand_total
        First words of the line that adds every line up: each of its sums is verified to the cent.
    ignore
        Columns that are not read.
    """

    title: Text
    table: MappedTable
    sheet: Text | Annotated[int, Field(ge=1)] = 1
    separator: Literal[";", ",", "\t", "|"] = ";"
    skip_rows: int = Field(default=0, ge=0)
    header: Annotated[tuple[HeaderMeaning, ...], Field(min_length=1, max_length=2)] = ("name",)
    columns: Columns
    item: Text | None = None
    items: dict[Text, Text] = Field(default_factory=dict)
    measures: dict[Literal["amount", "quantity", "count"], Text] = Field(default_factory=dict)
    merged: tuple[Literal["finess", "month", "year", "item"], ...] = ()
    months: tuple[MonthForm, ...] = ("AAAA-MM", "MM/AAAA", "AAAAMM")
    amount_unit: Literal["eur", "keur"] = "eur"
    empty: Literal["missing", "zero"] = "missing"
    missing_words: Texts = ()
    zero_words: Texts = ()
    totals: Texts = ("total", "sous-total", "ensemble")
    notes: Texts = ()
    grand_total: Texts = ()
    ignore: Texts = ()

    @model_validator(mode="after")
    def _check(self) -> ColumnMapping:
        said, named = set(self.header), self.columns.named()
        values = [measure for measure in ("amount", "quantity", "count") if measure in named]
        wanted = MEASURES[self.table]
        checks = (
            (
                len(said) < len(self.header) and said != {"name"},
                "les deux lignes d'en-tête disent la même chose. → Corriger header.",
            ),
            (
                "name" in said and said != {"name"},
                "une ligne « name » accompagne une ligne d'une autre sorte. → Remplacer name par measure.",
            ),
            (
                self.table == "monthly_spend" and any(form in ("AAAA", "AAAA-MMM") for form in self.months),
                "une dépense mensuelle n'a pas de période d'un an ou cumulée. → Corriger months "
                "(pour des cumuls, la campagne dit cumulative et as_of).",
            ),
            (
                self.table == "monthly_spend"
                and ("year" in said or self.columns.year is not None)
                and ("month" not in said and self.columns.month is None),
                "une année sans mois ne suffit pas à une dépense mensuelle. → Ajouter le mois.",
            ),
            (
                sum((self.item is not None, self.columns.item is not None, "item" in said)) != 1,
                "l'enveloppe (ou l'activité, ou le code) doit venir d'un endroit et d'un seul. "
                "→ Donner item, ou columns.item, ou une ligne d'en-tête item.",
            ),
            (
                (self.columns.month is not None or self.columns.year is not None) and "month" in said,
                "le mois est dans une colonne et dans l'en-tête. → N'en garder qu'un.",
            ),
            (
                self.columns.year is not None and "year" in said,
                "l'année est dans une colonne et dans l'en-tête. → N'en garder qu'une.",
            ),
            (
                bool(values) and said != {"name"},
                "les colonnes de valeurs sont nommées, et l'en-tête en fait autre chose. "
                "→ Retirer amount, quantity et count de columns, ou écrire header: [name].",
            ),
            (
                not values and said == {"name"},
                f"aucune colonne de valeur n'est nommée. → Ajouter columns.{wanted[0]}.",
            ),
            (
                ("measure" in said) != bool(self.measures),
                "measures va avec une ligne d'en-tête measure. → Donner les deux, ou aucun.",
            ),
            (
                any(measure not in wanted for measure in (*values, *self.measures)),
                f"cette table ne compte pas cela. → Mesures de {self.table} : {', '.join(wanted)}.",
            ),
            (
                bool(values or self.measures) and wanted[0] not in (*values, *self.measures),
                f"la mesure {wanted[0]} manque. → L'ajouter.",
            ),
        )
        wrong = [message for is_wrong, message in (*checks, *self._prescriber_checks()) if is_wrong]
        if wrong:
            raise ValueError(wrong[0])
        return self

    def _prescriber_checks(self) -> tuple[tuple[bool, str], ...]:
        """Return what a list of prescribers must have, and what no other table may."""
        columns = self.columns
        is_list = self.table == "prescriber_spend"
        plain = ColumnMapping.model_fields
        settled = {"title", "table", "separator", "columns", "ignore"}
        moved = [
            name
            for name in plain
            if name not in settled and getattr(self, name) != plain[name].get_default(call_default_factory=True)
        ]
        return (
            (
                not is_list and bool(columns.prescriber or columns.prescriber_label),
                "seule la table prescriber_spend a des prescripteurs. → Retirer prescriber et prescriber_label.",
            ),
            (
                is_list and None in (columns.prescriber, columns.year, columns.item, columns.quantity),
                "une liste par prescripteur a une colonne pour chaque chose. → Donner columns.prescriber, year, item, "
                "quantity et amount.",
            ),
            (
                is_list and bool(moved or columns.month),
                "une liste par prescripteur se lit ligne à ligne, une année par ligne. → Ne garder que title, table, "
                "separator, columns et ignore.",
            ),
        )

    @property
    def needs_as_of(self) -> bool:
        """True when neither the columns nor the header name a period: the campaign must."""
        named = self.columns.month is not None or self.columns.year is not None
        return not named and not {"month", "year"} & set(self.header)


def load_mapping(path: Path) -> ColumnMapping:
    """Read a column mapping.

    Parameters
    ----------
    path
        The YAML file.

    Raises
    ------
    CampaignError
        All its problems at once, each with its line.
    """
    return load_parameters(path, ColumnMapping)


def known_mappings(folders: Sequence[Path] = ()) -> dict[str, ColumnMapping]:
    """Return the mappings of the package and of some folders, by name; a file of a later folder wins.

    Parameters
    ----------
    folders
        Folders that hold a region's own mappings.

    Examples
    --------
    >>> "transports-mois-en-colonnes" in known_mappings()
    True
    """
    files = {path.stem: path for folder in (COLUMN_MAPPINGS, *folders) for path in sorted(folder.glob("*.yml"))}
    return {name: load_mapping(path) for name, path in sorted(files.items())}

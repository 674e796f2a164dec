"""The sources of a campaign: one model per kind of received file, as the campaign file names them."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationInfo, model_validator

from caqes_analysis.parameter_files import Parameters

__all__ = [
    "AnnouncedFile",
    "AnnualSource",
    "ExtraListHistorySource",
    "ExtraListSource",
    "ExtractSource",
    "FileSource",
    "MappedSource",
    "Month",
    "MonthlySource",
    "Place",
    "ReferenceSource",
    "Sources",
]

COLUMN_MAPPINGS = Path(__file__).resolve().parent.parent / "parameters" / "column_mappings"
"""Column mappings that come with the package; a region keeps its own beside its campaign file."""

_SLUG = r"^[a-z0-9][a-z0-9_-]*$"
_MONTH = r"^(19|20)[0-9]{2}-(0[1-9]|1[0-2])$"


def _beside_the_file(value: Any, info: ValidationInfo) -> Any:
    """Read a relative path from the folder of the campaign file."""
    if isinstance(value, str) and info.context:
        return (Path(info.context["directory"]) / value).resolve()
    return value


def _mapping_file(value: Any, info: ValidationInfo) -> Any:
    """Read a mapping's name from the region's folder, then from the package's; anything else is a path."""
    if not isinstance(value, str) or not info.context:
        return value
    if value.endswith((".yml", ".yaml")):
        return _beside_the_file(value, info)
    own = Path(info.context["directory"]) / "column_mappings" / f"{value}.yml"
    return (own if own.is_file() else COLUMN_MAPPINGS / f"{value}.yml").resolve()


Place = Annotated[Path, BeforeValidator(_beside_the_file)]
MappingFile = Annotated[Path, BeforeValidator(_mapping_file)]
Month = Annotated[str, Field(pattern=_MONTH)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class AnnouncedFile(Parameters):
    """A file that must be the one announced.

    Parameters
    ----------
    path
        The file, from the folder of the campaign file.
    sha256
        Expected SHA-256; the build refuses another file.
    """

    path: Place
    sha256: Sha256 | None = None


class FileSource(AnnouncedFile):
    """One received file, with what its sender announces of it; the build refuses a file that does not reach it.

    Parameters
    ----------
    delivery
        Short name of the delivery, printed in findings and provenance; by default the name of the file.
    received_on
        Date of reception.
    control_total_eur
        Sum of its amounts, to the cent: the reimbursed ones of a yearly base, those at purchase price of the lines of
        the liste en sus that are kept.
    control_base_eur
        Sum of the bases of reimbursement of a yearly base, on which prices are read.
    control_billed_eur
        Sum of the amounts billed of the lines of the liste en sus that are kept, where the file has them.
    control_tariff_eur
        Sum of the amounts at tariff of the same lines; of the tariffs, before and with taxes, of a history.
    control_total_nb
        Sum of what it counts: activity, quantities, boxes, numbers answered.
    control_rows_nb
        Number of lines of data that the file has, as its sender counts them: header, totals and notes left out, before
        any cleaning.
    """

    delivery: str | None = Field(default=None, pattern=_SLUG)
    received_on: dt.date | None = None
    control_total_eur: Annotated[Decimal, Field(decimal_places=2)] | None = None
    control_base_eur: Annotated[Decimal, Field(decimal_places=2)] | None = None
    control_billed_eur: Annotated[Decimal, Field(decimal_places=2)] | None = None
    control_tariff_eur: Annotated[Decimal, Field(decimal_places=3)] | None = None
    control_total_nb: Decimal | None = None
    control_rows_nb: int | None = Field(default=None, ge=0)

    @property
    def has_control(self) -> bool:
        """True when a total or a number of rows is announced."""
        return bool(self.controls)

    @property
    def controls(self) -> tuple[str, ...]:
        """Names of what is announced: totals, number of rows."""
        names = (name for name in type(self).model_fields if name.startswith("control_"))
        return tuple(name for name in names if getattr(self, name) is not None)

    @property
    def delivery_name(self) -> str:
        """Name of the delivery: as given, or made from the name of the file."""
        return self.delivery or "".join(c if c.isalnum() else "-" for c in self.path.stem.lower()).strip("-")

    @property
    def files(self) -> tuple[Path, ...]:
        """Every file that the source depends on."""
        return (self.path,)


class MappedSource(FileSource):
    """A file whose columns may be the region's own.

    Parameters
    ----------
    mapping
        Column mapping: name of a file of ``column_mappings`` (without ``.yml``), or its path. Without it, the file has
        the package's plain layout.
    as_of
        Month at which the file was drawn up (``AAAA-MM``).
    """

    mapping: MappingFile | None = None
    as_of: Month | None = None

    @property
    def files(self) -> tuple[Path, ...]:
        """Every file that the source depends on: what was received, and its column mapping."""
        return (self.path,) if self.mapping is None else (self.path, self.mapping)


class MonthlySource(MappedSource):
    """A monthly spending file (finess, mois, enveloppe, montant).

    Parameters
    ----------
    amount_kind, date_basis, tax
        What the amounts are; never assumed.
    cumulative
        True when amounts run from January to ``as_of`` (or to the month that the file names).
    """

    amount_kind: Literal["reimbursed", "base", "purchase", "tariff"]
    date_basis: Literal["care", "reimbursement", "discharge", "administration", "unknown"]
    tax: Literal["HT", "TTC", "unknown"] = "unknown"
    cumulative: bool = False

    @model_validator(mode="after")
    def _check_cumulative(self) -> MonthlySource:
        if self.cumulative and self.as_of is None:
            raise ValueError("une livraison cumulée doit dire jusqu'à quel mois. → Ajouter as_of (AAAA-MM).")
        return self


class AnnualSource(FileSource):
    """A yearly Open PHMEV file (CSV or ZIP).

    Parameters
    ----------
    year
        Year of its data; needed when the name of the file does not say it.
    """

    year: int | None = Field(default=None, ge=2000, le=2100)


class ExtraListSource(FileSource):
    """An ATIH fixed-width file of the liste en sus.

    Parameters
    ----------
    file_type
        ``rsa_med``, ``rum_med``, ``rsa_dmi``, ``rum_dmi`` (MCO), ``rapss_med`` (HAD), ``rha_med`` (SMR) or ``rafael``
        (invoices of the private sector).
    year
        Year of the file: it decides the layout.
    tax
        Whether its prices include taxes.
    without
        Names of cleaning steps not to apply (``docs/methods/atih.md``).
    known_codes
        List of the UCD and LPP codes that exist (column ``code``).
    layouts
        The region's own table of layouts, for a year that the package does not know.
    """

    file_type: Literal["rsa_med", "rum_med", "rsa_dmi", "rum_dmi", "rapss_med", "rha_med", "rafael"]
    year: int = Field(ge=2000, le=2100)
    tax: Literal["HT", "TTC", "unknown"] = "unknown"
    without: tuple[str, ...] = ()
    known_codes: Place | None = None
    layouts: Place | None = None

    @property
    def files(self) -> tuple[Path, ...]:
        """Every file that the source depends on: what was received, its list of codes and its layouts."""
        return tuple(path for path in (self.path, self.known_codes, self.layouts) if path is not None)


class ExtraListHistorySource(FileSource):
    """A history of the liste en sus: periods of listing and dated tariffs, which the cleaning of its files uses.

    Parameters
    ----------
    content
        ``ucd`` (drugs), ``lpp`` (devices) or ``biosimilar_tariffs``.
    """

    content: Literal["ucd", "lpp", "biosimilar_tariffs"]


class ReferenceSource(FileSource):
    """A public reference file.

    Parameters
    ----------
    content
        ``finess`` (extract of the sites), ``bdpm_products`` (CIS_bdpm), ``bdpm_presentations`` (CIS_CIP),
        ``bdpm_generics`` (CIS_GENER), ``bdpm_classes`` (CIS_MITM), ``biosimilar_flags`` (CIP13 flagged B or C),
        ``extra_list_indications`` (codes LES of the liste en sus) or ``lpp_list`` (a list of LPP codes).
    name
        Name of a list of LPP codes, as a list of the region is named.
    valid_from, valid_to
        First and last days on which a list of LPP codes holds; a code may end before.
    is_complete
        True when the list holds every code of the nomenclature: a code that is not there is then told.
    """

    content: Literal[
        "finess",
        "bdpm_products",
        "bdpm_presentations",
        "bdpm_generics",
        "bdpm_classes",
        "biosimilar_flags",
        "extra_list_indications",
        "lpp_list",
    ]
    name: str | None = Field(default=None, pattern=_SLUG)
    valid_from: dt.date | None = None
    valid_to: dt.date | None = None
    is_complete: bool = False

    @model_validator(mode="after")
    def _check_list(self) -> ReferenceSource:
        if self.content == "lpp_list":
            if self.name is None:
                raise ValueError("une liste de codes LPP a un nom. → Ajouter name (par exemple pansements-2024).")
            if self.valid_from and self.valid_to and self.valid_to < self.valid_from:
                raise ValueError("la liste finit avant de commencer. → Corriger valid_from ou valid_to.")
        elif self.name or self.valid_from or self.valid_to or self.is_complete:
            raise ValueError(
                "seule une liste de codes (content: lpp_list) a un nom et des dates. → Retirer name, valid_from, "
                "valid_to et is_complete."
            )
        return self


class ExtractSource(FileSource):
    """An extract of the region's own, read by a module of ``sources/extracts``.

    Parameters
    ----------
    reader
        Name of the module, with hyphens.
    """

    reader: str = Field(pattern=_SLUG)


class Sources(Parameters):
    """The files received, by kind. Any kind may be absent: the chapters then say what they cannot show."""

    establishments: tuple[FileSource, ...] = ()
    contracts: tuple[FileSource, ...] = ()
    monthly_spend: tuple[MonthlySource, ...] = ()
    open_phmev: tuple[AnnualSource, ...] = ()
    references: tuple[ReferenceSource, ...] = ()
    extra_list_history: tuple[ExtraListHistorySource, ...] = ()
    extra_list: tuple[ExtraListSource, ...] = ()
    activity: tuple[MappedSource, ...] = ()
    lpp_spend: tuple[MappedSource, ...] = ()
    prescriber_spend: tuple[MappedSource, ...] = ()
    declared: tuple[FileSource, ...] = ()
    grid_answers: tuple[FileSource, ...] = ()
    extracts: tuple[ExtractSource, ...] = ()

    def all(self) -> tuple[FileSource, ...]:
        """Return every source, kind after kind."""
        return tuple(source for kind in type(self).model_fields for source in getattr(self, kind))

"""The campaign file: everything a yearly report depends on, frozen and checked."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo, model_validator

from caqes_analysis.campaign_sources import (
    AnnouncedFile,
    AnnualSource,
    FileSource,
    Month,
    MonthlySource,
    Place,
    Sources,
)
from caqes_analysis.envelopes import ENVELOPES, Envelope
from caqes_analysis.identifiers import FINESS_PATTERN
from caqes_analysis.parameter_files import Parameters, load_parameters

__all__ = [
    "CAMPAIGN_VARIABLE",
    "REPOSITORY",
    "AddedEnvelope",
    "AnnualSource",
    "Batch",
    "Campaign",
    "Disclosure",
    "FileSource",
    "KnownEvent",
    "MonthlySource",
    "Region",
    "Simulation",
    "load_campaign",
]

REPOSITORY = Path(__file__).resolve().parent.parent
"""The clone: users keep their campaigns, comments and corrections beside the package's own files."""

CAMPAIGN_VARIABLE = "CAQES_CAMPAIGN"
"""Environment variable that names the campaign of a process: that of ``caqes lab`` for a notebook opened by hand, that
of a batch for the process from which its kernels are forked."""

_PARAMETER_FOLDERS = ("code_lists", "column_mappings", "declared", "indicators", "schemes")

_SLUG = r"^[a-z0-9][a-z0-9_-]*$"
_MONTH = r"^(19|20)[0-9]{2}-(0[1-9]|1[0-2])$"


class Region(Parameters):
    """The region that the report is about.

    Parameters
    ----------
    code
        INSEE code of the region (text, two characters).
    name
        Name printed, with its article where French wants one (« Nouvelle-Aquitaine »).
    """

    code: str
    name: str


class Simulation(Parameters):
    """Inputs to simulate before the build, for a demonstration.

    Parameters
    ----------
    directory
        Folder that receives the simulated files; the sources below name files in it.
    establishments_nb, seed
        Size of the region and seed of the random draws.
    incidents
        True to add what a region lives with its files: earlier deliveries, two errors, a register of corrections.
    """

    directory: Place
    establishments_nb: int = Field(default=40, ge=3)
    seed: int = Field(default=2024, ge=0)
    incidents: bool = False


class AddedEnvelope(Parameters):
    """An envelope that the region adds to the national ones."""

    code: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    label: str
    short_label: str
    received_as: tuple[str, ...] = ()


class Disclosure(Parameters):
    """Thresholds of statistical secrecy (domain: fewer than 11 patients or stays; dominance 85 % by analogy)."""

    minimum_count_nb: int = Field(default=11, ge=1)
    dominance_share: float = Field(default=0.85, gt=0, le=1)


class Batch(Parameters):
    """How notebooks are run: number of workers (by default one per core) and time allowed to each notebook."""

    workers: int | None = Field(default=None, ge=1)
    timeout_s: int = Field(default=600, ge=1)


class KnownEvent(Parameters):
    """Something dated that moved spending, or will, and that forecasts and estimated savings must know.

    Parameters
    ----------
    date
        First month concerned (``AAAA-MM``).
    until
        Last month of a ``temporary`` event; ``date`` when absent.
    kind
        ``level`` (lasting) or ``temporary``.
    factor
        What amounts are multiplied by; absent when nobody knows: a forecast measures it or widens its interval, and a
        saving is not estimated where nothing tells it from the event.
    envelope, indicator, establishment
        What it concerns: the code of an envelope or the identifier of an indicator, and a FINESS; everything when all
        are absent.
    label, source
        What happened and where it is known from, printed on the pages.
    """

    date: Month
    until: Month | None = None
    kind: Literal["level", "temporary"]
    factor: float | None = Field(default=None, gt=0, lt=100)
    envelope: str | None = None
    indicator: str | None = None
    establishment: str | None = Field(default=None, pattern=FINESS_PATTERN)
    label: str = Field(min_length=1)
    source: str | None = Field(default=None, min_length=1)

    @model_validator(mode="after")
    def _check(self) -> KnownEvent:
        if self.envelope and self.indicator:
            raise ValueError(
                "un événement concerne une enveloppe ou un indicateur, pas les deux. → Retirer l'un, ou le déclarer "
                "deux fois."
            )
        if self.until and self.kind == "level":
            raise ValueError("un changement de niveau dure : il n'a pas de fin. → Retirer until, ou écrire temporary.")
        if self.until and self.until < self.date:
            raise ValueError("cet événement finit avant de commencer. → Corriger date ou until.")
        return self


class Campaign(Parameters):
    """A campaign: what one yearly report is about and depends on.

    Parameters
    ----------
    title
        Title of the report.
    region, year, last_month
        Region, data year, and last month received (``AAAA-MM``). Without ``last_month`` the campaign is *annual*:
        yearly files give levels and structure, and two of them the evolution.
    provisional_months_nb
        How many of the last months may still be completed; rates and projections stop before them.
    scheme
        Contract scheme (``caqes-2018``, ``caqes-2022``, or a file added to ``parameters/schemes``).
    scheme_rules
        The region's own file of the rules of that scheme (rates, gate, floor, cap); by default the scheme's file.
    evaluation_grid
        Evaluation grid of the year, for a scheme that scores its contracts.
    sources, simulation
        Files received, and the simulation that makes them in a demonstration.
    fingerprints
        Other files that must be the ones announced (code lists, targets, register of corrections, rules).
    targets
        Files of targets read after the national one; the last one wins.
    envelopes
        Envelopes of the region's own.
    corrections
        Register of corrections; by default ``<campaign>-corrections.csv`` beside the campaign file, when it is there.
    map
        GeoJSON of the departments (``properties.code``) for true maps; a grid of tiles without it.
    comments
        Folder of the statistician's comments: ``<chapter>.md`` and ``<finess>.md``.
    evenements
        Dated events that forecasts and estimated savings take into account (pandemic months, a drug added to the list,
        a tariff cut).
    evenements_complets
        Whether these are all the tariff cuts, and all that touches every establishment, of the years received: an
        estimated saving then expects fewer of what nobody declared, and says so.
    disclosure, batch
        Secrecy thresholds and execution.
    output
        Folder of what the build makes; by default ``reports/<campaign>``.
    """

    title: str
    region: Region
    year: int = Field(ge=2000, le=2100)
    last_month: str | None = Field(default=None, pattern=_MONTH)
    provisional_months_nb: int = Field(default=0, ge=0, le=11)
    scheme: str = Field(pattern=_SLUG)
    scheme_rules: Place | None = None
    evaluation_grid: Place | None = None
    simulation: Simulation | None = None
    sources: Sources = Sources()
    fingerprints: tuple[AnnouncedFile, ...] = ()
    targets: tuple[Place, ...] = ()
    envelopes: tuple[AddedEnvelope, ...] = ()
    corrections: Place | None = None
    map: Place | None = None
    comments: Place | None = None
    evenements: tuple[KnownEvent, ...] = ()
    evenements_complets: bool = False
    disclosure: Disclosure = Disclosure()
    batch: Batch = Batch()
    output: Place | None = None
    file: Annotated[Path, Field(exclude=True)] = Path()

    @model_validator(mode="before")
    @classmethod
    def _remember_the_file(cls, content: Any, info: ValidationInfo) -> Any:
        if isinstance(content, dict) and "file" in content:
            raise ValueError("la clé « file » n'existe pas. → La retirer.")
        if isinstance(content, dict) and info.context:
            return {**content, "file": info.context["file"]}
        return content

    @model_validator(mode="after")
    def _check_months(self) -> Campaign:
        if self.last_month and int(self.last_month[:4]) != self.year:
            raise ValueError(
                f"le dernier mois reçu ({self.last_month}) n'est pas dans l'année {self.year}. "
                "→ Accorder year et last_month."
            )
        if self.last_month and self.provisional_months_nb >= self.last_month_nb:
            raise ValueError(
                "tous les mois de l'année seraient provisoires. → Diminuer provisional_months_nb ou attendre un mois."
            )
        names = [source.delivery_name for source in self.sources.all()]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(
                f"deux sources portent le même nom de livraison ({', '.join(twice)}). "
                "→ Donner à chacune une clé delivery différente."
            )
        if not (self.sources.monthly_spend or self.sources.open_phmev or self.sources.extra_list):
            raise ValueError(
                "aucune source de dépenses n'est nommée. → Ajouter sources.monthly_spend ou sources.open_phmev."
            )
        if (self.sources.monthly_spend or self.sources.extra_list) and not self.last_month:
            raise ValueError(
                "des dépenses mensuelles sont nommées sans last_month. → Ajouter le dernier mois reçu (AAAA-MM)."
            )
        known = {envelope.code for envelope in self.all_envelopes}
        lost = sorted({e.envelope for e in self.evenements if e.envelope and e.envelope not in known})
        if lost:
            raise ValueError(
                f"un événement nomme une enveloppe inconnue ({', '.join(lost)}). "
                f"→ Enveloppes connues : {', '.join(sorted(known))}."
            )
        return self

    @property
    def id(self) -> str:
        """Name of the campaign: that of its file."""
        return self.file.stem

    @property
    def is_annual(self) -> bool:
        """True when the campaign has no monthly spending."""
        return not (self.sources.monthly_spend or self.sources.extra_list)

    @property
    def is_simulated(self) -> bool:
        """True when the inputs are simulated: every page says so."""
        return self.simulation is not None

    @property
    def last_month_nb(self) -> int:
        """Last month received, 1 to 12 (12 in annual mode)."""
        return int(self.last_month[5:]) if self.last_month else 12

    @property
    def settled_month_nb(self) -> int:
        """Last month that is no longer provisional: rates and projections are read there."""
        return self.last_month_nb - self.provisional_months_nb

    @property
    def is_closed_year(self) -> bool:
        """True when the twelve months are settled: nothing is left to forecast."""
        return self.settled_month_nb == 12

    @property
    def provisional_from(self) -> dt.date | None:
        """First provisional month, or None."""
        if not self.provisional_months_nb or not self.last_month:
            return None
        return dt.date(self.year, self.settled_month_nb + 1, 1)

    @property
    def all_envelopes(self) -> tuple[Envelope, ...]:
        """The national envelopes and those of the region."""
        return (*ENVELOPES, *(Envelope(e.code, e.label, e.short_label, e.received_as) for e in self.envelopes))

    @property
    def build_directory(self) -> Path:
        """Folder of what the build makes."""
        return self.output or REPOSITORY / "reports" / self.id

    @property
    def target_files(self) -> tuple[Path, ...]:
        """Files of targets, the national one first."""
        return (REPOSITORY / "parameters" / "targets.csv", *self.targets)

    @property
    def corrections_file(self) -> Path | None:
        """Register of corrections, as named or as found beside the campaign file; None when there is none."""
        beside = self.file.with_name(f"{self.file.stem}-corrections.csv")
        return self.corrections or (beside if beside.is_file() else None)

    @property
    def code_lists_folder(self) -> Path:
        """Folder of the region's own code lists, beside the campaign file; a list there takes the package's place."""
        return self.file.parent / "code_lists"

    @property
    def parameter_folders(self) -> tuple[Path, ...]:
        """Folders of parameters that a report may read: the package's, and the region's beside its campaign file."""
        parents = dict.fromkeys((REPOSITORY / "parameters", self.file.parent))
        return tuple(parent / name for parent in parents for name in _PARAMETER_FOLDERS)

    @property
    def comments_folder(self) -> Path:
        """Folder of the statistician's comments, one Markdown file per page."""
        return self.comments or self.file.parent / "commentaires" / self.id

    def comment_file(self, page: str) -> Path | None:
        """Return the statistician's comment on a page (chapter name or FINESS), if there is one."""
        place = self.comments_folder / f"{page}.md"
        return place if place.is_file() else None


def load_campaign(path: Path | str) -> Campaign:
    """Read a campaign file.

    Parameters
    ----------
    path
        The file; a relative path is read from the current folder, then from the clone.

    Raises
    ------
    CampaignError
        All its problems at once, each with its line.

    Examples
    --------
    >>> load_campaign("parameters/demonstration-2024.yml").region.name
    'Région de démonstration'
    """
    path = Path(path)
    if not path.is_absolute() and not path.exists():
        path = REPOSITORY / path
    return load_parameters(path.resolve(), Campaign)

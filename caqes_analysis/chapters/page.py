"""What a notebook works on: its campaign, the rows it reads, and where it writes the tables it declares."""

from __future__ import annotations

import os
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
from IPython.display import display

from caqes_analysis import perimeter, tables
from caqes_analysis.campaign import CAMPAIGN_VARIABLE, REPOSITORY, Campaign, load_campaign
from caqes_analysis.chapters.own_rows import own_store
from caqes_analysis.chapters.regional_context import UNMATCHED, regional_context
from caqes_analysis.chapters.words import MAIN_ENVELOPE
from caqes_analysis.contract_level import contract_keys
from caqes_analysis.display import Comment
from caqes_analysis.display.base import Display
from caqes_analysis.envelopes import envelope_named
from caqes_analysis.errors import CampaignError
from caqes_analysis.indicators.available import stored_definition
from caqes_analysis.indicators.campaign_evolutions import campaign_evolutions
from caqes_analysis.indicators.definition import IndicatorDefinition, TargetLink
from caqes_analysis.savings.levers import top_levers
from caqes_analysis.schemes.scheme import Scheme, scheme_of
from caqes_analysis.schemes.targets import Target, target_for, target_for_envelope
from caqes_analysis.store import Store
from caqes_analysis.tables import Table

__all__ = [
    "DEMONSTRATION",
    "SHEET_TABLES",
    "Page",
    "open_page",
    "results_directory",
    "run_directory",
]

DEMONSTRATION = "parameters/demonstration-2024.yml"

SHEET_TABLES: tuple[Table, ...] = (tables.EVOLUTIONS, tables.FORECASTS)
"""Tables that the sheet of an establishment declares; the regional chapters read them."""


def run_directory(build_directory: Path) -> Path:
    """Return the folder of what a build has made so far; in the place of the last run when it ends."""
    return build_directory / "run.draft"


def results_directory(build_directory: Path) -> Path:
    """Return the folder where the pages write their tables during a build, each in a folder of its name."""
    return run_directory(build_directory) / "results"


@dataclass(frozen=True)
class Page:
    """The data of one notebook.

    Parameters
    ----------
    campaign
        The campaign.
    store
        Its tables.
    build_directory
        Folder of the build when a build runs the notebook; None when a person does: nothing is then written.
    finess
        The establishment of a sheet; None for a chapter.
    """

    campaign: Campaign
    store: Store
    build_directory: Path | None = None
    finess: str | None = None

    def show(self, *shown: Display | None) -> None:
        """Show several displays one after another; None is skipped."""
        for item in shown:
            if item is not None:
                display(item)  # type: ignore[no-untyped-call]

    def save_sheet(self) -> None:
        """Write the tables that a sheet declares, whole; their rows were validated as the store took them."""
        if self.build_directory is None:
            return
        place = Store(results_directory(self.build_directory) / str(self.finess))
        for table, rows in zip(SHEET_TABLES, (self.evolutions, self.forecast_track), strict=True):
            place.write(table, rows[table.column_names], part=str(self.finess), validate=False)

    @cached_property
    def scheme(self) -> Scheme:
        """Scheme of the contract."""
        return scheme_of(self.campaign)

    @cached_property
    def establishments(self) -> pd.DataFrame:
        """Establishments of today, one row each; for a chapter, with ``href`` to the sheets that this build makes."""
        known = perimeter.current_establishments(self.store)
        if self.finess is not None:  # a sheet leads to no other, and the build is still making them
            return known
        return known.assign(href=known["finess"].map(self.sheet_href))

    @cached_property
    def all_names(self) -> pd.Series:
        """Latest name of every establishment by FINESS, those that another has taken over included."""
        return perimeter.latest_descriptions(self.store.read(tables.ESTABLISHMENTS)).set_index("finess")["name"]

    @cached_property
    def lifetimes(self) -> pd.DataFrame:
        """Since when each establishment of today was there, by FINESS."""
        return perimeter.lifetimes(self.store)

    @cached_property
    def establishment(self) -> pd.Series:
        """Description of the establishment of a sheet.

        Raises
        ------
        CampaignError
            ``ETABLISSEMENT_INCONNU`` when the campaign has no such establishment.
        """
        known = self.establishments.set_index("finess", drop=False)
        if self.finess not in known.index:
            raise CampaignError.of(
                "ETABLISSEMENT_INCONNU",
                "cet établissement n'est pas dans la campagne (ou un autre a repris son activité).",
                "Choisir un FINESS de la page « Établissements ».",
                file=self.campaign.file.name,
                value=self.finess,
            )
        return known.loc[[self.finess]].iloc[0]

    def sheet_href(self, finess: str) -> str | None:
        """Return the page of an establishment's sheet, or None when this build does not make it."""
        if self.build_directory is not None and not (results_directory(self.build_directory) / finess).exists():
            return None
        return f"etablissements/{finess}"

    @cached_property
    def signatory(self) -> str:
        """FINESS that signs the contract of the establishment of a sheet: often itself."""
        finess = str(self.finess)
        return contract_keys(self.store.read(tables.ESTABLISHMENTS)).get(finess, finess)

    @cached_property
    def has_no_drugs(self) -> bool:
        """Whether PHMEV does not apply to the establishment of a sheet: neither zero nor missing."""
        return self.finess is not None and self.finess in perimeter.clinics_without_drugs(self.store)

    @cached_property
    def lead_envelope(self) -> str:
        """Envelope that opens the page: PHMEV or, on a sheet to which that does not apply, the largest one."""
        rows = self.settled()
        if rows.empty or not self.has_no_drugs:
            return MAIN_ENVELOPE
        ahead = rows.assign(size=rows["current_eur"].astype("float64")).sort_values(["size", "envelope"])
        return str(ahead["envelope"].iloc[-1])

    @cached_property
    def regional_context(self) -> Mapping[tuple[str, str], str]:
        """What a sheet prints of its region, by subject and measure; by hand, computed when it is not in the store."""
        own = self._context[self._context["finess"] == self.finess]
        return dict(zip(zip(own["subject"], own["measure"], strict=True), own["printed"], strict=True))

    @cached_property
    def unmatched(self) -> Mapping[tuple[str, int], str]:
        """Both amounts of the years of PHMEV whose months do not make the yearly base, by FINESS and year."""
        rows = self._context[self._context["subject"] == UNMATCHED]
        keys = zip(rows["finess"], rows["measure"].astype(int), strict=True)
        return dict(zip(keys, rows["printed"], strict=True))

    @cached_property
    def _context(self) -> pd.DataFrame:
        kept = self.store.has(tables.REGIONAL_CONTEXT) or self.store.only  # what has no region cannot compute it
        return self.store.read(tables.REGIONAL_CONTEXT) if kept else regional_context(self.store, self.campaign)

    @cached_property
    def evolutions(self) -> pd.DataFrame:
        """Table ``evolutions`` of this establishment or, for a chapter, of all; computed where the store has none."""
        kept = self.store.has(tables.EVOLUTIONS) or self.store.only
        rows = self.store.read(tables.EVOLUTIONS) if kept else campaign_evolutions(self.store, self.campaign)
        return rows if self.finess is None else rows[rows["finess"] == self.finess].reset_index(drop=True)

    @cached_property
    def forecasts(self) -> pd.DataFrame:
        """Rows of ``forecasts`` as of today: of this establishment or, for a chapter, of all, groups included."""
        rows = self.forecast_track
        today = rows["as_of"] == pd.Timestamp(self.campaign.year, self.campaign.settled_month_nb, 1)
        return rows[today].reset_index(drop=True)

    @cached_property
    def forecast_track(self) -> pd.DataFrame:
        """The same rows, with those of the earlier months of the year: how the forecast has moved."""
        own = {} if self.finess is None else {"level": "establishment", "subject": self.finess}
        return tables.FORECASTS.conform(self.store.rows(tables.FORECASTS, where=own, order_by=["series", "as_of"]))

    def settled(self, envelope: str | None = None) -> pd.DataFrame:
        """Return the evolutions read at the last settled month, of one envelope or of all."""
        if envelope not in self._settled_of:
            rows = self.evolutions if envelope is None else self.settled()
            kept = (
                rows["month_nb"] == self.campaign.settled_month_nb if envelope is None else rows["envelope"] == envelope
            )
            self._settled_of[envelope] = rows[kept].reset_index(drop=True)
        return self._settled_of[envelope].copy(deep=False)

    def months(self, envelope: str) -> pd.DataFrame:
        """Return the months of an envelope for the establishment of a sheet, in order: read once for several parts."""
        if envelope not in self._months_of:
            self._months_of[envelope] = self.store.rows(
                tables.MONTHLY_GRID,
                where={"finess": str(self.finess), "envelope": envelope},
                columns=["month", "amount_eur", "cumulative_eur", "value_status", "is_provisional", "is_corrected"],
                order_by=["month"],
            )
        return self._months_of[envelope].copy(deep=False)

    @cached_property
    def targets(self) -> pd.DataFrame:
        """Table ``targets``."""
        return self.store.read(tables.TARGETS)

    def target(self, code: str) -> Target:
        """Return the target, or the region's benchmark, with which the evolution of an envelope is compared.

        Parameters
        ----------
        code
            Code of the envelope, or identifier of an indicator that is forecast.
        """
        if code not in self._target_of:
            asked: dict[str, Any] = {
                "scheme": self.campaign.scheme,
                "data_year": self.campaign.year,
                "finess": self.finess or "all",
            }
            indicator = self._forecast_indicators.get(code)
            self._target_of[code] = (
                target_for_envelope(self.targets, envelope=code, **asked)
                if indicator is None or indicator.target is None
                else self.linked_target(indicator.target, self.campaign.year, asked["finess"])
            )
        return self._target_of[code]

    def linked_target(self, link: TargetLink, data_year: int, finess: str = "all") -> Target:
        """Return the target that the definition of an indicator names.

        Parameters
        ----------
        link
            Subject and measure of the target.
        data_year
            Year of the data compared.
        finess
            Establishment, whose own target comes first.
        """
        key = (link, data_year, finess)
        if key not in self._target_of:
            self._target_of[key] = target_for(
                self.targets,
                scheme=self.campaign.scheme,
                subject=link.subject,
                measure=link.measure,
                data_year=data_year,
                finess=finess,
            )
        return self._target_of[key]

    def label(self, code: str) -> str:
        """Return the short name of what is forecast: an envelope, or an indicator.

        Parameters
        ----------
        code
            Code of the envelope, or identifier of the indicator.
        """
        indicator = self._forecast_indicators.get(code)
        return (
            envelope_named(code, self.campaign.all_envelopes).short_label if indicator is None else indicator.short_name
        )

    @cached_property
    def catalogue(self) -> pd.DataFrame:
        """Table ``indicators``: the whole catalogue, those that have no data too."""
        return self.store.read(tables.INDICATORS)

    def in_scheme(self, rows: pd.DataFrame, scheme: str | None = None) -> pd.DataFrame:
        """Return the rows of the catalogue that a scheme uses: that of the campaign unless another is named."""
        wanted = scheme or self.campaign.scheme
        return rows[[wanted in text.split(",") for text in rows["schemes"].fillna("").tolist()]]

    @cached_property
    def indicator_names(self) -> Mapping[str, str]:
        """Short name of each indicator of the catalogue, by identifier."""
        rows = self.catalogue.drop_duplicates("indicator")
        return dict(zip(rows["indicator"], rows["short_name"], strict=True))

    @cached_property
    def evaluations(self) -> pd.DataFrame:
        """Table ``evaluations``; the page says it in several places, none of which changes it."""
        return self.store.read(tables.EVALUATIONS)

    @cached_property
    def levers(self) -> pd.DataFrame:
        """Levers of the establishment of a sheet (table ``levers``)."""
        rows = self.store.read(tables.LEVERS)
        return rows[rows["finess"] == self.finess]

    @cached_property
    def first_levers(self) -> pd.DataFrame:
        """The ten of them that are worth most (:func:`caqes_analysis.savings.levers.top_levers`)."""
        return top_levers(self.levers)

    @cached_property
    def _forecast_indicators(self) -> dict[str, IndicatorDefinition]:
        """Definitions of the indicators that have forecasts of their own."""
        envelopes = {envelope.code for envelope in self.campaign.all_envelopes}
        names = set(self.store.rows(tables.FORECASTS, where={}, columns=["envelope"])["envelope"]) - envelopes
        rows = self.catalogue[self.catalogue["indicator"].isin(names)]
        return {name: stored_definition(text) for name, text in zip(rows["indicator"], rows["definition"], strict=True)}

    @cached_property
    def _settled_of(self) -> dict[str | None, pd.DataFrame]:
        return {}

    @cached_property
    def _months_of(self) -> dict[str, pd.DataFrame]:
        return {}

    @cached_property
    def _target_of(self) -> dict[Hashable, Target]:
        return {}

    @cached_property
    def kept(self) -> dict[Hashable, Any]:
        """Answers that several parts of the page ask for (:func:`caqes_analysis.chapters.asked_once.asked_once`)."""
        return {}

    @cached_property
    def readings(self) -> dict[tuple[Any, ...], list[Any]]:
        """The indicators already read (:func:`caqes_analysis.chapters.indicator_reading.read_indicators`)."""
        return {}

    def comment(self, name: str | None = None) -> Comment | None:
        """Return the statistician's comment on this page, if there is a file for it."""
        place = self.campaign.comment_file(name or self.finess or "")
        if place is None:
            return None
        return Comment("Commentaire de l'OMEDIT", place.read_text(encoding="utf-8-sig"))


def open_page(campaign: str = "", *, finess: str = "", build_directory: str = "", is_sheet: bool = False) -> Page:
    """Open the data of a notebook; by hand, the store is received and its forecasts computed when they are not there.

    Parameters
    ----------
    campaign
        Campaign file; empty: the one of ``caqes lab``, else the demonstration.
    finess
        Establishment of a sheet; empty on a sheet opened by hand: the first of the region.
    build_directory
        Folder of the build that runs the notebook; empty by hand.
    is_sheet
        True for the sheet of an establishment.

    Raises
    ------
    CaqesError
        When the campaign or one of its inputs is wrong.
    """
    path = campaign or os.environ.get(CAMPAIGN_VARIABLE) or DEMONSTRATION
    loaded = load_campaign(path if Path(path).is_absolute() else REPOSITORY / path)
    if build_directory:
        place = Path(build_directory)
        store = own_store(place, finess) if finess else Store(place / "store")
        page = Page(loaded, store, place, finess or None)
    else:
        # The readers, the simulator, the models: not needed inside a build.
        from caqes_analysis.forecast.campaign import prepare_forecasts
        from caqes_analysis.receive import open_store

        store = open_store(loaded)
        prepare_forecasts(store, loaded)
        page = Page(loaded, store, None, finess or None)
    if is_sheet and page.finess is None:
        first = perimeter.current_establishments(page.store)["finess"].iloc[0]
        page = Page(page.campaign, page.store, page.build_directory, str(first))
    return page

"""Reading the sources: each file of a campaign goes to its table, all problems of all files are said at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from caqes_analysis import extra_list_files, quality, tables
from caqes_analysis.campaign import AnnualSource, Campaign, FileSource, MonthlySource
from caqes_analysis.campaign_sources import (
    ExtractSource,
    ExtraListHistorySource,
    ExtraListSource,
    MappedSource,
    ReferenceSource,
)
from caqes_analysis.deliveries import to_cumulative
from caqes_analysis.departments_map import read_outlines
from caqes_analysis.errors import CaqesError, Problem, SourceError
from caqes_analysis.evaluation.campaign import check_rules, read_answers
from caqes_analysis.receive.announced import check_file, check_totals
from caqes_analysis.receive.base_years import refuse_bases_twice, year_of_base
from caqes_analysis.receive.mapped import check_last_month, delivery_facts, read_table
from caqes_analysis.reference_files import read_reference, settle_code_lists
from caqes_analysis.schemes.scheme import known_schemes
from caqes_analysis.schemes.target_files import read_targets
from caqes_analysis.settlement import settle
from caqes_analysis.settlement_counts import refuse_prescribers_twice
from caqes_analysis.sources import Findings, Received, ingest_open_phmev, read_contracts, read_establishments
from caqes_analysis.sources.declared import read_declared
from caqes_analysis.sources.extracts import reader_named
from caqes_analysis.store import Store

__all__ = ["CAMPAIGN_PART", "read_sources"]

CAMPAIGN_PART = "campagne"
"""Name of the parts that are made of several deliveries."""


def read_sources(campaign: Campaign, store: Store) -> tuple[quality.Register | None, Findings]:
    """Read every source of a campaign into a store, and decide which delivery gives each value.

    Parameters
    ----------
    campaign
        The campaign; its simulated files, if any, exist.
    store
        Empty store.

    Returns
    -------
    tuple
        The register of corrections, not yet applied (None when the region keeps none), and what was noticed.

    Raises
    ------
    SourceError
        Every problem of every input at once.
    """
    return _Reading(campaign, store).run()


class _Reading:
    """Reads the sources of one campaign into one store, collecting problems and findings on the way."""

    def __init__(self, campaign: Campaign, store: Store) -> None:
        self.campaign = campaign
        self.store = store
        self.problems: list[Problem] = []
        self.findings = Findings()

    def run(self) -> tuple[quality.Register | None, Findings]:
        with self._collecting():
            check_rules(self.campaign)
        for announced in self.campaign.fingerprints:
            with self._collecting():
                check_file(announced, self.campaign)
        with self._collecting():
            if self.campaign.map is not None:
                read_outlines(self.campaign.map)
        with self._collecting():
            schemes = [*known_schemes(self.campaign.file.parent / "schemes"), self.campaign.scheme]
            targets = read_targets(self.campaign.target_files, schemes=schemes)
            self.store.write(tables.TARGETS, targets, part=CAMPAIGN_PART)
        readers: tuple[tuple[tuple[FileSource, ...], Callable[[Any], None]], ...] = (
            (self.campaign.sources.establishments, self._establishments),
            (self.campaign.sources.contracts, self._contracts),
            (self.campaign.sources.monthly_spend, self._monthly),
            (self.campaign.sources.open_phmev, self._annual),
            (self.campaign.sources.references, self._reference),
            (self.campaign.sources.extra_list_history, self._extra_list_history),
            (self.campaign.sources.extra_list, self._extra_list),
            (self.campaign.sources.activity, self._activity),
            (self.campaign.sources.lpp_spend, self._lpp),
            (self.campaign.sources.prescriber_spend, self._prescribers),
            (self.campaign.sources.declared, self._declared),
            (self.campaign.sources.grid_answers, self._grid_answers),
            (self.campaign.sources.extracts, self._extract),
        )
        for sources, read in readers:
            for source in sources:
                with self._collecting(source):
                    check_file(source, self.campaign)
                    read(source)
                    check_totals(source, self.store)
        if not self.problems:
            with self._collecting():
                if self.campaign.last_month:
                    check_last_month(self.store, self.campaign)
            with self._collecting():
                refuse_prescribers_twice(self.store)
            with self._collecting():
                refuse_bases_twice(self.store)
            with self._collecting():
                self.findings += settle(self.store)
            with self._collecting():
                self._add_extra_list_months()
        with self._collecting():
            self.findings += settle_code_lists(
                self.store,
                self.campaign.code_lists_folder,
                part=CAMPAIGN_PART,
                complete=[one for one in self.campaign.sources.references if one.is_complete],
            )
        register = None
        with self._collecting():
            register = quality.read_register(self.campaign.corrections_file, envelopes=self.campaign.all_envelopes)
        if self.problems:
            raise SourceError(self.problems)
        return register, self.findings

    @contextmanager
    def _collecting(self, source: FileSource | None = None) -> Iterator[None]:
        try:
            yield
        except CaqesError as failure:
            name = source.path.name if source else None
            self.problems.extend(problem.at(file=problem.file or name) for problem in failure.problems)

    def _keep(self, table: tables.Table, received: Received, source: FileSource) -> None:
        self.store.write(table, received.rows, part=source.delivery_name, validate=False)
        delivery = received.delivery.assign(**delivery_facts(source, received.rows))
        self.store.write(tables.DELIVERIES, delivery, part=source.delivery_name)
        self.findings += received.findings

    def _establishments(self, source: FileSource) -> None:
        self._keep(tables.ESTABLISHMENTS, read_establishments(source.path, delivery=source.delivery_name), source)

    def _contracts(self, source: FileSource) -> None:
        schemes = {*known_schemes(self.campaign.file.parent / "schemes"), self.campaign.scheme}
        received = read_contracts(source.path, delivery=source.delivery_name, schemes=sorted(schemes))
        self._keep(tables.CONTRACTS, received, source)

    def _monthly(self, source: MonthlySource) -> None:
        received = read_table(source, "monthly_spend", self.campaign)
        self._keep(tables.MONTHLY_SPEND, received, source)
        if source.cumulative:
            self.store.write(tables.CUMULATIVE_SPEND, to_cumulative(received.rows), part=source.delivery_name)
            self.store.part_path(tables.MONTHLY_SPEND, source.delivery_name).unlink()

    def _activity(self, source: MappedSource) -> None:
        self._keep(tables.ACTIVITY, read_table(source, "activity", self.campaign), source)

    def _lpp(self, source: MappedSource) -> None:
        self._keep(tables.LPP_SPEND, read_table(source, "lpp_spend", self.campaign), source)

    def _prescribers(self, source: MappedSource) -> None:
        self._keep(tables.PRESCRIBER_SPEND, read_table(source, "prescriber_spend", self.campaign), source)

    def _declared(self, source: FileSource) -> None:
        self._keep(tables.ACTIVITY, read_declared(source.path, delivery=source.delivery_name), source)

    def _grid_answers(self, source: FileSource) -> None:
        self._keep(tables.GRID_ANSWERS, read_answers(source, self.campaign, self.store), source)

    def _reference(self, source: ReferenceSource) -> None:
        table, received = read_reference(source)
        self._keep(table, received, source)

    def _extra_list_history(self, source: ExtraListHistorySource) -> None:
        self._keep(tables.EXTRA_LIST_EVENTS, extra_list_files.read_history(source), source)
        extra_list_files.settle_history(self.store, part=CAMPAIGN_PART)

    def _extra_list(self, source: ExtraListSource) -> None:
        limit = self.campaign.provisional_from
        self.findings += extra_list_files.receive_file(source, self.store, provisional_from=limit)

    def _add_extra_list_months(self) -> None:
        """Follow the liste en sus by the sum of its lines, where no monthly file gives it."""
        limit, sources = self.campaign.provisional_from, self.campaign.sources.extra_list
        if sources:
            self.findings += extra_list_files.add_months(self.store, sources, provisional_from=limit)
            check_last_month(self.store, self.campaign)

    def _extract(self, source: ExtractSource) -> None:
        reader = reader_named(source.reader)
        self._keep(
            reader.TABLE, reader.read(source.path, delivery=source.delivery_name, campaign=self.campaign), source
        )

    def _annual(self, source: AnnualSource) -> None:
        year, doubts = year_of_base(source)
        self.findings += doubts
        self.findings += ingest_open_phmev(source.path, self.store, year=year, delivery=source.delivery_name)
        path = self.store.part_path(tables.DELIVERIES, source.delivery_name)
        totals = self.store.query(
            "select sum(reimbursed_eur) as total_eur, sum(base_eur) as total_base_eur, "
            "sum(boxes_nb)::decimal(18, 3) as total_nb from annual_drug_spend where source = ?",
            [source.delivery_name],
        ).iloc[0]
        delivery = Store.read_parts(tables.DELIVERIES, [path])
        self.store.write(
            tables.DELIVERIES,
            delivery.assign(received_on=source.received_on, **totals),
            part=source.delivery_name,
        )

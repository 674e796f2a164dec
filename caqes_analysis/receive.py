"""Receiving a campaign: every file it names is read and checked, and its store is written whole or not at all."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd

from caqes_analysis import extra_list_files, french, perimeter, quality, simulation, tables
from caqes_analysis.campaign import AnnualSource, Campaign, FileSource, MonthlySource
from caqes_analysis.campaign_sources import (
    ExtractSource,
    ExtraListHistorySource,
    ExtraListSource,
    LppSource,
    MappedSource,
    ReferenceSource,
)
from caqes_analysis.code_lists import code_list_files
from caqes_analysis.code_version import hash_of_files, package_hash
from caqes_analysis.deliveries import to_cumulative
from caqes_analysis.errors import CaqesError, Problem, SourceError
from caqes_analysis.evaluation.campaign import check_rules, evaluate, read_answers, rule_files
from caqes_analysis.receive_tables import check_last_month, delivery_facts, read_table
from caqes_analysis.reference_files import complete_from_finess, read_reference, settle_code_lists
from caqes_analysis.schemes.scheme import known_schemes
from caqes_analysis.schemes.targets import read_targets
from caqes_analysis.settlement import settle
from caqes_analysis.simulation import simulate_region
from caqes_analysis.sources import (
    Finding,
    Findings,
    Received,
    ingest_open_phmev,
    read_contracts,
    read_establishments,
)
from caqes_analysis.sources.declared import read_declared
from caqes_analysis.sources.extracts import reader_named
from caqes_analysis.store import Store

__all__ = ["open_store", "prepare_simulation", "receive", "signature"]

CAMPAIGN_PART = "campagne"
"""Name of the parts that are made of several deliveries."""

_SIGNATURE = "signature.json"
_HISTORY_YEARS_NB = 5
_T = TypeVar("_T")


def open_store(campaign: Campaign, build_directory: Path | None = None) -> Store:
    """Return the store of a campaign, received anew when its inputs have changed since it was written.

    Parameters
    ----------
    campaign
        The campaign.
    build_directory
        Folder of the build; by default the campaign's own.

    Raises
    ------
    CaqesError
        When an input is wrong.
    """
    directory = (build_directory or campaign.build_directory) / "store"
    prepare_simulation(campaign)
    written = directory / _SIGNATURE
    if not written.exists() or json.loads(written.read_text(encoding="utf-8")) != signature(campaign):
        receive(campaign, directory)
    return Store(directory)


def signature(campaign: Campaign) -> dict[str, str]:
    """Return what a store depends on: content of each input, of the campaign and of the targets, and the code.

    Returns
    -------
    dict
        SHA-256 by file (« absent » for a file that is not there), with the hash of the package's code.
    """
    files = {
        campaign.file,
        *campaign.target_files,
        *(path for source in campaign.sources.all() for path in source.files),
        *code_list_files(campaign.code_lists_folder),
        *rule_files(campaign),
        *([campaign.corrections_file] if campaign.corrections_file else []),
    }
    return {"code": package_hash()} | {str(path): _sha256(path) for path in sorted(files)}


def prepare_simulation(campaign: Campaign) -> None:
    """Simulate the region of a demonstration, unless its files are already there."""
    wish = campaign.simulation
    if wish is None:
        return
    asked = {
        "establishments_nb": wish.establishments_nb,
        "seed": wish.seed,
        "year": campaign.year,
        "last_month": campaign.last_month_nb,
        "code": hash_of_files(Path(simulation.__file__).parent, ("*.py", "*.csv", "*.json")),
    }
    note = wish.directory / "simulation.json"
    if note.exists() and json.loads(note.read_text(encoding="utf-8")) == asked:
        return
    simulate_region(
        wish.directory,
        establishments_nb=wish.establishments_nb,
        seed=wish.seed,
        year=campaign.year,
        last_month=campaign.last_month_nb,
    )
    note.write_text(json.dumps(asked, indent=1), encoding="utf-8")


def receive(campaign: Campaign, directory: Path) -> Findings:
    """Read every source of a campaign into a store.

    Parameters
    ----------
    campaign
        The campaign; its simulated files, if any, exist.
    directory
        Folder of the store; replaced whole when all inputs are right, untouched otherwise.

    Returns
    -------
    Findings
        What the readers noticed and accepted; also kept as the table ``findings``.

    Raises
    ------
    SourceError
        Every problem of every input at once.
    """
    draft = directory.with_name(directory.name + ".draft")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    try:
        findings = _Reception(campaign, Store(draft)).run()
        (draft / _SIGNATURE).write_text(json.dumps(signature(campaign), indent=1), encoding="utf-8")
        shutil.rmtree(directory, ignore_errors=True)
        draft.rename(directory)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return findings


class _Reception:
    """Reads the sources of one campaign into one store, collecting problems and findings on the way."""

    def __init__(self, campaign: Campaign, store: Store) -> None:
        self.campaign = campaign
        self.store = store
        self.problems: list[Problem] = []
        self.findings = Findings()

    def run(self) -> Findings:
        with self._collecting():
            check_rules(self.campaign)
        with self._collecting():
            self.store.write(tables.TARGETS, read_targets(self.campaign.target_files), part=CAMPAIGN_PART)
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
            (self.campaign.sources.declared, self._declared),
            (self.campaign.sources.grid_answers, self._grid_answers),
            (self.campaign.sources.extracts, self._extract),
        )
        for sources, read in readers:
            for source in sources:
                with self._collecting():
                    _check_file(source, self.campaign)
                    read(source)
        if not self.problems:
            with self._collecting():
                if self.campaign.last_month:
                    check_last_month(self.store, self.campaign)
            with self._collecting():
                self.findings += settle(self.store)
            with self._collecting():
                self._add_extra_list_months()
        with self._collecting():
            self.findings += settle_code_lists(self.store, self.campaign.code_lists_folder, part=CAMPAIGN_PART)
        register = None
        with self._collecting():
            register = quality.read_register(self.campaign.corrections_file, envelopes=self.campaign.all_envelopes)
        if self.problems:
            raise SourceError(self.problems)
        if register is not None:
            self.findings += register.apply(self.store)
        self._settle_establishments()
        self._make_grid()
        last = None if self.campaign.is_annual else pd.Timestamp(f"{self.campaign.last_month}-01")
        self.findings += quality.check_received(self.store, last_month=last, envelopes=self.campaign.all_envelopes)
        self.store.write(tables.FINDINGS, self.findings.to_frame(), part=CAMPAIGN_PART)
        self.store.write(tables.EVALUATIONS, evaluate(self.store, self.campaign), part=CAMPAIGN_PART)
        return self.findings

    @contextmanager
    def _collecting(self) -> Iterator[None]:
        try:
            yield
        except CaqesError as failure:
            self.problems.extend(failure.problems)

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
        _check_total(source, received.rows["amount_eur"].sum())
        self._keep(tables.MONTHLY_SPEND, received, source)
        if source.cumulative:
            self.store.write(tables.CUMULATIVE_SPEND, to_cumulative(received.rows), part=source.delivery_name)
            self.store.part_path(tables.MONTHLY_SPEND, source.delivery_name).unlink()

    def _activity(self, source: MappedSource) -> None:
        self._keep(tables.ACTIVITY, read_table(source, "activity", self.campaign), source)

    def _lpp(self, source: LppSource) -> None:
        received = read_table(source, "lpp_spend", self.campaign)
        _check_total(source, received.rows["amount_eur"].sum())
        self._keep(tables.LPP_SPEND, received, source)

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
        self.findings += ingest_open_phmev(source.path, self.store, year=source.year, delivery=source.delivery_name)
        path = self.store.part_path(tables.DELIVERIES, source.delivery_name)
        total = self.store.query(
            "select sum(reimbursed_eur) as total from annual_drug_spend where source = ?", [source.delivery_name]
        )["total"].iloc[0]
        _check_total(source, total)
        delivery = Store.read_parts(tables.DELIVERIES, [path])
        self.store.write(
            tables.DELIVERIES,
            delivery.assign(received_on=source.received_on, total_eur=total),
            part=source.delivery_name,
        )

    def _settle_establishments(self) -> None:
        """Keep one description per establishment and period: the region's own file, else the yearly bases.

        Establishments that no file describes keep their euros: they appear under their FINESS, with a finding.
        """
        declared = [source.delivery_name for source in self.campaign.sources.establishments]
        parts = {path.stem: path for path in sorted((self.store.directory / "establishments").glob("*.parquet"))}
        everyone = {name: pd.read_parquet(path) for name, path in parts.items()}
        own = [everyone[name] for name in declared if name in everyone]
        seen = [frame for name, frame in everyone.items() if name not in declared]
        known = pd.concat(own, ignore_index=True) if own else tables.ESTABLISHMENTS.empty()
        names = set(known["finess"])
        for frame in reversed(seen):  # the latest year describes best
            fresh = frame[~frame["finess"].isin(names)]
            if own and len(fresh):
                self._tell_undescribed(fresh["finess"].tolist(), "décrit seulement par Open PHMEV")
            # A yearly base says who they are, not since when.
            always = fresh.assign(valid_from=pd.Timestamp(1900, 1, 1))
            known = pd.concat([known, tables.ESTABLISHMENTS.conform(always)], ignore_index=True)
            names |= set(fresh["finess"])
        spent = self._finess_with_spending()
        orphans = sorted(spent - names)
        if orphans:
            self._tell_undescribed(orphans, "absent de tout fichier d'établissements")
            rows = pd.DataFrame({"finess": orphans, "name": [f"Établissement {finess}" for finess in orphans]})
            known = pd.concat([known, tables.ESTABLISHMENTS.conform(rows, valid_from="1900-01-01")], ignore_index=True)
        for path in parts.values():
            path.unlink()
        if self.store.has(tables.FINESS_SITES):
            sites = self.store.read(tables.FINESS_SITES)
            known, told = complete_from_finess(tables.ESTABLISHMENTS.conform(known), sites, delivery=CAMPAIGN_PART)
            self.findings += told
        self.store.write(tables.ESTABLISHMENTS, tables.ESTABLISHMENTS.conform(known), part=CAMPAIGN_PART)
        self.store.write(tables.SUCCESSIONS, perimeter.successions(known), part=CAMPAIGN_PART)

    def _finess_with_spending(self) -> set[str]:
        found: set[str] = set()
        for table in (tables.MONTHLY_SPEND, tables.CUMULATIVE_SPEND, tables.ANNUAL_DRUG_SPEND, tables.LPP_SPEND):
            if self.store.has(table):
                found |= set(self.store.query(f"select distinct finess from {table.name}")["finess"])
        return found

    def _tell_undescribed(self, finess: list[str], how: str) -> None:
        self.findings += [
            Finding(
                delivery=CAMPAIGN_PART,
                code="ETABLISSEMENT_NON_DECRIT",
                place=how,
                severity="warning",
                count=len(finess),
                example=finess[0],
                remedy="Ses euros sont comptés. L'ajouter au fichier des établissements pour lui donner un nom, "
                "une catégorie et un département.",
            )
        ]

    def _make_grid(self) -> None:
        if self.campaign.is_annual:
            return
        grid = perimeter.monthly_grid(
            self.store,
            first_month=pd.Timestamp(self.campaign.year - _HISTORY_YEARS_NB + 1, 1, 1),
            last_month=pd.Timestamp(f"{self.campaign.last_month}-01"),
        )
        self.store.write(tables.MONTHLY_GRID, grid, part=CAMPAIGN_PART)


def _check_file(source: FileSource, campaign: Campaign) -> None:
    if not source.path.is_file():
        raise SourceError.of(
            "SOURCE_INTROUVABLE",
            "ce fichier, nommé par la campagne, n'existe pas.",
            f"Le déposer à cet endroit, ou corriger son chemin dans {campaign.file.name}.",
            file=str(source.path),
        )
    if source.sha256 is not None and _sha256(source.path) != source.sha256:
        raise SourceError.of(
            "EMPREINTE_DIFFERENTE",
            "ce fichier n'est pas celui que la campagne annonce (son empreinte SHA-256 diffère).",
            "Reprendre le fichier d'origine, ou mettre à jour sha256 dans la campagne si le changement est voulu.",
            file=source.path.name,
            value=_sha256(source.path),
        )


def _check_total(source: MonthlySource | AnnualSource | LppSource, total: Any) -> None:
    expected = source.control_total_eur
    if expected is not None and total != expected:
        raise SourceError.of(
            "TOTAL_DE_CONTROLE",
            f"la somme des montants est {french.euros(total, cents=True)} ; "
            f"l'expéditeur annonce {french.euros(expected, cents=True)}.",
            "Demander un nouvel envoi, ou corriger control_total_eur dans la campagne.",
            file=source.path.name,
        )


def _sha256(path: Path) -> str:
    if not path.is_file():
        return "absent"
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

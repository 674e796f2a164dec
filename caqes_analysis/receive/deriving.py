"""What is regional by nature, derived once from what was read: corrections, months, indicators, evaluations."""

from __future__ import annotations

import pandas as pd

from caqes_analysis import perimeter, quality, tables
from caqes_analysis.campaign import Campaign
from caqes_analysis.evaluation.campaign import evaluate, grid_of
from caqes_analysis.indicators.campaign_evolutions import campaign_evolutions
from caqes_analysis.indicators.campaign_values import HISTORY_YEARS_NB, keep_indicators
from caqes_analysis.indicators.catalogue import definitions_of
from caqes_analysis.indicators.structure import establishment_classes
from caqes_analysis.receive.reading import CAMPAIGN_PART
from caqes_analysis.reference_files import complete_from_finess
from caqes_analysis.savings.campaign import campaign_levers, campaign_savings
from caqes_analysis.savings.lever_products import lever_products
from caqes_analysis.schemes.scheme import known_schemes, scheme_of
from caqes_analysis.sources import Finding, Findings
from caqes_analysis.store import Store
from caqes_analysis.value_states import LEVER_SOURCES, received_marks, with_estimated, with_marks

__all__ = ["contract_findings", "derive", "settle_establishments"]


def derive(campaign: Campaign, store: Store, register: quality.Register | None, findings: Findings) -> Findings:
    """Correct, settle establishments and months, control, follow the indicators, evaluate, count; write each table.

    Parameters
    ----------
    campaign
        The campaign.
    store
        Store in which every source was read.
    register
        The corrections that the region keeps.
    findings
        What the readers noticed.

    Returns
    -------
    Findings
        Those of the readers, then those of the steps above; also written as the table ``findings``.
    """
    if register is not None:
        findings = findings + register.apply(store)
    findings += settle_establishments(campaign, store)
    if store.has(tables.CONTRACTS):
        findings += contract_findings(campaign, store)
    last = None if campaign.is_annual else pd.Timestamp(f"{campaign.last_month}-01")
    if last is not None:
        first = pd.Timestamp(campaign.year - HISTORY_YEARS_NB + 1, 1, 1)
        grid = perimeter.monthly_grid(store, first_month=first, last_month=last)
        store.write(tables.MONTHLY_GRID, grid, part=CAMPAIGN_PART)
    store.write(tables.EVOLUTIONS, campaign_evolutions(store, campaign), part=CAMPAIGN_PART)
    findings += quality.check_received(store, last_month=last, envelopes=campaign.all_envelopes)
    store.write(tables.FINDINGS, findings.to_frame(), part=CAMPAIGN_PART)
    if store.has(tables.ANNUAL_DRUG_SPEND):
        store.write(tables.ANNUAL_DRUG_CLASSES, establishment_classes(store), part=CAMPAIGN_PART)
    keep_indicators(store, campaign, part=CAMPAIGN_PART)
    marks = received_marks(store, campaign)
    evaluations = with_marks(marks, evaluate(store, campaign), who="contract_finess", subject="subject")
    store.write(tables.EVALUATIONS, tables.EVALUATIONS.conform(evaluations), part=CAMPAIGN_PART)
    marked = {
        tables.SAVINGS: ("finess", "indicator"),
        tables.SAVING_ESTIMATES: ("series", "indicator"),
        tables.SAVING_PRODUCTS: ("series", "indicator"),
        tables.SAVING_SENSITIVITY: ("indicator", "indicator"),  # of all the contracts together
        tables.LEVERS: ("finess", "lever"),
    }
    results = campaign_savings(store, campaign) | {tables.LEVERS: campaign_levers(store, campaign)}
    for table, rows in results.items():
        who, subject = marked[table]
        sources = LEVER_SOURCES if table is tables.LEVERS else None
        known = with_marks(marks, rows, who=who, subject=subject, sources=sources)
        store.write(table, table.conform(with_estimated(known)), part=CAMPAIGN_PART)
    store.write(tables.LEVER_PRODUCTS, lever_products(store), part=CAMPAIGN_PART)
    return findings


def contract_findings(campaign: Campaign, store: Store) -> Findings:
    """Return what the contracts received name that nothing knows: establishments, indicators, volets.

    Parameters
    ----------
    campaign
        The campaign: its scheme, its catalogue and its grid.
    store
        Store with ``contracts``, establishments settled.
    """
    scheme, definitions, grid = scheme_of(campaign), definitions_of(campaign), grid_of(campaign)
    volets = {*scheme.volets, *scheme.common_volets, *(one.volet for one in definitions.values())}
    others = known_schemes(campaign.file.parent / "schemes")
    volets |= {section.volet for section in grid.sections} if grid else set()
    return quality.check_contracts(
        store.read(tables.CONTRACTS),
        store.read(tables.ESTABLISHMENTS),
        scheme=campaign.scheme,
        indicators=list(definitions),
        volets={volet for volet in volets if volet},
        years=(min(scheme.result_years), campaign.year),
        other_years={
            name: (min(one.result_years), max(one.result_years))
            for name, one in others.items()
            if name != campaign.scheme
        },
    )


def settle_establishments(campaign: Campaign, store: Store) -> Findings:
    """Keep one description per establishment and period: the region's own file, else the yearly bases.

    Establishments that no file describes keep their euros: they appear under their FINESS, with a finding.

    Parameters
    ----------
    campaign
        The campaign: which files describe establishments.
    store
        Store in which every source was read; its tables ``establishments``, ``successions`` and ``lifetimes``
        are written.
    """
    declared = [source.delivery_name for source in campaign.sources.establishments]
    parts = {path.stem: path for path in sorted((store.directory / "establishments").glob("*.parquet"))}
    everyone = {name: pd.read_parquet(path) for name, path in parts.items()}
    own = [everyone[name] for name in declared if name in everyone]
    seen = [frame for name, frame in everyone.items() if name not in declared]
    known = pd.concat(own, ignore_index=True) if own else tables.ESTABLISHMENTS.empty()
    names = set(known["finess"])
    told = _misplaced(known, campaign)
    for frame in reversed(seen):  # the latest year describes best
        fresh = frame[~frame["finess"].isin(names)]
        if own and len(fresh):
            told += [_undescribed(fresh["finess"].tolist(), "décrit seulement par Open PHMEV")]
        # A yearly base says who they are, not since when.
        always = fresh.assign(valid_from=pd.Timestamp(1900, 1, 1))
        known = pd.concat([known, tables.ESTABLISHMENTS.conform(always)], ignore_index=True)
        names |= set(fresh["finess"])
    orphans = sorted(_finess_with_spending(store) - names)
    if orphans:
        site_of = dict(zip(known["finess_et"], known["finess"], strict=True))
        how = f" (site de {site_of[orphans[0]]})" if orphans[0] in site_of else ""
        told += [_undescribed(orphans, f"absent de tout fichier d'établissements{how}")]
        rows = pd.DataFrame({"finess": orphans, "name": [f"Établissement {finess}" for finess in orphans]})
        known = pd.concat([known, tables.ESTABLISHMENTS.conform(rows, valid_from="1900-01-01")], ignore_index=True)
    for path in parts.values():
        path.unlink()
    if store.has(tables.FINESS_SITES):
        sites = store.read(tables.FINESS_SITES)
        known, completed = complete_from_finess(tables.ESTABLISHMENTS.conform(known), sites, delivery=CAMPAIGN_PART)
        told += completed
    known = perimeter.with_contract_entity(tables.ESTABLISHMENTS.conform(known))
    store.write(tables.ESTABLISHMENTS, known, part=CAMPAIGN_PART)
    store.write(tables.SUCCESSIONS, perimeter.successions(known), part=CAMPAIGN_PART)
    store.write(tables.LIFETIMES, store.query(perimeter.LIFETIMES), part=CAMPAIGN_PART)
    return told


def _misplaced(known: pd.DataFrame, campaign: Campaign) -> Findings:
    """Return the establishments that the region describes without a department, or in another region."""
    told = []
    for code, rows, what in (
        (
            "DEPARTEMENT_MANQUANT",
            known[known["department"].isna()] if known["department"].notna().any() else known.iloc[:0],
            "Compté dans la région et dans aucun département. Remplir departement.",
        ),
        (
            "AUTRE_REGION",
            known[known["region"].notna() & (known["region"] != campaign.region.code)],
            f"La campagne est celle de la région {campaign.region.code}. Gardé dans les totaux ; corriger region, ou "
            "retirer l'établissement.",
        ),
    ):
        finess = sorted(set(rows["finess"]))
        if finess:
            told.append(
                Finding(CAMPAIGN_PART, code, "fichier d'établissements", "warning", len(finess), finess[0], what)
            )
    return Findings(told)


def _finess_with_spending(store: Store) -> set[str]:
    found: set[str] = set()
    for table in (tables.MONTHLY_SPEND, tables.CUMULATIVE_SPEND, tables.ANNUAL_DRUG_SPEND, tables.LPP_SPEND):
        if store.has(table):
            found |= set(store.query(f"select distinct finess from {table.name}")["finess"])
    return found


def _undescribed(finess: list[str], how: str) -> Finding:
    return Finding(
        delivery=CAMPAIGN_PART,
        code="ETABLISSEMENT_NON_DECRIT",
        place=how,
        severity="warning",
        count=len(finess),
        example=finess[0],
        remedy="Ses euros sont comptés. L'ajouter au fichier des établissements pour lui donner un nom, "
        "une catégorie et un département.",
    )

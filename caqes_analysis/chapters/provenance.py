"""Provenance: the files, versions and choices from which every figure of the report comes."""

from __future__ import annotations

import platform
from importlib.metadata import version

import pandas as pd

import caqes_analysis
from caqes_analysis import french, tables
from caqes_analysis.chapters.amounts_received import amount_words
from caqes_analysis.chapters.page import Page
from caqes_analysis.code_version import HASH_LENGTH, environment_hash, package_hash, report_code_hash
from caqes_analysis.display import ColumnFormat, Table, Text
from caqes_analysis.figure_parameters import named_parameters
from caqes_analysis.sources.files import sha256_of

__all__ = ["answer", "files_table", "parameter_files_table", "parameters_table", "versions_table"]

_SHOWN_LIBRARIES = ("duckdb", "pandas", "pyarrow", "numpy", "scipy", "matplotlib")


def answer(page: Page) -> Text:
    """Return what is needed to make the report again."""
    rows = page.store.read(tables.DELIVERIES)
    return Text.answer(
        f"Ce rapport est tiré de {french.plural(len(rows), 'fichier')}, de la campagne « {page.campaign.id} » et de "
        f"ses paramètres, avec le code {report_code_hash()} : les mêmes redonnent les mêmes chiffres, au centime."
    )


def files_table(page: Page) -> Table:
    """Return every file received, with its date and its whole hash."""
    rows = page.store.read(tables.DELIVERIES).sort_values("delivery")
    received = [french.MISSING if pd.isna(day) else french.date(day, short=True) for day in rows["received_on"]]
    said = _amounts_received(page)
    return Table.from_frame(
        rows.assign(received=received, amounts=[said.get(name, "–") for name in rows["delivery"]]),
        caption="Fichiers dont le rapport est tiré",
        columns=[
            ColumnFormat.text("file", "Fichier"),
            ColumnFormat.text("received", "Reçu le"),
            ColumnFormat.text("period", "Période"),
            ColumnFormat.count("rows", "Lignes"),
            ColumnFormat.text("amounts", "Montants"),
            ColumnFormat.text("sha256", "SHA-256"),
        ],
        notes=[
            "Le bas de chaque page nomme les sources qu'elle a pu lire.",
            "Montants : ce que la région a dit de ses fichiers mensuels et de la liste en sus ; rien n'est supposé.",
        ],
    )


def _amounts_received(page: Page) -> dict[str, str]:
    """Return what the amounts of each delivery are: those by envelope and month, and by product of the liste en sus."""
    by_product = [
        f"select source, '{kind}', null, date_basis from extra_list_use where {kind}_eur is not null"
        for kind in ("purchase", "tariff", "reimbursed")
    ]
    by_month = [
        f"select delivery, amount_kind, tax, date_basis from {table}"
        for table in ("monthly_spend", "cumulative_spend", "replaced_spend")
    ]
    rows = page.store.query(f"{' union '.join([*by_month, *by_product])} order by all")
    found: dict[str, list[str]] = {}
    for delivery, kind, tax, date_basis in rows.itertuples(index=False):
        found.setdefault(str(delivery), []).append(amount_words(kind, tax, date_basis))
    return {delivery: " ; ".join(dict.fromkeys(said)) for delivery, said in found.items()}


def parameters_table(page: Page) -> Table:
    """Return the choices of the campaign."""
    campaign = page.campaign
    settled = f"{french.month_name(campaign.settled_month_nb)} {campaign.year}" if campaign.last_month else "–"
    choices = {
        "Campagne": campaign.id,
        "Empreinte du fichier de campagne": sha256_of(campaign.file)[:HASH_LENGTH],
        "Région": campaign.region.name,
        "Dispositif": f"{page.scheme.name} ({page.scheme.law})",
        "Année des données": str(campaign.year),
        "Dernier mois reçu": campaign.last_month or "aucun (campagne annuelle)",
        "Dernier mois retenu pour les taux": settled,
        "Effectif minimal publié": str(campaign.disclosure.minimum_count_nb),
    }
    if campaign.simulation:
        choices["Simulation"] = (
            f"{campaign.simulation.establishments_nb} établissements, graine {campaign.simulation.seed}"
        )
    return _pairs(choices, "Choix de la campagne", "Paramètre", "Valeur")


def parameter_files_table(page: Page) -> Table:
    """Return every parameter file that decides figures, alone or with those of its folder, and its fingerprint."""
    found = named_parameters(page.campaign)
    rows = [{"role": role, "files": files, "hash": value} for (role, files), value in found.items()]
    return Table.from_frame(
        pd.DataFrame(rows),
        caption="Paramètres qui décident des chiffres",
        columns=[
            ColumnFormat.text("role", "Paramètres"),
            ColumnFormat.text("files", "Fichier"),
            ColumnFormat.text("hash", "Empreinte"),
        ],
        notes=["Empreinte : le début du SHA-256 du fichier ; de plusieurs, celle de leurs noms et de leurs contenus."],
    )


def versions_table(page: Page) -> Table:  # noqa: ARG001 (every part of a chapter is asked with its page)
    """Return the versions of the package, of Python and of the libraries that compute."""
    versions = {
        "caqes_analysis": f"{caqes_analysis.__version__} ({package_hash()})",
        "Code du rapport, paquet et notebooks (empreinte)": report_code_hash(),
        "Python": platform.python_version(),
        **{name: version(name) for name in _SHOWN_LIBRARIES},
        "Toutes les bibliothèques installées (empreinte)": environment_hash(),
    }
    return _pairs(versions, "Code et bibliothèques", "Nom", "Version")


def _pairs(values: dict[str, str], caption: str, name: str, value: str) -> Table:
    return Table.from_frame(
        pd.DataFrame({"name": list(values), "value": list(values.values())}),
        caption=caption,
        columns=[ColumnFormat.text("name", name), ColumnFormat.text("value", value)],
    )

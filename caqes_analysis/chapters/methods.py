"""Methods and provenance: how to redo every figure."""

from __future__ import annotations

import pandas as pd

from caqes_analysis import french, tables
from caqes_analysis.chapters.page import Page
from caqes_analysis.chapters.words import sentence_case
from caqes_analysis.display import ColumnFormat, Table, Text
from caqes_analysis.display.payload import State
from caqes_analysis.schemes.targets import SUBJECT_LABELS

__all__ = ["answer", "parameters_table", "provenance_table", "scheme_notes", "targets_table"]

_STATUSES: dict[str, tuple[str, State | None]] = {
    "verified": ("texte officiel vérifié", None),
    "to_confirm": ("à confirmer", None),
    "regional": ("repère régional, sans valeur contractuelle", None),
    "unknown": ("inconnu", None),
}


def answer(page: Page) -> Text:
    """Return what makes the report reproducible."""
    files = french.plural(len(page.store.read(tables.DELIVERIES)), "fichier")
    return Text.answer(
        f"Chaque chiffre de ce rapport se recalcule à partir de {files}, de la campagne « {page.campaign.id} » et du "
        "code nommé au bas de chaque page."
    )


def provenance_table(page: Page) -> Table:
    """Return every file received with its whole hash."""
    rows = page.store.read(tables.DELIVERIES).sort_values("delivery")
    return Table.from_frame(
        rows,
        caption="Fichiers dont le rapport est tiré",
        columns=[
            ColumnFormat.text("file", "Fichier"),
            ColumnFormat.text("period", "Période"),
            ColumnFormat.count("rows", "Lignes"),
            ColumnFormat.text("sha256", "SHA-256"),
        ],
    )


def parameters_table(page: Page) -> Table:
    """Return the choices of the campaign."""
    campaign = page.campaign
    settled = f"{french.month_name(campaign.settled_month_nb)} {campaign.year}" if campaign.last_month else "–"
    choices = {
        "Campagne": campaign.id,
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
    return Table.from_frame(
        pd.DataFrame({"name": list(choices), "value": list(choices.values())}),
        caption="Choix de la campagne",
        columns=[ColumnFormat.text("name", "Paramètre"), ColumnFormat.text("value", "Valeur")],
    )


def targets_table(page: Page) -> Table:
    """Return the targets and benchmarks of the scheme for the year, with their source."""
    rows = page.store.read(tables.TARGETS)
    own = rows[(rows["scheme"] == page.campaign.scheme) & (rows["data_year"] == page.campaign.year)]
    frame = own.assign(label=[sentence_case(SUBJECT_LABELS.get(subject, subject)) for subject in own["subject"]])
    return Table.from_frame(
        frame,
        caption=f"Objectifs et repères de {page.campaign.year}, dispositif {page.scheme.name}",
        columns=[
            ColumnFormat.text("label", "Sujet"),
            ColumnFormat.number("value", "Valeur"),
            ColumnFormat.text("unit_label", "Unité"),
            ColumnFormat.text("source", "Source"),
            ColumnFormat.status("status", "Fiabilité", _STATUSES),
        ],
    )


def scheme_notes(page: Page) -> Text:
    """Return what the scheme implies for reading the report."""
    return Text.bullets(f"Textes : {page.scheme.law}.", *page.scheme.notes)

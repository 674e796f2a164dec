"""Methods: how every figure is computed."""

from __future__ import annotations

from typing import Any

import pandas as pd

from caqes_analysis import french, tables
from caqes_analysis.chapters.assessment_words import plain_number
from caqes_analysis.chapters.page import Page
from caqes_analysis.chapters.words import sentence_case
from caqes_analysis.display import ColumnFormat, Table, Text
from caqes_analysis.schemes.targets import SPENDING_THRESHOLD, SUBJECT_LABELS, TARGET_STATUS_WORDS, printed_status

__all__ = ["answer", "scheme_notes", "targets_table"]


def answer(page: Page) -> Text:
    """Return what makes the report reproducible."""
    files = french.plural(len(page.store.read(tables.DELIVERIES)), "fichier")
    return Text.answer(
        f"Chaque chiffre de ce rapport se recalcule à partir de {files}, de la campagne « {page.campaign.id} », de ses "
        "paramètres et du code que nomme la page « Provenance »."
    )


def targets_table(page: Page) -> Table:
    """Return the targets and benchmarks of the scheme for the year, with their source."""
    rows = page.store.read(tables.TARGETS)
    own = rows[(rows["scheme"] == page.campaign.scheme) & (rows["data_year"] == page.campaign.year)]
    envelopes = [envelope.code for envelope in page.campaign.all_envelopes]
    statuses = [printed_status(*pair, envelopes) for pair in zip(own["subject"], own["status"], strict=True)]
    frame = own.assign(
        label=[sentence_case(_subject_words(*pair)) for pair in zip(own["subject"], own["measure"], strict=True)],
        value_text=[_value_words(*pair) for pair in zip(own["value"], own["unit_label"], strict=True)],
        reliability=[TARGET_STATUS_WORDS[status] for status in statuses],
    )
    return Table.from_frame(
        frame,
        caption=f"Objectifs et repères de {page.campaign.year}, dispositif {page.scheme.name}",
        columns=[
            ColumnFormat.text("label", "Sujet"),
            ColumnFormat.text("value_text", "Valeur", align="right"),
            ColumnFormat.text("source", "Source"),
            ColumnFormat.text("reliability", "Fiabilité"),
        ],
    )


def _subject_words(subject: str, measure: str) -> str:
    label = SUBJECT_LABELS.get(subject, subject)
    return f"{label}, seuil de dépense" if measure == SPENDING_THRESHOLD else label


def _value_words(value: Any, unit: Any) -> str:
    return "non renseigné" if pd.isna(value) else f"{plain_number(value)}{french.NBSP}{unit}"


def scheme_notes(page: Page) -> Text:
    """Return what the scheme implies for reading the report."""
    return Text.bullets(f"Textes : {page.scheme.law}.", *page.scheme.notes)

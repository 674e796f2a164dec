"""Small campaigns on simulated files, for tests that go from files to pages."""

from __future__ import annotations

from pathlib import Path

from caqes_analysis.campaign import Campaign, load_campaign
from caqes_analysis.simulation import simulate_region

MONTHLY = """\
title: "Rapport d'essai"
region: {code: "96", name: "Région d'essai"}
year: 2024
last_month: "2024-09"
provisional_months_nb: 2
scheme: caqes-2022
output: sortie
sources:
  establishments: [{path: recus/etablissements.csv}]
  contracts: [{path: recus/contrats.csv}]
  monthly_spend:
    - {path: recus/phmev_mensuel.csv, amount_kind: reimbursed, date_basis: care, tax: TTC}
    - {path: recus/enveloppes_mensuelles.csv, amount_kind: reimbursed, date_basis: care, tax: TTC}
    - {path: recus/liste_en_sus_mensuel.xlsx, amount_kind: reimbursed, date_basis: discharge, tax: TTC}
  open_phmev:
    - {path: recus/OPEN_PHMEV_2022.zip, year: 2022}
    - {path: recus/OPEN_PHMEV_2023.CSV, year: 2023}
"""


def small_campaign(folder: Path, *, establishments_nb: int = 6, text: str = MONTHLY) -> Campaign:
    """Simulate a small region in ``folder/recus`` and return the campaign that reads it."""
    if not (folder / "recus").exists():
        simulate_region(folder / "recus", establishments_nb=establishments_nb, seed=7)
    return campaign_file(folder, text)


def campaign_file(folder: Path, text: str) -> Campaign:
    """Write a campaign file and load it."""
    path = folder / "essai-2024.yml"
    path.write_text(text, encoding="utf-8")
    return load_campaign(path)

"""The page of provenance."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pandas as pd

from caqes_analysis import tables
from caqes_analysis.chapters import provenance
from caqes_analysis.display import Table
from tests.builders import A, monthly_rows
from tests.chapters.test_compared import page_of

STATE = {"value_status": "reported", "is_provisional": False, "is_corrected": False}


def test_each_file_says_what_its_amounts_are(tmp_path: Path) -> None:
    """A tariff with tax is not a price without: the guide sends the reader here to know which was received."""
    page = page_of(tmp_path)
    store = page.store
    names = ("mois", "sus", "contrats", "ancien")
    files = pd.DataFrame({"delivery": names, "file": [f"{name}.csv" for name in names], "sha256": "0" * 64, "rows": 1})
    store.write(tables.DELIVERIES, tables.DELIVERIES.conform(files), part="essai")
    months = monthly_rows({(A, "phmev"): {"2024-01": "1.00"}}).assign(delivery="mois", tax="TTC", date_basis="care")
    store.write(tables.MONTHLY_SPEND, tables.MONTHLY_SPEND.conform(months), part="essai")
    old = months.assign(delivery="ancien", tax="HT", replaced_by="mois")
    store.write(tables.REPLACED_SPEND, tables.REPLACED_SPEND.conform(old), part="essai")
    row = {"source_line": 1, "finess": A, "month": "2024-01-01", "code": "9000001", "purchase_eur": Decimal("1.00")}
    used = tables.EXTRA_LIST_USE.conform(
        pd.DataFrame([row]), source="sus", date_basis="discharge", kind="drug", **STATE
    )
    store.write(tables.EXTRA_LIST_USE, used, part="essai")
    table = provenance.files_table(page)
    assert isinstance(table, Table)
    labels = [column.label for column in table.columns]
    at = labels.index("Montants")
    said = {row[0].text: row[at].text for row in table.rows if row[0].text[:-4] in names}
    assert said == {
        "ancien.csv": "montant remboursé, HT, au mois des soins",
        "contrats.csv": "–",
        "mois.csv": "montant remboursé, TTC, au mois des soins",
        "sus.csv": "prix d'achat, au mois de la sortie",
    }

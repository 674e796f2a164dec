from __future__ import annotations

from pathlib import Path

import pandas as pd

from caqes_analysis import tables
from caqes_analysis.sources.received import delivery_row


def test_a_delivery_describes_its_file(tmp_path: Path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"abc")
    row = delivery_row(path, delivery="d", period=None, rows_nb=3)
    tables.DELIVERIES.validate(row)
    assert row["sha256"][0].startswith("ba7816bf")
    assert pd.isna(row["period"][0])
    assert delivery_row(path, delivery="d", period="2024", rows_nb=1, sha256="0" * 64)["sha256"][0] == "0" * 64

"""Writing workbooks whose bytes depend on their content only."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import datetime
from pathlib import Path

from openpyxl import Workbook

__all__ = ["save_undated"]

_EPOCH = (1980, 1, 1, 0, 0, 0)


def save_undated(book: Workbook, path: Path) -> None:
    """Save a workbook without the time at which it was made: the same cells give the same bytes.

    Parameters
    ----------
    book
        The workbook.
    path
        File to write; replaced whole.
    """
    book.properties.creator = "caqes_analysis"
    book.properties.created = datetime(*_EPOCH)
    dated = io.BytesIO()
    book.save(dated)
    draft = path.with_name(f".{path.name}.draft")
    with zipfile.ZipFile(dated) as source, zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED) as plain:
        for name in source.namelist():
            content = source.read(name)
            if name == "docProps/core.xml":
                content = re.sub(rb"(<dcterms:modified[^>]*>)[^<]*", rb"\g<1>1980-01-01T00:00:00Z", content)
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system, entry.external_attr = 3, 0o644 << 16
            plain.writestr(entry, content)
    draft.replace(path)

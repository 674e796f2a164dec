"""Does the site keep its pace? ``python benchmarks/site.py reports/demonstration-2024 --sheets 254 1000``.

The executed sheets of a report come back under other names until there are as many as asked; the site is composed from
nothing, with two processes, and the processor time is counted, that of the programs it starts included.
"""

from __future__ import annotations

import argparse
import logging
import os
import tempfile
import time
from itertools import cycle, islice
from pathlib import Path

from batch import cpu_seconds

from caqes_analysis.book import Book, Page, compile_book


def book_of(executed: Path, sheets_nb: int) -> Book:
    """Return a book of that many sheets, filed by department."""
    sheets = sorted(path for path in executed.glob("*.ipynb") if path.stem.isdigit())
    pages = [
        Page(f"etablissements/{n}", f"Fiche {n}", path, ("Établissements", f"Département {path.stem[:3]}"))
        for n, path in enumerate(islice(cycle(sheets), sheets_nb))
    ]
    return Book("Rapport", "Mesure", (Page("accueil", "Accueil", None), *pages))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("report", type=Path, help="folder of a report already built")
    parser.add_argument("--sheets", type=int, nargs="+", default=[40, 254, 1000], help="numbers of sheets")
    options = parser.parse_args()
    logging.disable()  # the pages to which the sheets lead are not in this book
    print("fiches        s  s/fiche  calcul/fiche  charge", flush=True)
    for sheets_nb in options.sheets:
        book = book_of(options.report / "run" / "executed", sheets_nb)
        with tempfile.TemporaryDirectory() as directory:
            load, cpu, begun = os.getloadavg()[0], cpu_seconds(), time.perf_counter()
            compile_book(book, work=Path(directory) / "work", site=Path(directory) / "site")
            wall, spent = time.perf_counter() - begun, cpu_seconds() - cpu
        print(f"{sheets_nb:6}{wall:9.1f}{wall / sheets_nb:9.3f}{spent / sheets_nb:14.3f}{load:8.1f}", flush=True)


if __name__ == "__main__":
    main()

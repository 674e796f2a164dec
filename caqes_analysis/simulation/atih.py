"""ATIH fixed-width files of the simulated region: the liste en sus line by line, adding up to its months."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache, partial
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from caqes_analysis.errors import CaqesError
from caqes_analysis.simulation.arguments import check_arguments
from caqes_analysis.simulation.establishments import Establishment
from caqes_analysis.simulation.files import write_all_or_nothing
from caqes_analysis.simulation.series import Region
from caqes_analysis.sources.atih_layout import Layout, LayoutField, layouts_of

__all__ = ["atih_lines", "simulate_atih", "write_atih"]

Ints = npt.NDArray[np.int64]

_KIND_OF = {"extra_list_drugs": "drug", "extra_list_devices": "device"}
_FILE_OF = {"drug": "rsa_med", "device": "rsa_dmi"}
_RECORD_OF = {"drug": "H", "device": "P"}
_BENEFIT = "06"
_DRUG_INDICATION = "I000029"
_CHUNK_LINES_NB = 100_000
_ZERO = 48
# What is asked of a field by default; the file's year and month, and the letter of record, are filled by the writer.
_DEFAULTS: dict[str, Any] = {"stays": 1, "fraction": 1000, "benefit_type": _BENEFIT, "indication": ""}


@cache
def _products(kind: str) -> pd.DataFrame:
    table = files("caqes_analysis.simulation").joinpath("atih_products.csv")
    with table.open(encoding="utf-8") as text:
        every = pd.read_csv(text, sep=";", dtype={"code": str}, parse_dates=["since"])
    return every[every["kind"] == kind].reset_index(drop=True)


def atih_lines(lines: pd.DataFrame, *, layout: Layout, period: int = 12) -> bytes:
    """Return lines in their fixed-width layout, each ended as on Windows.

    Parameters
    ----------
    lines
        ``finess``, ``month`` (first day), ``product`` (7 digits); ``quantity`` and the amounts that the layout holds
        (``purchase``, ``unit_purchase``, ``unit_tariff``, ``billed``) as whole numbers of its last decimal; optional
        ``day`` (of the month), ``stays``, ``fraction``, ``indication``, ``benefit_type``, ``site``.
    layout
        Where each field stands.
    period
        Month of the period that the file says.

    Raises
    ------
    CaqesError
        ``SIMULATION_CHAMP`` when a value does not fit in its field.

    Examples
    --------
    >>> from caqes_analysis.sources.atih_layout import layouts_of
    >>> line = pd.DataFrame({"finess": ["961000015"], "month": [pd.Timestamp("2021-03-01")], "product": ["3216367"],
    ...                      "quantity": [1], "purchase": [850_000]})
    >>> atih_lines(line, layout=layouts_of("rsa_dmi", 2021)[""])
    b'9610000159610000150620211200000000013216367  00000000010000850000032021   0\\r\\n'
    """
    count = len(lines)
    page = np.full((count, layout.length + 2), ord(" "), dtype=np.uint8)
    for one in layout.fields:
        values = _values(one, lines, layout, period)
        place = slice(one.start - 1, one.end)
        if isinstance(values, np.ndarray):
            page[:, place] = _digits(values, one)
        elif values is not None:
            page[:, place] = _texts(values, one)
    page[:, -2:] = (13, 10)
    return page.tobytes()


def _values(one: LayoutField, lines: pd.DataFrame, layout: Layout, period: int) -> Ints | list[str] | None:
    """Return what a field holds: whole numbers, texts, or None for blanks."""
    count = len(lines)
    if one.role == "product":
        width = one.end - one.start + 1
        return [_long_code(code, width, layout.kind) for code in lines["product"]]
    if one.role in ("use_year", "use_month", "use_date"):
        month = pd.to_datetime(lines["month"])
        day = lines["day"] if "day" in lines else pd.Series(1, index=lines.index)
        form = {"use_year": "%Y", "use_month": "%m", "use_date": "%m%Y"}[one.role]
        dates = month.dt.strftime(form)
        return [f"{d:02d}{text}" for d, text in zip(day, dates, strict=True)] if one.role == "use_date" else list(dates)
    if one.role in ("file_year", "file_month", "record"):
        text = {"file_year": str(layout.year), "file_month": f"{period:02d}", "record": layout.record}[one.role]
        return [text] * count
    if one.name == "CLE_RSA":
        return [f"{rank:010d}" for rank in range(1, count + 1)]
    if one.name == "DELAI":
        return [f"{0:>{one.end - one.start + 1}}"] * count
    name = "finess" if one.role == "site" and "site" not in lines else one.role
    if name in lines:
        return lines[name].to_numpy(np.int64) if one.kind == "number" else lines[name].astype(str).tolist()
    if one.kind == "number":
        return np.full(count, int(_DEFAULTS.get(one.role, 0)), dtype=np.int64)
    return [str(_DEFAULTS[one.role])] * count if one.role in _DEFAULTS else None


def _long_code(code: str, width: int, kind: str) -> str:
    """Return a product code as a field of that width holds it: a UCD of 13 digits where there is room."""
    if kind == "device" or width < 13:
        return code
    head = f"34008{code}"
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(head))
    return f"{head}{-total % 10}"


def _texts(values: list[str], one: LayoutField) -> npt.NDArray[np.uint8]:
    width = one.end - one.start + 1
    if long := next((value for value in values if len(value) > width), None):
        raise _does_not_fit(one, long)
    packed = b"".join(value.ljust(width).encode("ascii") for value in values)
    return np.frombuffer(packed, np.uint8).reshape(len(values), width)


def _digits(values: Ints, one: LayoutField) -> npt.NDArray[np.uint8]:
    width = one.end - one.start + 1
    size = np.abs(values)
    negative = values < 0
    too_large = size >= np.where(negative, 10 ** (width - 1), 10**width)
    if too_large.any():
        raise _does_not_fit(one, str(values[too_large][0]))
    powers = 10 ** np.arange(width - 1, -1, -1, dtype=np.int64)
    found: npt.NDArray[np.uint8] = (size[:, None] // powers % 10 + _ZERO).astype(np.uint8)
    found[negative, 0] = ord("-")
    return found


def _does_not_fit(one: LayoutField, value: str) -> CaqesError:
    return CaqesError.of(
        "SIMULATION_CHAMP", "cette valeur ne tient pas dans son champ.", "La réduire.", column=one.place, value=value
    )


def write_atih(
    path: Path, batches: Iterable[Mapping[str, pd.DataFrame]], *, file_type: str, year: int, period: int = 12
) -> int:
    """Write an ATIH file, replaced whole or not at all.

    Parameters
    ----------
    path
        File to write.
    batches
        Lines by letter of record (the empty letter when all are alike), as :func:`atih_lines` takes them; one batch
        after another.
    file_type, year
        Which layout.
    period
        Month of the period that the file says.

    Returns
    -------
    int
        Number of lines written.
    """
    layouts = layouts_of(file_type, year)
    draft = path.with_name(f".{path.name}.{os.getpid()}.draft")
    written = 0
    try:
        with draft.open("wb") as content:
            for batch in batches:
                for record, lines in batch.items():
                    for first in range(0, len(lines), _CHUNK_LINES_NB):
                        part = lines.iloc[first : first + _CHUNK_LINES_NB]
                        content.write(atih_lines(part, layout=layouts[record], period=period))
                    written += len(lines)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return written


def simulate_atih(
    directory: Path,
    *,
    establishments_nb: int = 40,
    seed: int = 2024,
    year: int = 2021,
    last_month: int = 12,
    years_nb: int = 5,
    files_years_nb: int = 2,
) -> list[Path]:
    """Write the ATIH files of a simulated region: what stands behind its months of liste en sus.

    Parameters
    ----------
    directory
        Folder of the files; made when absent.
    establishments_nb, seed, year, years_nb
        As in :func:`~caqes_analysis.simulation.simulate_region`; the layouts of ATIH end in 2021.
    last_month
        Last month of use of the files of ``year``.
    files_years_nb
        Years written, ``year`` included.

    Returns
    -------
    list of Path
        For each year ``rsa_med_<year>.txt`` and ``rsa_dmi_<year>.txt`` (public and ESPIC), ``rafael_<year>.txt``
        (private).

    Raises
    ------
    CaqesError
        ``SIMULATION_BORNES``, or ``ANNEE_SANS_DISPOSITION`` for a year without layout.

    Notes
    -----
    By establishment and month, the lines of drugs and those of devices add up to the cent to the month of
    :func:`~caqes_analysis.simulation.simulate_truth`; no line breaks a cleaning rule.
    """
    check_arguments(establishments_nb=establishments_nb, seed=seed, year=year, last_month=last_month, years_nb=years_nb)
    region = Region(establishments_nb, seed, year, years_nb)
    writers: dict[str, Callable[[Path], object]] = {}
    for when in range(year - files_years_nb + 1, year + 1):
        last = last_month if when == year else 12
        for name in ("rsa_med", "rsa_dmi", "rafael"):
            layouts_of(name, when)
            batches = partial(_batches, region, name, when, last)
            writers[f"{name}_{when}.txt"] = partial(_write, batches, file_type=name, year=when, period=last)
    return write_all_or_nothing(Path(directory), writers)


def _write(
    batches: Callable[[], Iterator[dict[str, pd.DataFrame]]], path: Path, *, file_type: str, year: int, period: int
) -> int:
    return write_atih(path, batches(), file_type=file_type, year=year, period=period)


def _batches(region: Region, file_type: str, year: int, last_month: int) -> Iterator[dict[str, pd.DataFrame]]:
    """Yield the lines of each establishment that sends this file."""
    invoices = file_type == "rafael"
    for one in region.establishments:
        if (one.kind == "private") != invoices:
            continue
        batch = {}
        for series in region.series(one):
            kind = _KIND_OF.get(series.envelope, "")
            if not kind or not (invoices or _FILE_OF[kind] == file_type):
                continue
            chosen = (series.months >= np.datetime64(f"{year}-01")) & (
                series.months <= np.datetime64(f"{year}-{last_month:02d}")
            )
            lines = _month_lines(region, one, kind, series.months[chosen], series.cents[chosen])
            batch[_RECORD_OF[kind] if invoices else ""] = _as_invoices(lines) if invoices else lines
        if batch:
            yield batch


def _month_lines(
    region: Region, one: Establishment, kind: str, months: npt.NDArray[np.datetime64], cents: Ints
) -> pd.DataFrame:
    """Draw lines that add up to each month: products at less than their tariff."""
    products = _products(kind)
    unit_cents = np.rint(products["unit_eur"].to_numpy() * 100).astype(np.int64)
    parts = []
    for month, total in zip(months, cents.tolist(), strict=True):
        # A product is used from the first whole month that follows its listing.
        is_listed = (products["since"].isna() | (products["since"] <= pd.Timestamp(month))).to_numpy()
        weights = products["weight"].to_numpy() * is_listed
        share = weights / weights.sum()
        random = np.random.default_rng([region.seed, 11, one.index, int(month.astype(int)), len(kind)])
        most = 2 + int(3 * total / float(share @ unit_cents))
        drawn = random.choice(len(products), size=most, p=share)
        # An invoice has a line per unit: its price must be a whole number of cents.
        by_unit = kind == "device" or one.kind == "private"
        numbers = np.ones(most, dtype=np.int64) if by_unit else random.integers(1, 4, size=most)
        upto = np.cumsum(unit_cents[drawn] * numbers)
        nb = min(most, int(np.searchsorted(upto, total)) + 1)
        drawn, numbers = drawn[:nb], numbers[:nb]
        amounts = unit_cents[drawn] * numbers
        amounts[-1] = total - (amounts.sum() - amounts[-1])
        # The last line is what is left: a part of a pack for a drug.
        thousandths = numbers * 1000
        thousandths[-1] = max(1, -(-int(amounts[-1]) * 1000 // int(unit_cents[drawn[-1]])))
        parts.append(
            pd.DataFrame(
                {
                    "finess": one.finess,
                    "month": month.astype("datetime64[us]"),
                    "product": products["code"].to_numpy()[drawn],
                    "quantity": thousandths if kind == "drug" else numbers,
                    "purchase": amounts * 10,
                    "indication": _DRUG_INDICATION if kind == "drug" else "",
                }
            )
        )
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=["finess", "month", "product"])


def _as_invoices(lines: pd.DataFrame) -> pd.DataFrame:
    """Return the same lines as invoices of one unit: price and amount invoiced in cents."""
    cents = lines["purchase"] // 10
    return lines.drop(columns=["purchase"]).assign(
        quantity=1, unit_purchase=cents, unit_tariff=cents, billed=cents, site=lines["finess"]
    )

"""The public functions of the simulation: the raw files of a region, the truth behind them, a national Open PHMEV."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from caqes_analysis.errors import CaqesError
from caqes_analysis.simulation.activity import ACTIVITY_HEADER, LPP_HEADER, activity_rows, lpp_rows
from caqes_analysis.simulation.arguments import check_arguments
from caqes_analysis.simulation.contracts import HEADER as CONTRACT_HEADER
from caqes_analysis.simulation.contracts import contract_rows
from caqes_analysis.simulation.establishments import Establishment, build_establishments
from caqes_analysis.simulation.files import (
    OTHER_ENVELOPES,
    month_rows,
    write_all_or_nothing,
    write_csv,
    write_establishments,
    write_months,
    write_xlsx,
)
from caqes_analysis.simulation.grid_answers import ANSWERS_FILE, GRADED_YEARS, answer_rows
from caqes_analysis.simulation.grid_answers import HEADER as ANSWERS_HEADER
from caqes_analysis.simulation.open_phmev import Lines, draw_lines, largest_lines_nb, usual_lines_nb
from caqes_analysis.simulation.open_phmev_file import write_batches
from caqes_analysis.simulation.prescribers import write_prescribers
from caqes_analysis.simulation.reception import Reception
from caqes_analysis.simulation.series import Region
from caqes_analysis.simulation.successive import quarters, write_cumulative_transports, write_declarations

__all__ = ["planted_events", "simulate_region", "simulate_truth", "write_open_phmev"]

# From so many establishments on, a year of Open PHMEV may pass 2 GB: its ZIP needs 64-bit sizes.
_HUGE_FROM_NB = 1000
_EXTRA_LIST = ("extra_list_drugs", "extra_list_devices")


def simulate_region(
    directory: Path,
    *,
    establishments_nb: int = 40,
    seed: int = 2024,
    year: int = 2024,
    last_month: int = 9,
    years_nb: int = 5,
) -> list[Path]:
    """Write the raw files of a simulated region, in the formats that a real one receives.

    Parameters
    ----------
    directory
        Folder of the files; made when absent. Files of the same names are replaced, all or none of them.
    establishments_nb
        Number of establishments, 3 to 3,000.
    seed
        The same arguments give the same bytes.
    year, last_month
        Year of the campaign and its last month received; what happened before does not depend on ``last_month``.
    years_nb
        Years of months, ``year`` included.

    Returns
    -------
    list of Path
        ``etablissements.csv``, ``contrats.csv``, ``phmev_mensuel.csv``, ``enveloppes_mensuelles.csv``,
        ``liste_en_sus_mensuel.xlsx``, ``activite.csv``, ``lpp_par_code.csv``, the declared indicators of the year
        before, the transports cumulated at each quarter, who prescribed what in three establishments the year before,
        and the Open PHMEV files of the two years before ``year`` (the older one zipped).

    Raises
    ------
    CaqesError
        ``SIMULATION_BORNES``, one problem per argument out of its bounds; nothing is written.

    Notes
    -----
    Reimbursed amounts. ``lpp`` includes ``perfadom``. For-profit clinics have no PHMEV. By establishment, an Open
    PHMEV file adds up to the cent to the twelve months of its year. Months of the campaign's year may be incomplete
    (the last two, for some) or missing (empty amount): :func:`planted_events` lists them.
    """
    check_arguments(establishments_nb=establishments_nb, seed=seed, year=year, last_month=last_month, years_nb=years_nb)
    region = Region(establishments_nb, seed, year, years_nb)
    reception = Reception(region, last_month)
    contracts = contract_rows(region.establishments, seed=seed, year=year)
    writers: dict[str, Callable[[Path], object]] = {
        "etablissements.csv": lambda path: write_establishments(path, region.establishments),
        "contrats.csv": lambda path: write_csv(path, CONTRACT_HEADER, contracts, encoding="cp1252"),
        "phmev_mensuel.csv": lambda path: write_months(path, month_rows(reception, ["phmev"]), encoding="cp1252"),
        "enveloppes_mensuelles.csv": lambda path: write_months(
            path, month_rows(reception, OTHER_ENVELOPES), encoding="utf-8"
        ),
        "liste_en_sus_mensuel.xlsx": lambda path: write_xlsx(path, month_rows(reception, _EXTRA_LIST)),
        "activite.csv": lambda path: write_csv(
            path, ACTIVITY_HEADER, activity_rows(region, last_month), encoding="cp1252"
        ),
        "lpp_par_code.csv": lambda path: write_csv(path, LPP_HEADER, lpp_rows(reception), encoding="utf-8"),
        f"declarations_{year - 1}.xlsx": lambda path: write_declarations(path, region),
        **{
            f"transports_cumul_{year}-{month:02d}.csv": partial(write_cumulative_transports, region=region, month=month)
            for month in quarters(last_month)
        },
        f"OPEN_PHMEV_{year - 2}.zip": lambda path: write_batches(
            path, _regional_lines(region, year - 2), seed=seed, year=year - 2, is_huge=establishments_nb > _HUGE_FROM_NB
        ),
        f"OPEN_PHMEV_{year - 1}.CSV": lambda path: write_batches(
            path, _regional_lines(region, year - 1), seed=seed, year=year - 1
        ),
    }
    writers[f"prescripteurs_{year - 1}.csv"] = lambda path: write_prescribers(
        path, _regional_lines(region, year - 1), seed=seed, year=year - 1
    )
    if last_month == 12:  # the yearly base of a closed year is there too
        writers[f"OPEN_PHMEV_{year}.CSV"] = lambda path: write_batches(
            path, _regional_lines(region, year), seed=seed, year=year
        )
    if year in GRADED_YEARS:
        answers = answer_rows(region.establishments, seed=seed, year=year)
        writers[ANSWERS_FILE] = lambda path: write_csv(path, ANSWERS_HEADER, answers, encoding="cp1252")
    return write_all_or_nothing(Path(directory), writers)


def _regional_lines(region: Region, year: int) -> Iterator[tuple[Establishment, Lines]]:
    for one in region.establishments:
        if one.in_open_phmev:
            months = next(series for series in region.series(one) if series.envelope == "phmev")
            cents = int(months.cents[months.months.astype("datetime64[Y]") == np.datetime64(str(year))].sum())
            lines_nb = min(max(4, round(usual_lines_nb(cents / 100))), largest_lines_nb(one))
            if cents > 0:
                yield one, draw_lines(one, cents, lines_nb, seed=region.seed, year=year)


def simulate_truth(
    *, establishments_nb: int = 40, seed: int = 2024, year: int = 2024, years_nb: int = 5
) -> pd.DataFrame:
    """Return every month of a simulated region, December of ``year`` included, none late and none missing.

    Parameters
    ----------
    establishments_nb, seed, year, years_nb
        As in :func:`simulate_region`, whose files these are the truth of.

    Returns
    -------
    DataFrame
        ``finess``, ``month`` (first day), ``envelope`` (the package's codes), ``amount_eur`` (exact decimals), in the
        order of the first three; only the months in which the establishment was open.

    Examples
    --------
    >>> truth = simulate_truth(establishments_nb=3)
    >>> truth.columns.tolist()
    ['finess', 'month', 'envelope', 'amount_eur']
    """
    check_arguments(establishments_nb=establishments_nb, seed=seed, year=year, years_nb=years_nb)
    region = Region(establishments_nb, seed, year, years_nb)
    found = [(one.finess, series) for one in region.establishments for series in region.series(one)]
    sizes = [len(series.months) for _, series in found]
    cents = np.concatenate([series.cents for _, series in found])
    frame = pd.DataFrame(
        {
            "finess": np.repeat([finess for finess, _ in found], sizes),
            "month": np.concatenate([series.months for _, series in found]).astype("datetime64[us]"),
            "envelope": np.repeat([series.envelope for _, series in found], sizes),
            "amount_eur": pd.array(_decimals(cents), dtype=pd.ArrowDtype(pa.decimal128(18, 2))),
        }
    )
    return frame.sort_values(["finess", "month", "envelope"], ignore_index=True)


def _decimals(cents: npt.NDArray[np.int64]) -> pa.Array:
    """Return cents as exact euros."""
    whole = pa.array(cents).cast(pa.decimal128(19, 0))
    return pc.multiply(whole, pa.scalar(Decimal("0.01"))).cast(pa.decimal128(18, 2))


def planted_events(
    *, establishments_nb: int = 40, seed: int = 2024, year: int = 2024, last_month: int = 9, years_nb: int = 5
) -> pd.DataFrame:
    """Return what happens in a simulated region besides its ordinary life: what a good analysis finds again.

    Parameters
    ----------
    establishments_nb, seed, year, last_month, years_nb
        As in :func:`simulate_region`.

    Returns
    -------
    DataFrame
        ``event`` (``merger``, ``new``, ``tiny``, ``level_break``, ``missing``, ``late``), ``finess``, ``envelope``
        (empty: all those that Assurance Maladie sends), ``month`` (the first concerned), ``factor`` (of a level break;
        share that had arrived of a late month).
    """
    check_arguments(establishments_nb=establishments_nb, seed=seed, year=year, last_month=last_month, years_nb=years_nb)
    return Reception(Region(establishments_nb, seed, year, years_nb), last_month).events()


def write_open_phmev(path: Path, *, rows_nb: int, establishments_nb: int, seed: int, year: int) -> int:
    """Write an Open PHMEV file of any size, for benchmarks: 3.5 million rows and 2,200 establishments are national.

    Parameters
    ----------
    path
        File to write: CSV, or ZIP when it ends in ``.zip``. Replaced whole or not at all.
    rows_nb
        Number of lines.
    establishments_nb
        Number of establishments, all of kinds that Open PHMEV knows.
    seed
        The same arguments give the same bytes.
    year
        Year of the data.

    Returns
    -------
    int
        Number of lines written.

    Raises
    ------
    CaqesError
        ``SIMULATION_BORNES``, or ``SIMULATION_LIGNES`` when so few establishments cannot have so many different lines.
    """
    check_arguments(rows_nb=rows_nb, establishments_nb=establishments_nb, seed=seed, year=year)
    region = [one for one in build_establishments(2 * establishments_nb, seed=seed, year=year) if one.in_open_phmev]
    chosen = region[:establishments_nb]
    most = np.array([largest_lines_nb(one) for one in chosen])
    if most.sum() < rows_nb or rows_nb < establishments_nb:
        raise CaqesError.of(
            "SIMULATION_LIGNES",
            f"{establishments_nb} établissements peuvent avoir de {establishments_nb} à {most.sum()} lignes.",
            "Changer le nombre d'établissements ou le nombre de lignes.",
            column="rows_nb",
            value=str(rows_nb),
        )
    lines_nb = _share_lines(rows_nb, np.array([usual_lines_nb(one.yearly_eur) for one in chosen]), most)
    drawn = (
        (one, draw_lines(one, round(one.yearly_eur * 100), int(nb), seed=seed, year=year))
        for one, nb in zip(chosen, lines_nb, strict=True)
    )
    draft = path.with_name(f".{path.name}.{os.getpid()}.draft{path.suffix}")
    try:
        written = write_batches(draft, drawn, seed=seed, year=year, is_huge=True)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return written


def _share_lines(rows_nb: int, usual: npt.NDArray[np.float64], most: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return whole numbers that add up to ``rows_nb``, in proportion to ``usual``, from 1 to ``most``."""
    low, high = 0.0, float(rows_nb)
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if np.clip(usual * middle, 1, most).sum() < rows_nb else (low, middle)
    shared = np.clip(usual * low, 1, most)
    whole = np.floor(shared).astype(np.int64)
    by_remainder = np.argsort(-(shared - whole) - (whole < most), kind="stable")
    whole[by_remainder[: rows_nb - whole.sum()]] += 1
    return whole

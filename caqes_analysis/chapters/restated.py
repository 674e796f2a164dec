"""What a delivery changed of the one before, value by value: the largest on the page, all in the annexes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import pandas as pd

from caqes_analysis import deliveries, french, tables
from caqes_analysis.activities import DECLARED_PREFIX, activity_label
from caqes_analysis.chapters.amounts_received import AMOUNT_WORDS
from caqes_analysis.chapters.asked_once import asked_once
from caqes_analysis.chapters.data_quality_values import (
    LISTED_NB,
    delivery_labels,
    may_change,
    period_label,
    restated_months,
)
from caqes_analysis.chapters.page import Page
from caqes_analysis.chapters.words import envelope_of
from caqes_analysis.display import ColumnFormat, Details, Table

__all__ = ["restated_amounts_table", "restated_counts_table", "restated_details", "restated_values"]

_YEAR_LENGTH: Final = 4
_ORDER: Final = ["size", "finess", "subject", "period", "new_delivery"]


@asked_once
def restated_values(page: Page) -> pd.DataFrame:
    """Return every value that a delivery gives otherwise than the one before, the largest differences first.

    Parameters
    ----------
    page
        The page, of the region.

    Returns
    -------
    DataFrame
        ``unit`` (``€``, or ``nb`` for counts) ``, finess, subject`` (what it is, in words) ``, period`` (in words)
        ``, old_delivery, new_delivery, old, new, difference, value_status, is_provisional`` (the new value may still be
        completed). A count of 1 to ten patients or stays (the campaign's threshold) is masked, with its difference:
        ``too_few``; a value not given is ``missing``. Months and cumuls that the register corrects are left out.
    """
    rows = [*_months(page), *_cumuls(page), *_counts(page)]
    found = pd.DataFrame(
        rows,
        columns=[
            "unit",
            "finess",
            "subject",
            "period",
            "old_delivery",
            "new_delivery",
            "old",
            "new",
            "is_counted",
            "is_provisional",
        ],
        dtype=object,
    )
    least = page.campaign.disclosure.minimum_count_nb
    for name in ("old", "new"):
        few = [
            bool(counted) and value is not None and 0 < value < least
            for counted, value in zip(found["is_counted"], found[name], strict=True)
        ]
        found[f"{name}_status"] = [
            "too_few" if is_few else "missing" if value is None else "reported"
            for is_few, value in zip(few, found[name], strict=True)
        ]
    both = list(zip(found["old"], found["new"], strict=True))
    is_known = (found["old_status"] == "reported") & (found["new_status"] == "reported")
    found["difference"] = pd.Series(
        [new - old if known else None for (old, new), known in zip(both, is_known, strict=True)], dtype=object
    )
    found["size"] = [
        0 if "too_few" in statuses else -abs((new or 0) - (old or 0))  # the rank of a masked value would tell its size
        for (old, new), *statuses in zip(both, found["old_status"], found["new_status"], strict=True)
    ]
    is_few = (found["old_status"] == "too_few") | (found["new_status"] == "too_few")
    found["difference_status"] = ["too_few" if one else "missing" for one in is_few]
    for name in ("old", "new"):
        found[name] = found[name].where(found[f"{name}_status"] != "too_few", None)
    return found.sort_values(_ORDER, ignore_index=True).drop(columns=["size", "is_counted"])


def restated_amounts_table(page: Page) -> Table | None:
    """Return the amounts that a delivery changed, the largest differences; None without any."""
    return _table(page, "€", "Montants modifiés d'une livraison à la suivante, les plus gros écarts d'abord")


def restated_counts_table(page: Page) -> Table | None:
    """Return the counts of activity and the quantities that a delivery changed; None without any."""
    return _table(page, "nb", "Nombres modifiés d'une livraison à la suivante, les plus gros écarts d'abord")


def restated_details(page: Page) -> Details | None:
    """Return both tables, folded; None when no delivery changed anything."""
    found = [table for table in (restated_amounts_table(page), restated_counts_table(page)) if table is not None]
    return Details("Détail : les valeurs modifiées, établissement par établissement", found) if found else None


def _table(page: Page, unit: str, caption: str) -> Table | None:
    rows = restated_values(page)
    rows = rows[rows["unit"] == unit]
    if rows.empty:
        return None
    known = page.all_names
    listed = rows.head(LISTED_NB)
    frame = listed.assign(
        name=[known.get(finess, finess) for finess in listed["finess"]],
        href=listed["finess"].map({finess: page.sheet_href(finess) for finess in known.index}),
    )
    more = len(rows) - LISTED_NB
    others = f"{french.plural(more, 'autre')} : toutes les valeurs sont" if more > 0 else "Ces valeurs sont aussi"
    kind = ColumnFormat.amount if unit == "€" else ColumnFormat.count
    return Table.from_frame(
        frame,
        caption=caption,
        columns=[
            ColumnFormat.text("name", "Établissement", href="href"),
            ColumnFormat.text("subject", "Quoi"),
            ColumnFormat.text("period", "Période"),
            ColumnFormat.text("old_delivery", "Livraison"),
            kind("old", "Donnait", value_status="old_status", is_provisional=None),
            ColumnFormat.text("new_delivery", "Remplacée par"),
            kind("new", "Donne", value_status="new_status"),
            kind("difference", "Différence", signed=True, value_status="difference_status", is_provisional=None),
        ],
        notes=[f"{others} dans le classeur d'annexes (« caqes export », feuille Valeurs modifiées)."],
    )


def _months(page: Page) -> Iterator[list[Any]]:
    yield from _amounts(page, restated_months(page), "%Y-%m")


def _cumuls(page: Page) -> Iterator[list[Any]]:
    if page.store.has(tables.CUMULATIVE_SPEND):
        yield from _amounts(page, deliveries.restated_cumuls(page.store), "%Y-M%m")


def _amounts(page: Page, rows: pd.DataFrame, written: str) -> Iterator[list[Any]]:
    said = delivery_labels(page)
    for row in rows.to_dict("records"):
        kind = "" if row["amount_kind"] == "reimbursed" else f", {AMOUNT_WORDS[row['amount_kind']]}"
        yield [
            "€",
            row["finess"],
            f"{envelope_of(page.campaign, row['envelope']).short_label}{kind}",
            period_label(f"{row['month']:{written}}"),
            said.get(row["old_delivery"], row["old_delivery"]),
            said.get(row["new_delivery"], row["new_delivery"]),
            *_known(row, "old_eur", "new_eur"),
            False,
            may_change(page, row["month"]),
        ]


def _counts(page: Page) -> Iterator[list[Any]]:
    if not page.store.has(tables.RESTATED_VALUES):
        return
    said = delivery_labels(page)
    for row in page.store.read(tables.RESTATED_VALUES).to_dict("records"):
        is_lpp = row["source_table"] == tables.LPP_SPEND.name
        words = f"LPP {row['item']}" if is_lpp else activity_label(row["item"])
        given = [
            period_label(row["period"]),
            *(said.get(row[name], row[name]) for name in ("old_delivery", "delivery")),
        ]
        late = len(row["period"]) > _YEAR_LENGTH and may_change(page, pd.Timestamp(row["period"].replace("M", "")))
        is_counted = not is_lpp and not row["item"].startswith(DECLARED_PREFIX)
        for unit, old, new in (
            ("€", *_known(row, "old_eur", "new_eur")),
            ("nb", *_known(row, "old_nb", "new_nb")),
        ):
            if old != new:
                subject = f"{words}, quantité" if is_lpp and unit == "nb" else words
                yield [unit, row["finess"], subject, *given, old, new, is_counted, late]


def _known(row: dict[Any, Any], *names: str) -> list[Any]:
    return [None if pd.isna(row[name]) else row[name] for name in names]

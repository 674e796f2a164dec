"""The book of a report: its pages in reading order, from what the notebooks became."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator

import pandas as pd

from caqes_analysis import french
from caqes_analysis.book import Book
from caqes_analysis.book import Page as BookPage
from caqes_analysis.build_plan import Plan, indicator_job
from caqes_analysis.campaign import Campaign
from caqes_analysis.chapters.contents import INDICATORS_PART, PROVENANCE_PAGE
from caqes_analysis.chapters.indicator_reading import indicator_href
from caqes_analysis.chapters.page import run_directory
from caqes_analysis.departments import department_label
from caqes_analysis.guide import GuideSources, book_pages, guide_provenance
from caqes_analysis.indicators.available import stored_definition
from caqes_analysis.indicators.region_paid import volet_label, volet_under
from caqes_analysis.page_foot import page_foot, page_hash, sources_of_indicator
from caqes_analysis.schemes.scheme import scheme_of

__all__ = ["report_book"]


def report_book(plan: Plan, outcomes: pd.DataFrame) -> Book:
    """Return the book of a report, a page per notebook; the page of one that failed says so.

    Parameters
    ----------
    plan
        What was run.
    outcomes
        Rows of :func:`caqes_analysis.batch.run_notebooks`.
    """
    campaign = plan.campaign
    failures = _failures(outcomes)

    def page(
        path: str,
        name: str,
        title: str,
        group: tuple[str, ...],
        keywords: tuple[str, ...] = (),
        sources: Collection[str] | None = None,
    ) -> BookPage:
        failure = failures.get(name)
        executed = plan.executed(name)
        foot = page_foot(campaign, sources)
        return BookPage(
            path=path,
            title=title,
            notebook=None if failure else executed,
            group=group,
            keywords=keywords,
            provenance=foot if failure else {**foot, "Empreinte de la page": page_hash(executed)},
            failure=failure,
        )

    pages = [page(c.path, c.path, c.title, c.group, sources=c.sources) for c in plan.chapters]
    finder = next(i for i, c in enumerate(plan.chapters) if c.path == "etablissements") + 1
    pages[finder - 1 : finder - 1] = indicators = list(_indicator_pages(plan, page))
    finder += len(indicators)
    sheets = []
    for row in plan.establishments.to_dict("records"):
        finess, name, town, department = (row[key] for key in ("finess", "name", "town", "department"))
        keywords = tuple(word for word in (finess, name, town) if isinstance(word, str))
        group = ("Établissements", department_label(department))
        sheets.append(page(f"etablissements/{finess}", finess, name, group, keywords))
    sources = GuideSources.read(campaign)
    own_foot = guide_provenance(sources)
    guide = book_pages(
        sources,
        run_directory(plan.directory) / "guide",
        provenance=own_foot,
        is_part=True,
        in_report={name: indicator_href(name) for name in plan.indicators["indicator"]},
    )
    return Book(
        title=campaign.title,
        subtitle=_subtitle(campaign),
        pages=(*pages[:finder], *sheets, *guide, *pages[finder:]),
        simulated=campaign.is_simulated,
        footer=("Rapport produit par caqes_analysis.",),
        provenance_page=PROVENANCE_PAGE,
    )


def _indicator_pages(plan: Plan, page: Callable[..., BookPage]) -> Iterator[BookPage]:
    """Yield the pages of the indicators, volet by volet."""
    scheme = scheme_of(plan.campaign)
    rows = plan.indicators.assign(
        part=[
            volet_label(volet_under(stored_definition(text), scheme), schemes, scheme.id)
            for text, schemes in zip(plan.indicators["definition"], plan.indicators["schemes"], strict=True)
        ]
    )
    follow_up_last = rows["part"].str.startswith("Volet").map({True: 0, False: 1})
    named = rows.assign(order=follow_up_last, place=rows["short_name"].map(french.alphabetical))
    for row in named.sort_values(["order", "part", "place"]).to_dict("records"):
        name = row["indicator"]
        group = (INDICATORS_PART, row["part"])
        sources = sources_of_indicator(row["definition"])
        yield page(indicator_href(name), indicator_job(name), row["short_name"], group, (name, row["name"]), sources)


def _subtitle(campaign: Campaign) -> str:
    if campaign.last_month is None:
        return f"{campaign.region.name}, année {campaign.year}"
    return f"{campaign.region.name}, données à fin {french.month_year(pd.Timestamp(f'{campaign.last_month}-01'))}"


def _failures(outcomes: pd.DataFrame) -> dict[str, str]:
    failed = outcomes[outcomes["status"] == "failed"]
    words = [
        error if pd.isna(cell) else f"{error} (cellule {cell})"
        for error, cell in zip(failed["error"], failed["cell"], strict=True)
    ]
    return dict(zip(failed["job"], words, strict=True))

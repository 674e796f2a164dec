"""The guide of indicators: one page per definition, for readers who know nothing of it."""

from caqes_analysis.guide.pages import book_pages, guide_pages
from caqes_analysis.guide.site import build_guide, guide_provenance
from caqes_analysis.guide.sources import GUIDE_PATH, GUIDE_TITLE, GuidePage, GuideSources, indicator_path

__all__ = [
    "GUIDE_PATH",
    "GUIDE_TITLE",
    "GuidePage",
    "GuideSources",
    "book_pages",
    "build_guide",
    "guide_pages",
    "guide_provenance",
    "indicator_path",
]

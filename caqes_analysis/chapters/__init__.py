"""What the pages of the report show: rows in, sentences, tables and figures out. One module per chapter."""

from caqes_analysis.chapters.contents import CHAPTERS, SHEET_NOTEBOOK, WORKSHOP_NOTEBOOKS, Chapter
from caqes_analysis.chapters.page import Page, open_page

__all__ = ["CHAPTERS", "SHEET_NOTEBOOK", "WORKSHOP_NOTEBOOKS", "Chapter", "Page", "open_page"]

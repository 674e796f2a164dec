"""The book: executed notebooks become a site that opens from a file share, in French, accessible, without a network."""

from caqes_analysis.book.compile import compile_book, read_problems
from caqes_analysis.book.model import Book, Page

__all__ = ["Book", "Page", "compile_book", "read_problems"]

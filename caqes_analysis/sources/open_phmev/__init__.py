"""Open PHMEV, the complete yearly base of drugs prescribed in hospital and dispensed in town.

The data goes through the modules in this order: ``layout`` (what a file must look like), ``separators`` and ``numbers``
(blocks of bytes, all lines at once), ``general`` (the lines that are not regular), ``cut`` (a block in three parts and
three numbers), ``known`` (the distinct products, patient classes and establishments of the file), ``rows``,
``findings``, ``scan`` (a whole file) and ``ingest``. Why so: ``docs/decisions/0014-reading-a-large-base.md``.
"""

from caqes_analysis.sources.open_phmev.ingest import ingest_open_phmev, read_open_phmev

__all__ = ["ingest_open_phmev", "read_open_phmev"]

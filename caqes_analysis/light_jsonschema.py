"""Import jsonschema without the grammars that it compiles to check internationalised addresses.

Every program that reads notebooks imports it. Compiling these 38 grammars takes ten times as long as all the rest
(1.8 s against 0.2 s of processor), and nothing in a notebook has such a format.
"""

from __future__ import annotations

import importlib
import sys

__all__ = ["import_jsonschema"]

_GRAMMARS = "rfc3987_syntax"


def import_jsonschema() -> None:
    """Import jsonschema without them, unless it is there already; whoever asks for them afterwards still gets them."""
    if "jsonschema" in sys.modules or _GRAMMARS in sys.modules:
        return
    sys.modules[_GRAMMARS] = None  # type: ignore[assignment]
    try:
        importlib.import_module("jsonschema")
    finally:
        del sys.modules[_GRAMMARS]

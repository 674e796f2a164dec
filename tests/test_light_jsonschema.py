"""jsonschema is imported without its grammars, and works as before."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import sys
from caqes_analysis.light_jsonschema import import_jsonschema
import_jsonschema()
assert "lark" not in sys.modules, "the grammars were compiled"
import jsonschema, nbformat, rfc3987_syntax
nbformat.validate(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1")]))
try:
    nbformat.validate({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [{"cell_type": "other"}]})
except nbformat.ValidationError:
    print("refused")
"""


def test_the_grammars_are_left_out_of_the_import_and_notebooks_are_still_validated() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["refused"]

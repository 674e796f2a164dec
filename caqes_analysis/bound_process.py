"""Run a program that ends with the one that started it, however that one ends.

``python -m caqes_analysis.bound_process PROGRAM ARGUMENT…``, its standard input being a pipe that the owner keeps open:
its closing, by the owner or by the owner's death, ends this process and all that it started. Otherwise what a killed
build had started would go on writing in the folder of the next one.
"""

from __future__ import annotations

import importlib
import os
import runpy
import signal
import sys
import threading

from caqes_analysis.light_jsonschema import import_jsonschema

__all__ = ["main"]

_ORPHANED = 1


def main(arguments: list[str]) -> None:
    """Run a program.

    Parameters
    ----------
    arguments
        Name of the program, then its arguments: a module, or ``module:function`` as entry points are written.
    """
    if os.name == "posix":
        os.setsid()
    threading.Thread(target=_watch, name="owner", daemon=True).start()
    import_jsonschema()
    sys.argv = arguments
    module, _, function = arguments[0].partition(":")
    if function:
        sys.exit(getattr(importlib.import_module(module), function)())
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def _watch() -> None:
    while os.read(0, 1):
        pass
    if os.name == "posix":
        os.killpg(0, signal.SIGKILL)
    os._exit(_ORPHANED)


if __name__ == "__main__":
    main(sys.argv[1:])

"""The two programs that make the pages: Jupyter Book writes the configuration, Sphinx builds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from caqes_analysis.errors import BuildError, Problem

__all__ = ["build_pages", "write_changed"]

# Our theme replaces the default one and all that it serves nobody: launch buttons, comments, copy buttons, Thebe.
_EXTENSIONS = ["myst_nb", "jupyter_book", "sphinx_external_toc", "caqes_analysis.book.extension"]
_SPHINX_OPTIONS: dict[str, Any] = {
    "extensions": _EXTENSIONS,
    "language": "fr",
    "html_theme": "caqes",
    "html_theme_options": {},
    "html_math_renderer": "mathml",
    "html_permalinks": False,
    "html_copy_source": False,
    "html_show_sourcelink": False,
    "html_show_search_summary": False,
    "html_use_index": False,
    "html_domain_indices": False,
    "html_last_updated_fmt": None,
    "highlight_language": "none",
    "pygments_style": "none",
    "numfig": False,
    "use_multitoc_numbering": False,
    "smartquotes": False,
    "myst_heading_anchors": 3,
    "myst_dmath_allow_labels": False,
    "myst_ref_domains": ["std"],  # links lead to pages: none is read as a declaration in C++
    "nb_merge_streams": True,
    "nb_mime_priority_overrides": [
        ["*", "application/vnd.caqes.display+json", 0],
        ["*", "application/vnd.caqes.book+json", 0],
    ],
    "caqes_book_manifest": "book.json",
    # Our own checks say these two of the built page, in French.
    "suppress_warnings": ["myst.xref_missing", "myst.header"],
}
_LAST_LINES_NB = 15


def write_changed(path: Path, content: bytes) -> bool:
    """Write a file only where its content differs, so that its date tells Sphinx what changed."""
    if path.is_file() and path.read_bytes() == content:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return True


def build_pages(
    work: Path, *, docs: Iterable[str], toc: Mapping[str, Any], state: str, jobs: int
) -> tuple[Path, list[str]]:
    """Build the pages from the sources that stand in ``work/source``.

    Parameters
    ----------
    work
        Folder of the build: sources, stored documents and pages stay there for the next one.
    docs
        Documents that must have been written.
    toc
        Content of ``_toc.yml``.
    state
        Hash of what every page shows of the others: where it changes, all pages are written again.
    jobs
        Processes that Sphinx may use.

    Returns
    -------
    Path, list of str
        Folder of the pages, and the warnings of Sphinx, one a line.

    Raises
    ------
    BuildError
        ``LIVRE_NON_COMPILE`` with the last lines of the program that failed.
    """
    source, pages = work / "source", work / "html"
    config = {
        "title": "rapport",
        "author": "",
        "copyright": "",
        "only_build_toc_files": True,
        "execute": {"execute_notebooks": "off", "stderr_output": "remove"},
        "parse": {"myst_enable_extensions": ["dollarmath", "colon_fence", "deflist"]},
        "latex": {"use_jupyterbook_latex": False},
        "sphinx": {"config": _SPHINX_OPTIONS},
    }
    # JSON is YAML: written by the standard library, with the same bytes everywhere.
    changed = write_changed(source / "_config.yml", _json(config))
    write_changed(source / "_toc.yml", _json(toc))
    if changed or not (source / "conf.py").is_file():
        before = (source / "conf.py").read_bytes() if (source / "conf.py").is_file() else b""
        _run(["jupyter_book.cli.main:main", "config", "sphinx", str(source)], work)
        _settle(source / "conf.py", before)
    warnings_file = work / "sphinx-warnings.txt"
    arguments = ["sphinx", "-b", "html", "-q", "-j", str(max(1, jobs)), "-d", str(work / "doctrees")]
    arguments += ["-D", f"caqes_book_state={state}"]  # not in the configuration: it would be written again each time
    output = _run([*arguments, "-w", str(warnings_file), str(source), str(pages)], work)
    absent = [doc for doc in docs if not (pages / f"{doc}.html").is_file()]
    if absent:
        # A writing process that dies is not always told by the exit code of Sphinx.
        (work / "doctrees" / "environment.pickle").unlink(missing_ok=True)
        raise _failed(f"{len(absent)} page(s) n'ont pas été écrites, dont « {absent[0]} ».\n{output}")
    text = warnings_file.read_text(encoding="utf-8") if warnings_file.is_file() else ""
    return pages, [line.replace(str(source), "").lstrip("/\\") for line in text.splitlines() if line.strip()]


def _settle(conf: Path, before: bytes) -> None:
    """Refuse a configuration that Jupyter Book did not write."""
    if not conf.is_file() or conf.read_bytes() == before == b"":
        raise BuildError.of(
            "LIVRE_NON_CONFIGURE",
            "Jupyter Book n'a pas écrit la configuration du livre.",
            "Réinstaller l'environnement (make report l'installe).",
            file=conf.name,
        )


def _json(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content, ensure_ascii=True, sort_keys=True, indent=1).encode("ascii")


def _run(arguments: list[str], work: Path) -> str:
    environment = os.environ | {"PYTHONHASHSEED": "0", "PYTHONIOENCODING": "utf-8", "NO_COLOR": "1"}
    environment.pop("PYTHONWARNINGS", None)
    with tempfile.TemporaryFile() as said:
        program = subprocess.Popen(
            [sys.executable, "-m", "caqes_analysis.bound_process", *arguments],
            cwd=work,
            env=environment,
            stdin=subprocess.PIPE,  # never written: its closing ends the program, should this process end first
            stdout=said,
            stderr=subprocess.STDOUT,
        )
        with program:
            status = program.wait()
        said.seek(0)
        output = "\n".join(said.read().decode("utf-8", "replace").strip().splitlines()[-_LAST_LINES_NB:])
    if status:
        raise _failed(output)
    return output


def _failed(output: str) -> BuildError:
    return BuildError(
        Problem(
            "LIVRE_NON_COMPILE",
            f"La compilation du livre s'est arrêtée :\n{output}",
            "Relancer avec un dossier de travail vide ; si l'erreur revient, la signaler avec ces lignes.",
        )
    )

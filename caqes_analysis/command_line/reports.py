"""What a command found, laid out for a terminal: problems by file, findings by severity, the end of a build."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from rich import box
from rich.table import Table
from rich.text import Text

from caqes_analysis import french
from caqes_analysis.command_line.text import ERR, OUT, as_is, duration, numbered, plain, typeset
from caqes_analysis.errors import Problem

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "ReceivedFile",
    "print_built",
    "print_failures",
    "print_findings",
    "print_page_problems",
    "print_problems",
    "print_site",
    "print_suggestions",
    "print_undeclared",
    "print_unforked",
    "print_warnings",
]

_STATUSES: Final = (("done", "faits", ""), ("reused", "repris sans changement", ""), ("failed", "échoués", "bold red"))
_SEVERITIES: Final = (
    ("error", "Erreurs : des chiffres sont faux tant qu'elles ne sont pas réglées", "bold red"),
    ("warning", "À vérifier", "bold yellow"),
    ("information", "Pour information", "bold"),
)
_MOST_FILES_NAMED: Final = 6
"""Definitions named under one warning: the fifty of the package would bury the region's own."""
_TARGETS: Final = "OBJECTIF_SANS_LECTEUR"
"""Code of a warning about the targets, each of which is named: the guide of the indicators shows none of them."""


@dataclass(frozen=True)
class ReceivedFile:
    """A file as it was received, for the lines that the campaign could name.

    Parameters
    ----------
    path
        The file.
    sha256
        Its SHA-256, or None when the campaign already names it.
    controls
        Key and value of each control total that it has and that the campaign does not name.
    """

    path: Path
    sha256: str | None
    controls: tuple[tuple[str, str], ...]


def print_problems(problems: Iterable[Problem], *, wrong_input: bool = True) -> None:
    """Print all problems, numbered and grouped by file.

    Parameters
    ----------
    problems
        The problems; within a file their order is kept.
    wrong_input
        True when the campaign or its inputs are wrong; False when they are right and the work failed.
    """
    listed = list(problems)
    number = 1
    for file in dict.fromkeys(problem.file for problem in listed):
        inside = [problem for problem in listed if problem.file == file]
        if file:
            as_is(ERR, file)
        ERR.print(numbered(map(_paragraphs, inside), start=number))
        number += len(inside)
    ending = "rien n'a été écrit" if wrong_input else "le rapport précédent, s'il existe, est inchangé"
    ERR.print(typeset(Text(f"{french.plural(len(listed), 'problème')} : {ending}.", "bold red")))


def _paragraphs(problem: Problem) -> tuple[Text | str, ...]:
    place = problem.at(file=None).place
    times = f" ({problem.count} fois, ici la première)" if problem.count > 1 else ""
    what = Text(plain(problem.what[:1].upper() + problem.what[1:] + times), "bold")
    return place, what, f"→ {problem.remedy} [{problem.code}]"


def print_findings(findings: pd.DataFrame) -> None:
    """Print what the readers noticed and accepted, the most serious first, readable in 80 columns.

    Parameters
    ----------
    findings
        Rows of the table ``findings``.
    """
    for severity, title, style in _SEVERITIES:
        rows = findings[findings["severity"] == severity]
        if len(rows):
            OUT.print(Text(f"{title} ({len(rows)})", style))
            # What is said of several files is said once.
            alike = rows.groupby(["code", "remedy"], sort=False)
            items = ((same.iloc[0]["code"], same.iloc[0]["remedy"], _places(same)) for _, same in alike)
            OUT.print(numbered((Text(code, "bold"), remedy, places) for code, remedy, places in items))
            OUT.print()


def _places(rows: pd.DataFrame) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0), style="dim")
    table.add_column(justify="right", no_wrap=True)
    table.add_column(overflow="fold", ratio=3)
    table.add_column(overflow="fold", ratio=2)
    for row in rows.to_dict("records"):
        lines = french.plural(row["count"], "fois", "fois")
        table.add_row(lines, plain(f"{row['place']} – {row['delivery']}"), plain(f"ex. {row['example']}"))
    return table


def print_warnings(warnings: Sequence[Problem]) -> None:
    """Print what deserves attention in the parameters and stops nothing; what is said of several places, once.

    Parameters
    ----------
    warnings
        The warnings; their order is kept.
    """
    if not warnings:
        return
    alike: dict[tuple[str, str, str], list[str]] = {}
    for one in warnings:
        place = one.at(column=None).place
        alike.setdefault((one.code, one.what, one.remedy), []).append(place)
    OUT.print(Text(f"À relire ou à compléter dans les paramètres ({len(warnings)})", "bold yellow"))
    OUT.print(
        numbered(
            (
                Text(plain(what[:1].upper() + what[1:]), "bold"),
                " ; ".join(places) if code == _TARGETS else _named(places),
                f"→ {remedy} [{code}]",
            )
            for (code, what, remedy), places in alike.items()
        )
    )
    OUT.print()


def _named(places: Sequence[str]) -> str:
    shown = " ; ".join(places[:_MOST_FILES_NAMED])
    others = len(places) - _MOST_FILES_NAMED
    if others <= 0:
        return shown
    more = french.plural(others, "autre", "autres")
    return f"{shown} et {more}, que le guide des indicateurs montre."


def print_suggestions(files: Sequence[ReceivedFile], others: Sequence[tuple[str, str]], campaign: str) -> None:
    """Print the lines by which a campaign would refuse any other file, ready to be copied.

    Parameters
    ----------
    files
        The files as received.
    others
        Path and SHA-256 of the region's files that are no source.
    campaign
        Name of the campaign file.
    """
    lacking = [file for file in files if file.sha256 or file.controls]
    if lacking:
        OUT.print(typeset(Text("Pour que tout autre fichier soit refusé, recopier sous chaque « path » :", "bold")))
    for file in lacking:
        as_is(OUT, f"  {file.path.name}")
        if file.sha256:
            as_is(OUT, f"      sha256: {file.sha256}")
        for key, value in file.controls:
            as_is(OUT, f'      {key}: "{value}"')
    if others:
        OUT.print(typeset(Text("De même pour les listes, règles et registres, à la fin de la campagne :", "bold")))
        as_is(OUT, "fingerprints:")
        for path, sha256 in others:
            as_is(OUT, f'  - path: "{path}"')
            as_is(OUT, f"    sha256: {sha256}")
    if any(file.controls for file in lacking):
        note = (
            "Les lignes « control » disent ce qui a été lu (sommes des montants, des bases, des tarifs, des "
            "nombres, nombre de lignes) : ne les recopier que si l'expéditeur annonce la même chose. "
            f"Ces lignes sont facultatives ; {plain(campaign)} fonctionne sans elles."
        )
        OUT.print(typeset(note))


def print_built(notebooks: pd.DataFrame, *, elapsed_s: float) -> None:
    """Print how many notebooks were done, reused and failed, and how long they took.

    Parameters
    ----------
    notebooks
        Rows of :func:`caqes_analysis.batch.run_notebooks`.
    elapsed_s
        Duration of the whole build.
    """
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 2, 0, 0))
    table.add_column("Carnets")
    for title in ("Nombre", "Temps de calcul", "Le plus long"):
        table.add_column(title, justify="right")
    for status, label, style in _STATUSES:
        times = notebooks.loc[notebooks["status"] == status, "duration_s"]
        spent = (duration(times.sum()), duration(times.max())) if len(times) else ("–", "–")
        table.add_row(label, french.number(len(times)), *spent, style=style if len(times) else None)
    OUT.print(table)
    OUT.print(f"Construction terminée en {duration(elapsed_s)}.")


def print_failures(failed: Sequence[dict[str, Any]]) -> None:
    """Print every notebook that failed, with the command that reopens it.

    Parameters
    ----------
    failed
        One mapping per notebook: ``title, job, notebook, cell, error, command``.
    """
    if not failed:
        return
    count = french.plural(len(failed), "carnet en échec", "carnets en échec")
    ERR.print(typeset(Text(f"{count} ; leurs pages le disent, le reste du rapport est construit :", "bold red")))
    for number, row in enumerate(failed, 1):
        cell = f", cellule {row['cell']}" if str(row["cell"]).isdecimal() else ""  # a missing one is NaN or NA
        head = Text(plain(f"{row['title']} ({row['job']}), carnet {row['notebook']}{cell}"), "bold")
        ERR.print(numbered([(head, str(row["error"]), "Le rouvrir dans JupyterLab :")], start=number))
        as_is(ERR, f"     {row['command']}")


def print_undeclared(notebooks: pd.DataFrame) -> None:
    """Print the notebooks that wrote files beside those that they declare.

    Parameters
    ----------
    notebooks
        Rows of :func:`caqes_analysis.batch.run_notebooks`, with ``title`` and ``notebook``.
    """
    rows = notebooks[notebooks["undeclared"].map(len) > 0].to_dict("records")
    if not rows:
        return
    count = french.plural(len(rows), "carnet écrit", "carnets écrivent")
    ERR.print(typeset(Text(f"{count} ailleurs que là où il est déclaré :", "bold yellow")))
    for number, row in enumerate(rows, 1):
        head = Text(plain(f"{row['title']} ({row['job']}), carnet {row['notebook']}"), "bold")
        ERR.print(numbered([(head, *(plain(path) for path in row["undeclared"]))], start=number))
    remedy = "Ces fichiers ne font pas partie du rapport, et ces carnets sont exécutés à chaque construction."
    ERR.print(typeset(f"→ {remedy} Écrire par page.save, ou dans un dossier temporaire."))


def print_page_problems(problems: Sequence[Problem]) -> None:
    """Print what the check of the built pages found."""
    if problems:
        ERR.print(Text(f"{french.plural(len(problems), 'défaut')} dans les pages :", "bold red"))
        ERR.print(numbered((problem.place, *_paragraphs(problem)[1:]) for problem in problems))


def print_site(index: Path, manifest: Path | None = None) -> None:
    """Say where the report is and, when it was built, under which name its run is kept."""
    if manifest is not None:
        OUT.print(typeset(Text(f"Exécution {manifest.parent.name}, racontée dans :")))
        as_is(OUT, manifest)
    OUT.print("Rapport, à ouvrir dans un navigateur :")
    as_is(OUT, index)


def print_unforked(notebooks: pd.DataFrame) -> None:
    """Print why kernels were ordinary ones, each two seconds slower, though forked ones were wanted.

    Parameters
    ----------
    notebooks
        Rows of :func:`caqes_analysis.batch.run_notebooks`.
    """
    reasons = notebooks["not_forked"].dropna()
    if reasons.empty:
        return
    count = french.plural(len(reasons), "carnet a eu un noyau ordinaire", "carnets ont eu un noyau ordinaire")
    each = " chacun" if len(reasons) > 1 else ""
    slower = f"les résultats sont les mêmes, en deux secondes de plus{each}"
    ERR.print(typeset(Text(f"{count} : {slower}.", "bold yellow")))
    for reason, repeated in reasons.value_counts().items():
        ERR.print(typeset(f"→ {repeated} fois : « {plain(str(reason))} »"))

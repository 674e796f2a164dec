"""Files of targets and benchmarks: the national one, those of a region; every problem said with its place."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

import pandas as pd

from caqes_analysis import tables
from caqes_analysis.errors import CampaignError, Problem, SourceError
from caqes_analysis.sources.encoding import decode
from caqes_analysis.system_reasons import system_reason

__all__ = ["read_targets", "unit_of_measure"]

_UNITS = {"_pct": "%", "_eur": "€"}
_NUMBER = re.compile(r"^[+-]?[0-9]+([.,][0-9]+)?$")
_IDENTIFIER = re.compile(r"^[a-z][a-z0-9_]*$", re.ASCII)
_EARLIER = "before-2018"
_YEAR = re.compile(r"^20[0-9][0-9]$")
_NBSP = "\N{NO-BREAK SPACE}"


def read_targets(paths: Sequence[Path], *, schemes: Collection[str] | None = None) -> pd.DataFrame:
    """Return the targets of several files as the tidy table ``targets``.

    Parameters
    ----------
    paths
        Files with ``;`` between the columns of the table ``targets``, in UTF-8, decimals with a comma or a point.
        A row of a later file (a region's) takes the place of the earlier row of the same scheme, subject, measure,
        data year and FINESS.
    schemes
        Schemes known besides what preceded them (``before-2018``): a target of another would never be met. By default
        any is taken.

    Returns
    -------
    DataFrame
        Rows that satisfy ``tables.TARGETS``, sorted by key.

    Raises
    ------
    CampaignError
        All the problems of all the files, each with file, line, column and value.
    """
    problems: list[Problem] = []
    merged: dict[tuple[str, ...], dict[str, object]] = {}
    for path in paths:
        own: dict[tuple[str, ...], int] = {}
        for line, row in _rows(Path(path), problems):
            key = tuple(row[name] for name in tables.TARGETS.key)
            if key in own:
                problems.append(
                    Problem(
                        "OBJECTIF_DOUBLE",
                        f"cet objectif est déjà donné à la ligne {own[key]} ({', '.join(key)}).",
                        "Garder une seule des deux lignes.",
                        str(path),
                        line,
                    )
                )
                continue
            own[key] = line
            found = _row_problems(str(path), line, row, schemes)
            problems.extend(found)
            if not found:
                value = row["value"]
                merged[key] = {**row, "value": float(value.replace(",", ".")) if value else None}
    if problems:
        raise CampaignError(problems)
    frame = pd.DataFrame([merged[key] for key in sorted(merged)], columns=tables.TARGETS.column_names)
    return tables.TARGETS.validate(tables.TARGETS.conform(frame.astype({"data_year": "int64"})))


def _rows(path: Path, problems: list[Problem]) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield line number and cells of each row; what makes the file unreadable goes to ``problems``."""
    try:
        text, _ = decode(path.read_bytes(), str(path))
    except OSError as failure:
        problems.append(
            Problem(
                "FICHIER_ABSENT",
                f"ce fichier d'objectifs ne peut pas être lu : {system_reason(failure) or failure}.",
                "Vérifier le chemin écrit dans la campagne (targets).",
                str(path),
            )
        )
        return
    except SourceError as failure:
        problems.extend(failure.problems)
        return
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=";")
    expected = tables.TARGETS.column_names
    try:
        header = [name.strip() for name in next(reader, [])]
        lines = [(reader.line_num, [cell.strip() for cell in cells]) for cells in reader]
    except csv.Error as failure:
        problems.append(
            Problem(
                "CSV_ILLISIBLE",
                f"cette ligne n'est pas du CSV ({failure}).",
                "Chercher un guillemet ouvert et jamais fermé.",
                str(path),
                reader.line_num,
            )
        )
        return
    if header != expected:
        problems.append(
            Problem(
                "ENTETE",
                "la première ligne n'est pas celle d'un fichier d'objectifs.",
                f"Écrire exactement, séparés par des points-virgules{_NBSP}: {';'.join(expected)}",
                str(path),
                1,
                value=";".join(header)[:80],
            )
        )
        return
    for line, cells in lines:
        if not any(cells):
            continue
        if len(cells) != len(expected):
            problems.append(
                Problem(
                    "NOMBRE_DE_COLONNES",
                    f"cette ligne a {len(cells)} colonnes, {len(expected)} sont attendues.",
                    "Compléter la ligne, ou mettre entre guillemets une source qui contient un point-virgule.",
                    str(path),
                    line,
                )
            )
            continue
        yield line, dict(zip(expected, cells, strict=True))


def unit_of_measure(measure: str) -> str | None:
    """Return the unit that the name of a measure says, None when it says none.

    Examples
    --------
    >>> unit_of_measure("evolution_pct"), unit_of_measure("boxes_nb")
    ('%', None)
    """
    return next((unit for suffix, unit in _UNITS.items() if measure.endswith(suffix)), None)


def _row_problems(file: str, line: int, row: Mapping[str, str], schemes: Collection[str] | None) -> list[Problem]:
    found: list[Problem] = []

    def refuse(column: str, code: str, what: str, remedy: str) -> None:
        found.append(Problem(code, what, remedy, file, line, column, row[column]))

    for column in ("scheme", "subject", "measure", "source"):
        if not row[column]:
            refuse(column, "CELLULE_VIDE", "cette cellule est obligatoire.", "La remplir.")
    if schemes is not None and row["scheme"] and row["scheme"] not in {*schemes, _EARLIER}:
        known = ", ".join(sorted({*schemes, _EARLIER}))
        refuse(
            "scheme", "DISPOSITIF_INCONNU", "ce dispositif n'existe pas.", f"Employer l'un de ceux-ci{_NBSP}: {known}."
        )
    for column in ("subject", "measure"):
        if row[column] and not _IDENTIFIER.match(row[column]):
            refuse(
                column,
                "IDENTIFIANT_INVALIDE",
                "ce n'est pas un identifiant.",
                "Écrire des minuscules sans accent, _ et chiffres.",
            )
    if unit_of_measure(row["subject"]) and not unit_of_measure(row["measure"]):
        refuse(
            "subject", "COLONNES_ECHANGEES", "une mesure est à la place du sujet.", "Remettre chaque valeur à sa place."
        )
    if not _YEAR.match(row["data_year"]):
        refuse("data_year", "ANNEE_ILLISIBLE", "ce n'est pas une année.", "Écrire celle des données, par exemple 2024.")
    if row["finess"] != "all" and not re.match(tables.FINESS_PATTERN, row["finess"]):
        refuse("finess", "FINESS_ILLISIBLE", "ce n'est pas un FINESS.", "Écrire 9 caractères, ou all pour tous.")
    if row["value"] and not _NUMBER.match(row["value"]):
        refuse("value", "NOMBRE_ILLISIBLE", "ce n'est pas un nombre.", "Écrire 3,2 ou 500000, sans espace ni unité.")
    unit = unit_of_measure(row["measure"])
    if unit and row["unit_label"] != unit:
        refuse("unit_label", "UNITE", f"la mesure {row['measure']} se donne en {unit}.", f"Écrire {unit}.")
    if row["status"] not in tables.TARGET_STATUSES:
        known = ", ".join(tables.TARGET_STATUSES)
        refuse("status", "STATUT_INCONNU", "ce statut n'existe pas.", f"Employer l'un de ceux-ci{_NBSP}: {known}.")
    elif not row["value"] and row["status"] in ("to_confirm", "regional"):
        refuse("value", "VALEUR_ABSENTE", f"un objectif {row['status']} a une valeur.", "La donner, ou écrire unknown.")
    elif row["value"] and row["status"] == "unknown":
        refuse("status", "STATUT_INCOMPATIBLE", "une valeur inconnue reste vide.", "Vider la valeur ou dire sa source.")
    return found

"""Targets and benchmarks: read from files, looked up by subject or by envelope, and how they are printed."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

import pandas as pd

from caqes_analysis import french, tables
from caqes_analysis.errors import CampaignError, Problem
from caqes_analysis.system_reasons import system_reason

__all__ = [
    "ENVELOPE_SUBJECTS",
    "SUBJECT_LABELS",
    "Target",
    "TargetStatus",
    "read_targets",
    "subjects_of_envelope",
    "target_for",
    "target_for_envelope",
]

TargetStatus = Literal["verified", "to_confirm", "regional", "unknown"]

SUBJECT_LABELS: Mapping[str, str] = {
    "phev": "PHEV (médicaments et LPP)",
    "phev_drugs": "PHEV, médicaments",
    "phev_lpp": "PHEV, LPP",
    "extra_list_drugs": "liste en sus, médicaments",
    "extra_list_devices": "liste en sus, dispositifs médicaux",
    "transports": "transports",
    "repertoire_share": "part répertoire",
    "phev_ipp": "PHEV, inhibiteurs de la pompe à protons",
    "phev_perfadom": "PHEV, perfusion à domicile (PERFADOM)",
    "phev_ezetimibe": "PHEV, ézétimibe et associations",
    "phev_pansements": "PHEV, pansements",
    "transport_ambulance_share": "part de l'ambulance dans les transports",
    "preanaesthetic_exams": "examens pré-anesthésiques",
    "heart_failure_readmissions": "réhospitalisations après décompensation cardiaque",
}
"""Names printed for the subjects of the shipped targets; a region's own subject prints as it is written."""

ENVELOPE_SUBJECTS: Mapping[str, tuple[str, ...]] = {
    # PHMEV is the drugs of PHEV. Before 2019 the national rate was published for PHEV as a whole, and the regions
    # compared PHMEV with it: the wider subject comes last, and its perimeter is then printed.
    "phmev": ("phev_drugs", "phev"),
    "extra_list_drugs": ("extra_list_drugs",),
    "extra_list_devices": ("extra_list_devices",),
    "lpp": ("phev_lpp",),
    "perfadom": ("phev_perfadom",),
}
"""Subjects with which an envelope is compared, best first. The national transport rate is about all modes together:
no single mode is compared with it."""

_SAME_PERIMETER = {("phmev", "phev_drugs"), ("lpp", "phev_lpp"), ("perfadom", "phev_perfadom")}
_UNITS = {"_pct": "%", "_eur": "€"}
_NUMBER = re.compile(r"^[+-]?\d+([.,]\d+)?$")
_YEAR = re.compile(r"^20\d\d$")
_NBSP = "\N{NO-BREAK SPACE}"


@dataclass(frozen=True)
class Target:
    """What a measure is compared with, and how that is printed.

    Parameters
    ----------
    subject
        Subject of the target (``phev_drugs``, an indicator's id).
    measure
        What is measured (``evolution_pct``).
    data_year
        Year of the data, not of the campaign.
    value
        The target in its unit, or None when there is none or nobody knows it.
    unit_label
        Unit as printed (``%``).
    source
        Text or decision the value comes from.
    status
        ``verified``, ``to_confirm``, ``regional`` or ``unknown``.
    observed
        Envelope compared with the target, when its perimeter is not the target's.

    Examples
    --------
    >>> Target("phev", "evolution_pct", 2017, 4.0, "%", "arrêté du 30/12/2016", "verified").label
    'objectif 4\\xa0% (arrêté du 30/12/2016)'
    """

    subject: str
    measure: str
    data_year: int
    value: float | None
    unit_label: str
    source: str
    status: TargetStatus
    observed: str | None = None

    @property
    def is_contractual(self) -> bool:
        """True when a contract is judged on it: it has a value, and the region did not set it."""
        return self.value is not None and self.status in ("verified", "to_confirm")

    @property
    def noun(self) -> str:
        """What to call it in a sentence: an objective binds by contract, a regional benchmark does not."""
        return "repère régional" if self.status == "regional" else "objectif"

    @property
    def short_label(self) -> str:
        """How the target is named in the cell of a table (« repère régional 4 % »)."""
        return f"{self.noun} {self.value_label}" if self.value is not None else "non renseigné"

    @property
    def subject_label(self) -> str:
        """Name of the subject in words."""
        return SUBJECT_LABELS.get(self.subject, self.subject)

    @property
    def value_label(self) -> str:
        """The value with its unit, in French (``-5`` prints with a true minus); empty when there is none."""
        if self.value is None:
            return ""
        # As many decimals as the text that fixes the value has: 3,2 %, but 4 %.
        decimals = next(n for n in (0, 1, 2) if n == 2 or round(self.value, n) == round(self.value, 2))
        return f"{french.number(self.value, decimals)}{_NBSP}{self.unit_label}"

    @property
    def label(self) -> str:
        """How the target is named beside a figure."""
        if self.value is None:
            return f"objectif non renseigné ({self.source})" if self.status == "verified" else "objectif non renseigné"
        if self.status == "regional":
            return f"repère régional, sans valeur contractuelle{_NBSP}: {self.value_label}"
        doubt = f"à confirmer{_NBSP}: " if self.status == "to_confirm" else ""
        return f"objectif {self.value_label} ({doubt}{self.source})"

    @property
    def perimeter_label(self) -> str:
        """What the target covers and what is compared with it; empty when both have the same perimeter."""
        if self.observed is None:
            return ""
        return f"objectif fixé pour {self.subject_label}, dépense observée{_NBSP}: {self.observed}"


def read_targets(paths: Sequence[Path]) -> pd.DataFrame:
    """Return the targets of several files as the tidy table ``targets``.

    Parameters
    ----------
    paths
        Files with ``;`` between the columns of the table ``targets``, in UTF-8, decimals with a comma or a point.
        A row of a later file (a region's) takes the place of the earlier row of the same scheme, subject, measure,
        data year and FINESS.

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
            found = _row_problems(str(path), line, row)
            problems.extend(found)
            if not found:
                value = row["value"]
                merged[key] = {**row, "value": float(value.replace(",", ".")) if value else None}
    if problems:
        raise CampaignError(problems)
    frame = pd.DataFrame([merged[key] for key in sorted(merged)], columns=tables.TARGETS.column_names)
    return tables.TARGETS.validate(tables.TARGETS.conform(frame.astype({"data_year": "int64"})))


def subjects_of_envelope(envelope: str) -> tuple[str, ...]:
    """Return the subjects with which an envelope is compared, best first.

    Parameters
    ----------
    envelope
        Code of the envelope. Its own code comes first, so that a region may set a benchmark by that name.

    Examples
    --------
    >>> subjects_of_envelope("phmev")
    ('phmev', 'phev_drugs', 'phev')
    """
    return tuple(dict.fromkeys((envelope, *ENVELOPE_SUBJECTS.get(envelope, ()))))


def target_for(
    targets: pd.DataFrame, *, scheme: str, subject: str, measure: str, data_year: int, finess: str = "all"
) -> Target:
    """Return the target of a subject, with an empty value when there is none.

    Parameters
    ----------
    targets
        Table ``targets`` (see :func:`read_targets`).
    scheme, subject, measure, data_year
        What is compared; ``data_year`` is the year of the data (domain rule: data year Y against Y-1 meets the
        target of Y).
    finess
        Establishment. Its own target comes first, then the one of all.
    """
    rows = targets[
        (targets["scheme"] == scheme)
        & (targets["subject"] == subject)
        & (targets["measure"] == measure)
        & (targets["data_year"] == data_year)
    ]
    for who in (finess, "all"):
        own = rows[rows["finess"] == who]
        if len(own):
            row = own.iloc[0]
            return Target(
                subject=subject,
                measure=measure,
                data_year=data_year,
                value=None if pd.isna(row["value"]) else float(row["value"]),
                unit_label="" if pd.isna(row["unit_label"]) else str(row["unit_label"]),
                source=str(row["source"]),
                status=cast(TargetStatus, str(row["status"])),
            )
    return Target(subject, measure, data_year, None, _unit(measure) or "", "aucune ligne", "unknown")


def target_for_envelope(
    targets: pd.DataFrame,
    *,
    scheme: str,
    envelope: str,
    data_year: int,
    measure: str = "evolution_pct",
    finess: str = "all",
) -> Target:
    """Return what an envelope is compared with: a contractual target first, else the region's benchmark, else none.

    Parameters
    ----------
    targets, scheme, data_year, measure, finess
        As for :func:`target_for`.
    envelope
        Code of the envelope (``phmev``); :func:`subjects_of_envelope` says which subjects are tried.

    Returns
    -------
    Target
        With ``observed`` set when the target's perimeter is wider than the envelope (PHMEV against a PHEV rate).
    """
    found = [
        target_for(targets, scheme=scheme, subject=subject, measure=measure, data_year=data_year, finess=finess)
        for subject in subjects_of_envelope(envelope)
    ]
    contractual = [target for target in found if target.is_contractual]
    valued = [target for target in found if target.value is not None]
    explained = [target for target in found if target.status == "verified"]
    best = (contractual or valued or explained or found)[0]
    if best.value is None or best.subject == envelope or (envelope, best.subject) in _SAME_PERIMETER:
        return best
    return Target(**{**vars(best), "observed": envelope.upper()})


def _rows(path: Path, problems: list[Problem]) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield line number and cells of each row; what makes the file unreadable goes to ``problems``."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
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
    except UnicodeDecodeError as failure:
        problems.append(
            Problem(
                "ENCODAGE",
                f"ce fichier n'est pas en UTF-8 (octet {failure.start + 1}).",
                "L'enregistrer de nouveau au format « CSV UTF-8 ».",
                str(path),
                failure.object[: failure.start].count(b"\n") + 1,
            )
        )
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


def _unit(measure: str) -> str | None:
    return next((unit for suffix, unit in _UNITS.items() if measure.endswith(suffix)), None)


def _row_problems(file: str, line: int, row: Mapping[str, str]) -> list[Problem]:
    found: list[Problem] = []

    def refuse(column: str, code: str, what: str, remedy: str) -> None:
        found.append(Problem(code, what, remedy, file, line, column, row[column]))

    for column in ("scheme", "subject", "measure", "source"):
        if not row[column]:
            refuse(column, "CELLULE_VIDE", "cette cellule est obligatoire.", "La remplir.")
    if not _YEAR.match(row["data_year"]):
        refuse("data_year", "ANNEE_ILLISIBLE", "ce n'est pas une année.", "Écrire celle des données, par exemple 2024.")
    if row["finess"] != "all" and not re.match(tables.FINESS_PATTERN, row["finess"]):
        refuse("finess", "FINESS_ILLISIBLE", "ce n'est pas un FINESS.", "Écrire 9 caractères, ou all pour tous.")
    if row["value"] and not _NUMBER.match(row["value"]):
        refuse("value", "NOMBRE_ILLISIBLE", "ce n'est pas un nombre.", "Écrire 3,2 ou 500000, sans espace ni unité.")
    unit = _unit(row["measure"])
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

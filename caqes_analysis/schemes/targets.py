"""Targets and benchmarks: read from files, looked up by subject or by envelope, and how they are printed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Literal, cast

import pandas as pd

from caqes_analysis import french
from caqes_analysis.envelopes import ENVELOPES
from caqes_analysis.schemes.target_files import unit_of_measure

__all__ = [
    "ENVELOPE_SUBJECTS",
    "SPENDING_THRESHOLD",
    "SUBJECT_LABELS",
    "TARGET_STATUS_WORDS",
    "Target",
    "TargetStatus",
    "bears_on_envelope",
    "last_known_words",
    "printed_status",
    "subjects_of_envelope",
    "target_for",
    "target_for_envelope",
]

SPENDING_THRESHOLD = "spending_threshold_eur"
"""Measure of the amounts that texts give beside a rate (parameters/targets.csv)."""

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

TARGET_STATUS_WORDS: Mapping[str, str] = {
    "verified": "texte officiel vérifié",
    "to_confirm": "à confirmer",
    "regional": "objectif fixé par la région",
    "benchmark": "repère régional, sans valeur contractuelle",
    "unknown": "inconnu",
}
"""How sure a target is, in words, by :func:`printed_status`."""

_OF_ENVELOPES = frozenset({*(one.code for one in ENVELOPES), "phev", "phev_drugs", "phev_lpp", "transports"})
_SAME_PERIMETER = {("phmev", "phev_drugs"), ("lpp", "phev_lpp"), ("perfadom", "phev_perfadom")}
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
    is_of_envelope
        Whether it was found under the envelope's own code: that of one that the region added is in no list.

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
    is_of_envelope: bool = False

    @property
    def is_benchmark(self) -> bool:
        """True when the region set it for an envelope; what it sets for an indicator is an objective."""
        return self.status == "regional" and (self.is_of_envelope or bears_on_envelope(self.subject))

    @property
    def is_contractual(self) -> bool:
        """True when a contract is judged on it: it has a value, and is no benchmark."""
        return self.value is not None and not self.is_benchmark

    @property
    def noun(self) -> str:
        """What to call it in a sentence: an objective binds by contract, a regional benchmark does not."""
        return "repère régional" if self.is_benchmark else "objectif"

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
        return f"{self.short_label}{self.origin_label}"

    @property
    def origin_label(self) -> str:
        """Where the value comes from, as it follows its name: « (arrêté du 12/12/2018) » after a space."""
        if self.is_benchmark:
            return ", sans valeur contractuelle"
        if self.status == "regional":
            return f" ({self.source}, fixé par la région)"
        doubt = f"à confirmer{_NBSP}: " if self.status == "to_confirm" else ""
        return f" ({doubt}{self.source})"

    @property
    def perimeter_label(self) -> str:
        """What the target covers and what is compared with it; empty when both have the same perimeter."""
        if self.observed is None:
            return ""
        return f"objectif fixé pour {self.subject_label}, dépense observée{_NBSP}: {self.observed}"


def bears_on_envelope(subject: str, envelopes: Collection[str] = ()) -> bool:
    """Say whether a target bears on an envelope of spending, or on several together, and not on an indicator.

    Parameters
    ----------
    subject
        Subject of the target.
    envelopes
        Codes of envelopes beside those of the package: a region's own. One that has the name of an indicator of the
        package stands for it.

    Examples
    --------
    >>> [bears_on_envelope(subject, ["biologie"]) for subject in ("phev", "phev_pansements", "biologie")]
    [True, False, True]
    """
    return subject in _OF_ENVELOPES or (subject in envelopes and subject not in SUBJECT_LABELS)


def printed_status(subject: str, status: str, envelopes: Collection[str] = ()) -> str:
    """Return the key of :data:`TARGET_STATUS_WORDS` of a row of ``targets``.

    Parameters
    ----------
    subject, status
        Of the row.
    envelopes
        As for :func:`bears_on_envelope`.
    """
    return "benchmark" if status == "regional" and bears_on_envelope(subject, envelopes) else status


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
    keys = [targets[name].tolist() for name in ("scheme", "subject", "measure", "data_year", "finess")]
    places = {key: place for place, key in reversed(list(enumerate(zip(*keys, strict=True))))}
    for who in (finess, "all"):
        place = places.get((scheme, subject, measure, data_year, who))
        if place is not None:
            row = targets.iloc[place]
            return Target(
                subject=subject,
                measure=measure,
                data_year=data_year,
                value=None if pd.isna(row["value"]) else float(row["value"]),
                unit_label="" if pd.isna(row["unit_label"]) else str(row["unit_label"]),
                source=str(row["source"]),
                status=cast(TargetStatus, str(row["status"])),
            )
    return Target(subject, measure, data_year, None, unit_of_measure(measure) or "", "aucune ligne", "unknown")


def last_known_words(targets: pd.DataFrame, target: Target) -> str:
    """Return the last known objective before the year of one that nobody has given; empty when there is none.

    Parameters
    ----------
    targets
        Table ``targets``.
    target
        What was found for the year: nothing is added to a value, nor to a text that says that there is none.

    Returns
    -------
    str
        French, to write after the label of the target. An older objective judges no other year.
    """
    if target.value is not None or target.status == "verified":
        return ""
    rows = targets[
        (targets["subject"] == target.subject)
        & (targets["measure"] == target.measure)
        & (targets["finess"] == "all")
        & (targets["data_year"] < target.data_year)
        & targets["value"].notna()
    ]
    if rows.empty:
        return ""
    last = rows.sort_values(["data_year", "scheme"]).iloc[-1]
    year, scheme = int(last["data_year"]), str(last["scheme"])
    found = target_for(targets, scheme=scheme, subject=target.subject, measure=target.measure, data_year=year)
    return f" pour {target.data_year} ; dernier connu, celui de {year}, sans effet ici{_NBSP}: {found.label}"


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
    best = replace(best, is_of_envelope=best.subject == envelope and bears_on_envelope(envelope, [envelope]))
    if best.value is None or best.subject == envelope or (envelope, best.subject) in _SAME_PERIMETER:
        return best
    return replace(best, observed=envelope.upper())

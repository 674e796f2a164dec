"""What the activity of an establishment is counted in: a closed list of codes, and the names that pages print."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from difflib import get_close_matches

from caqes_analysis.errors import CaqesError

__all__ = ["ACTIVITIES", "DECLARED_PREFIX", "TRIPS_OF_ANY_MODE", "Activity", "activity_label", "activity_named"]

DECLARED_PREFIX = "declared_"
"""Beginning of the codes of declared indicators: their list is the form's, not this module's."""


@dataclass(frozen=True)
class Activity:
    """One thing that is counted.

    Parameters
    ----------
    code
        Code in the table ``activity`` (``external_consultations``).
    label
        Name printed in titles.
    unit
        Plural noun that follows the number.
    received_as
        Other words that files use for it, plain: lower case, no accent, ``_`` between words.
    """

    code: str
    label: str
    unit: str
    received_as: tuple[str, ...] = ()


_MODES = {"ambulance": "ambulance", "taxi": "taxi conventionné", "vsl": "véhicule sanitaire léger (VSL)"}
_OCCASIONS = {
    "stays": ("pour un séjour", "sejours"),
    "sessions": ("pour une séance", "seances"),
    "consultations": ("pour une consultation externe", "consultations"),
}


def _trips() -> tuple[Activity, ...]:
    every = [
        Activity(f"trips_{mode}", f"Trajets en {name}", "trajets", (f"trajets_{mode}", f"transports_{mode}"))
        for mode, name in _MODES.items()
    ]
    every += [
        Activity(f"trips_{mode}_{code}", f"Trajets en {name} {why}", "trajets", (f"trajets_{mode}_{word}",))
        for mode, name in _MODES.items()
        for code, (why, word) in _OCCASIONS.items()
    ]
    return tuple(every)


ACTIVITIES: tuple[Activity, ...] = (
    Activity("stays", "Séjours", "séjours", ("sejours", "sejour", "nombre_de_sejours")),
    Activity("sessions", "Séances", "séances", ("seances", "seance", "nombre_de_seances")),
    Activity(
        "external_consultations",
        "Consultations externes, hors accueil et traitement des urgences",
        "consultations",
        ("consultations_externes", "consultations", "ace", "consultations_externes_hors_atu"),
    ),
    Activity(
        "emergency_visits",
        "Passages aux urgences (ATU)",
        "passages",
        ("passages_aux_urgences", "urgences", "atu", "passages_urgences"),
    ),
    Activity(
        "pre_anaesthetic_exams",
        "Examens pré-anesthésiques",
        "examens",
        ("examens_pre_anesthesiques", "epa", "consultations_pre_anesthesiques"),
    ),
    Activity(
        "heart_failure_first_episodes",
        "Premiers épisodes de décompensation cardiaque",
        "épisodes",
        ("insuffisance_cardiaque_premiers_episodes", "ic_premiers_episodes"),
    ),
    Activity(
        "heart_failure_readmissions",
        "Réhospitalisations dans les 3 mois d'un premier épisode de décompensation cardiaque",
        "réhospitalisations",
        ("insuffisance_cardiaque_rehospitalisations", "ic_rehospitalisations"),
    ),
    Activity("prescriptions", "Prescriptions hospitalières", "prescriptions", ("prescriptions_hospitalieres",)),
    Activity(
        "prescriptions_with_rpps",
        "Prescriptions hospitalières avec le numéro RPPS du prescripteur",
        "prescriptions",
        ("prescriptions_avec_rpps", "prescriptions_rpps"),
    ),
    *_trips(),
)


def _of_any_mode() -> dict[str, Activity]:
    found = {f"trips_{mode}": Activity("trips", "Trajets, tous modes confondus", "trajets") for mode in _MODES}
    for code, (why, _) in _OCCASIONS.items():
        together = Activity(f"trips_{code}", f"Trajets {why}, tous modes confondus", "trajets")
        found |= {f"trips_{mode}_{code}": together for mode in _MODES}
    return found


TRIPS_OF_ANY_MODE = _of_any_mode()
"""What trips by one mode are a part of; no file counts it."""
_LABELS = {one.code: one.label for one in (*ACTIVITIES, *TRIPS_OF_ANY_MODE.values())}


def activity_named(word: str) -> Activity:
    """Return the activity of that code, or that files call by that word.

    Parameters
    ----------
    word
        Code or received word; case, accents, spaces and hyphens do not matter.

    Raises
    ------
    CaqesError
        ``ACTIVITE_INCONNUE``, with the nearest code.

    Examples
    --------
    >>> activity_named("Passages aux urgences").code
    'emergency_visits'
    """
    bare = unicodedata.normalize("NFKD", word).encode("ascii", "ignore").decode().lower()
    plain = "_".join("".join(c if c.isalnum() else " " for c in bare).split())
    for activity in ACTIVITIES:
        if plain == activity.code or plain in activity.received_as:
            return activity
    known = [name for activity in ACTIVITIES for name in (activity.code, *activity.received_as)]
    near = get_close_matches(plain, known, n=1)
    hint = f" « {near[0]} » est peut-être celle-ci." if near else ""
    codes = ", ".join(activity.code for activity in ACTIVITIES)
    raise CaqesError.of(
        "ACTIVITE_INCONNUE",
        "cette activité n'est pas dans la liste.",
        f"Employer l'une des activités connues ({codes}).{hint}",
        value=word,
    )


def activity_label(code: str) -> str:
    """Return the name of a code of the table ``activity`` or of trips of any mode; a declared indicator keeps its code.

    Examples
    --------
    >>> activity_label("stays"), activity_label("trips"), activity_label("declared_beds")
    ('Séjours', 'Trajets, tous modes confondus', 'declared_beds')
    """
    return _LABELS.get(code, code)

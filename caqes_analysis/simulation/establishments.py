"""The invented establishments: who they are, how big, and what happens to a few of them."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np

from caqes_analysis.simulation.geography import departments, of_place, town_names

__all__ = ["KINDS", "Establishment", "Kind", "build_establishments", "finess_number", "sample_mix"]


@dataclass(frozen=True)
class Kind:
    """A kind of hospital, finer than the category that files print.

    Parameters
    ----------
    category, legal_status
        What ``etablissements.csv`` prints.
    open_phmev_codes
        ``categorie_jur`` and ``categorie_jur_rgt`` of Open PHMEV; empty for the kinds that are not in it.
    median_eur, log_sd, largest_eur
        Yearly PHMEV: median, standard deviation of its logarithm, and its bound. Orders of magnitude of the real sample
        (reimbursed amount by category × 350), rounded; for the private sector, a size that scales its other envelopes.
    extra_list_share
        Share of these hospitals that use the liste en sus (MCO activity).
    """

    category: str
    legal_status: str
    open_phmev_codes: tuple[str, ...]
    median_eur: float
    log_sd: float
    largest_eur: float
    extra_list_share: float


KINDS = {
    "chu": Kind("CHU", "public", ("chr", "CHU"), 100e6, 0.30, 250e6, 1.0),
    "ch": Kind("CH", "public", ("ch", "CH"), 7.0e6, 0.85, 40e6, 0.85),
    "local": Kind("CH", "public", ("hl", "HL"), 80e3, 0.5, 0.5e6, 0.0),
    "mental": Kind("CH", "public", ("psy", "PSY"), 1.3e6, 0.7, 8e6, 0.0),
    "cancer": Kind("CLCC", "espic", ("can", "CLCC"), 26e6, 0.35, 60e6, 1.0),
    "espic": Kind("ESPIC", "espic", ("ch", "ESPIC"), 1.8e6, 1.2, 40e6, 0.6),
    "private": Kind("privé", "prive", (), 2.5e6, 0.7, 8e6, 0.8),
}
# Categories of the sample that make each kind; the sites of AP-HP (« 3+ ») exist in no other region.
_SAMPLE_CATEGORIES = {
    "chu": ("CHU",),
    "ch": ("CH",),
    "local": ("HL",),
    "mental": ("PSY",),
    "cancer": ("CLCC",),
    "espic": ("ESPIC", "AUTRES"),
}
# Private establishments are not in Open PHMEV: their share comes from Île-de-France, 8 of 39 (domain.md, section 1).
_PRIVATE_SHARE = 8 / 39
_SMALLEST_EUR = 50e3
# Above this yearly PHMEV, a hospital of a kind that may use the liste en sus does.
_EXTRA_LIST_FOR_SURE_EUR = 5e6

# The first establishments play the parts that every simulated region has, as far as there are enough of them.
_CAST = ("chu", "ch", "ch", "local", "ch", "private", "espic", "cancer", "ch", "ch")
_ROLES = {1: "successor", 2: "merged", 3: "tiny", 4: "break_up", 6: "new", 8: "break_down"}

_PATRONS = [
    "Saint-Anselme",
    "Sainte-Aurélie",
    "Sainte-Blandine",
    "Saint-Côme",
    "Sainte-Cécile",
    "Saint-Éloi",
    "Saint-Fiacre",
    "Saint-Gildas",
    "Sainte-Hélène",
    "Saint-Odilon",
    "Sainte-Ursule",
    "Saint-Yves",
    "Sainte-Zélie",
]
_PEOPLE = ["Adèle-Morvan", "Armand-Quélin", "Élise-Tarvis", "Honoré-Vasselin", "Jeanne-Orlac", "Théophile-Bréhal"]
_GARDENS = [
    "Ormes",
    "Tilleuls",
    "Érables",
    "Cèdres",
    "Glycines",
    "Châtaigniers",
    "Peupliers",
    "Acacias",
    "Églantiers",
    "Genêts",
]
_STREETS = ("DE L'HOPITAL", "DU DOCTEUR VASSELIN", "DES TILLEULS", "DE LA GARE VIEILLE", "DU GENERAL MORVAN", "PASTEUR")


@dataclass(frozen=True)
class Establishment:
    """One invented establishment.

    Parameters
    ----------
    index
        Its rank: with the seed, it names its random draws.
    finess
        Number under which its spending arrives: juridical (EJ) for public ones, geographic (ET) otherwise.
    finess_ej, finess_et
        Both numbers.
    kind
        Key of ``KINDS``.
    name, department, town, postal_code, street
        Identity and address.
    yearly_eur
        PHMEV of the year before the campaign's, in expectation.
    has_extra_list, tells_age, tells_sex
        Whether it uses the liste en sus; whether Open PHMEV tells the age and the sex of its patients.
    opened_on, closed_on, successor
        Life; ``successor`` is the FINESS that takes over.
    role
        Part it plays: ``merged``, ``successor``, ``tiny``, ``new``, ``break_up``, ``break_down`` or nothing.
    """

    index: int
    finess: str
    finess_ej: str
    finess_et: str
    kind: str
    name: str
    department: str
    town: str
    postal_code: str
    street: str
    yearly_eur: float
    has_extra_list: bool
    tells_age: bool
    tells_sex: bool
    opened_on: date
    closed_on: date | None = None
    successor: str | None = None
    role: str = ""

    @property
    def category(self) -> str:
        """Category that files print."""
        return KINDS[self.kind].category

    @property
    def legal_status(self) -> str:
        """Legal status that files print."""
        return KINDS[self.kind].legal_status

    @property
    def in_open_phmev(self) -> bool:
        """Whether Open PHMEV knows it: for-profit clinics are not there."""
        return bool(KINDS[self.kind].open_phmev_codes)


@cache
def sample_mix() -> dict[str, Any]:
    """Return what was counted in the real sample: categories, ages, sexes, dispensing fees."""
    mix: dict[str, Any] = json.loads(
        files("caqes_analysis.simulation").joinpath("open_phmev_mix.json").read_text(encoding="utf-8")
    )
    return mix


def finess_number(department: str, is_site: bool, rank: int) -> str:
    """Return a FINESS number: department, 0 for a juridical entity or 1 for a site, rank, Luhn key.

    Examples
    --------
    >>> finess_number("961", False, 1)
    '961000015'
    """
    digits = f"{department}{int(is_site)}{rank:04d}"
    doubled = [int(digit) * (2 - place % 2) for place, digit in enumerate(reversed(digits))]
    return f"{digits}{-sum(value - 9 * (value > 9) for value in doubled) % 10}"


def _kinds(nb: int, random: np.random.Generator) -> list[str]:
    """Return the kinds of ``nb`` establishments: the cast, then what brings the mix closest to the sample's."""
    counts = sample_mix()["establishments_nb"]
    share = {kind: sum(counts[c] for c in names) for kind, names in _SAMPLE_CATEGORIES.items()}
    total = sum(share.values())
    wanted = {kind: nb * (1 - _PRIVATE_SHARE) * value / total for kind, value in share.items()}
    wanted["private"] = nb * _PRIVATE_SHARE
    kinds = list(_CAST[:nb])
    missing = {kind: max(0.0, value - kinds.count(kind)) for kind, value in wanted.items()}
    left = nb - len(kinds)
    scale = left / (sum(missing.values()) or 1.0)
    quota = {kind: value * scale for kind, value in missing.items()}
    rest = [kind for kind, value in quota.items() for _ in range(int(value))]
    by_remainder = sorted(quota, key=lambda kind: (int(quota[kind]) - quota[kind], kind))
    rest += by_remainder[: left - len(rest)]
    return kinds + [rest[i] for i in random.permutation(left)]


def _name(kind: str, town: str, index: int, random: np.random.Generator) -> str:
    place = of_place(town)
    patron = _PATRONS[random.integers(len(_PATRONS))]
    garden = _GARDENS[random.integers(len(_GARDENS))]
    person = _PEOPLE[random.integers(len(_PEOPLE))]
    choices = {
        "chu": [f"Centre hospitalier universitaire {place}"],
        "ch": [
            f"Centre hospitalier {place}",
            f"Centre hospitalier {place}",
            f"Centre hospitalier intercommunal {place}",
            f"Hôpital {patron} {place}",
        ],
        "local": [f"Hôpital local {place}", f"Hôpital de proximité {place}"],
        "mental": [f"Centre hospitalier spécialisé {person} {place}", f"EPSM {place}"],
        "cancer": [f"Institut de cancérologie {place}"],
        "espic": [
            f"Fondation {person.replace('-', ' ')}, {town}",
            f"Hôpital du Sacré-Cœur {place}",
            f"Association hospitalière {place}",
        ],
        "private": [f"Clinique des {garden}, {town}", f"Polyclinique de l’Étang, {town}", f"Clinique {patron}, {town}"],
    }[kind]
    if index == 1:
        return f"Groupe hospitalier intercommunal {place}, de la vallée et des plateaux de l’Estérande"
    return choices[random.integers(len(choices))]


def build_establishments(establishments_nb: int, *, seed: int, year: int) -> tuple[Establishment, ...]:
    """Return the establishments of a simulated region, the same for the same arguments.

    Parameters
    ----------
    establishments_nb
        How many.
    seed
        Seed of every draw.
    year
        Year of the campaign: the merger, the opening and the level breaks are placed from it.

    Returns
    -------
    tuple of Establishment
        In the order of their draws; the first ones play the parts of the docstring of :class:`Establishment`.
    """
    random = np.random.default_rng([seed, 0])
    kinds = _kinds(establishments_nb, random)
    codes = departments()["code"].tolist()
    weights = random.dirichlet(np.full(len(codes), 6.0))
    places = [codes[i] for i in random.permutation(len(codes))]
    towns = town_names(random)
    mix = sample_mix()
    built: list[Establishment] = []
    for index, kind in enumerate(kinds):
        # Every department has a hospital before any has a second by chance; a merger stays in its department.
        rank = index - (index > 2)
        department = places[rank] if rank < len(places) else codes[random.choice(len(codes), p=weights)]
        department = built[1].department if index == 2 else department
        traits = KINDS[kind]
        median, log_sd = (6e6, 0.1) if index in (1, 2) else (traits.median_eur, traits.log_sd)
        # The hospital of the region is a large one, whatever the seed.
        log_sd = 0.1 if index == 0 else log_sd
        town = next(towns)
        is_site = traits.legal_status != "public"
        ej, et = (finess_number(department, site, index + 1) for site in (False, True))
        column = traits.open_phmev_codes[1] if traits.open_phmev_codes else "AUTRES"
        role = _ROLES.get(index, "")
        drawn_eur = median * np.exp(log_sd * random.normal())
        yearly_eur = float(np.clip(drawn_eur, _SMALLEST_EUR, traits.largest_eur))
        by_chance, may_use = bool(random.random() < traits.extra_list_share), traits.extra_list_share > 0
        age_draw, sex_draw = random.random(2)
        tells_age = bool(age_draw < mix["tells_age_share"][column])
        built.append(
            Establishment(
                index=index,
                finess=et if is_site else ej,
                finess_ej=ej,
                finess_et=et,
                kind=kind,
                name=_name(kind, town, index, random),
                department=department,
                town=town,
                postal_code=f"{department}{random.integers(100):02d}",
                street=f"{_STREETS[random.integers(len(_STREETS))]};{random.integers(1, 90)}",
                yearly_eur=yearly_eur,
                has_extra_list=role != "tiny" and (by_chance or (yearly_eur > _EXTRA_LIST_FOR_SURE_EUR and may_use)),
                tells_age=tells_age,
                tells_sex=tells_age and bool(sex_draw < mix["tells_sex_share"][column]),
                opened_on=date(year - 1, 9, 1) if role == "new" else date(2010, 1, 1),
                role=role,
            )
        )
    built[2] = replace(built[2], closed_on=date(year - 1, 6, 30), successor=built[1].finess)
    return tuple(built)

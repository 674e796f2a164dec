"""What is noticed while an Open PHMEV base is read: counted, shown by one example, never repaired in silence."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from caqes_analysis.sources.findings import Finding, Findings, Severity
from caqes_analysis.sources.open_phmev_block import Converted
from caqes_analysis.sources.open_phmev_layout import KNOWN_GENERIC_STATUSES, MASKED_CIP13
from caqes_analysis.sources.open_phmev_parse import Texts
from caqes_analysis.sources.problems import shown

__all__ = ["Tallies"]

_KEPT = "Les lignes sont gardées, avec leurs montants ; "


@dataclass(frozen=True)
class _Kind:
    code: str
    place: str
    severity: Severity
    remedy: str


_KINDS = tuple(
    _Kind(*kind)
    for kind in (
        (
            "COLONNE_IGNOREE",
            "en-tête",
            "information",
            "Colonne inconnue de la base complète : elle n'est pas lue.",
        ),
        (
            "CATEGORIE_RGT_ABSENTE",
            "categorie_jur_rgt",
            "information",
            "La catégorie est déduite de categorie_jur, qui ne distingue pas les ESPIC des CH.",
        ),
        ("CIP_MASQUE", "CIP13", "information", _KEPT + "le produit n'est pas restitué par la source."),
        ("ATC_MASQUE", "ATC5", "information", _KEPT + "leurs niveaux ATC supérieurs restent connus."),
        ("AGE_MASQUE", "age", "information", _KEPT + "la classe d'âge n'est pas restituée (99)."),
        ("SEXE_MASQUE", "sexe", "information", _KEPT + "le sexe n'est pas restitué (9)."),
        ("HONORAIRES", "atc1", "information", _KEPT + "honoraires de dispensation (ATC 0), sans boîte."),
        (
            "CODE_POSTAL_COMPLETE",
            "code_postal",
            "information",
            "Le zéro de tête perdu est rétabli pour en déduire le département.",
        ),
        ("CODE_POSTAL_VIDE", "code_postal", "warning", "Le département de l'établissement reste inconnu."),
        (
            "RAISON_SOCIALE_VIDE",
            "raison_sociale_etb",
            "information",
            "Le nom de l'établissement est pris dans nom_etb.",
        ),
        (
            "IDENTITE_VARIABLE",
            "etb_rgt",
            "warning",
            "Établissements dont le nom, la catégorie ou la région change dans le fichier : la première ligne compte.",
        ),
        (
            "TOP_GEN_INCONNU",
            "TOP_GEN",
            "warning",
            _KEPT + "ce statut ne compte ni comme générique ni comme biosimilaire. Vérifier le descriptif de l'année.",
        ),
        (
            "ATC_INCOHERENT",
            "ATC5",
            "warning",
            _KEPT + "le code ATC ne commence pas par celui du niveau au-dessus. Vérifier le fichier à sa source.",
        ),
        ("MONTANT_VIDE", "REM", "warning", "Le montant est manquant, et non nul : vérifier le fichier à sa source."),
        ("BASE_VIDE", "BSE", "warning", "La base est manquante, et non nulle : vérifier le fichier à sa source."),
        ("BOITES_VIDES", "BOITES", "warning", "Le nombre est manquant, et non nul : vérifier le fichier à sa source."),
        ("MONTANT_NEGATIF", "REM", "warning", "Gardé dans les totaux (régularisation) : à vérifier avec la source."),
        ("BASE_NEGATIVE", "BSE", "warning", "Gardée dans les totaux (régularisation) : à vérifier avec la source."),
        ("BOITES_NEGATIVES", "BOITES", "warning", "Gardées dans les totaux : à vérifier avec la source."),
        (
            "REMBOURSE_SUPERIEUR_A_LA_BASE",
            "REM",
            "warning",
            "Le remboursé dépasse la base : les colonnes REM et BSE ont peut-être été échangées.",
        ),
        (
            "CLE_NATURELLE_REPETEE",
            "etb_rgt, CIP13, ATC5, age, sexe, TOP_GEN",
            "information",
            "Lignes qui partagent tous leurs codes : ce sont des montants distincts, aucune n'est retirée.",
        ),
        (
            "DEPARTEMENT_CORSE",
            "code_postal",
            "information",
            "Code postal de Corse : 20000 à 20199 compté en 2A, 20200 et au-delà en 2B.",
        ),
        (
            "FIN_SANS_RETOUR_DE_LIGNE",
            "dernière ligne",
            "warning",
            "Le fichier ne finit pas par une fin de ligne : vérifier qu'il est complet (empreinte, total).",
        ),
    )
)
_ATC_PAIRS = (("atc1", "atc2"), ("atc2", "atc3"), ("atc3", "atc4"), ("atc4", "atc5"))
# Pairs of codes are counted in a table of this size at most.
_MOST_PAIRS_NB = 5_000_000


class Tallies:
    """Counts of each kind of finding over a file, with the first example of each.

    Parameters
    ----------
    delivery
        Identifier of the delivery.
    """

    def __init__(self, delivery: str) -> None:
        self._delivery = delivery
        self._counts: dict[str, int] = {}
        self._examples: dict[str, str] = {}

    def add(self, code: str, count: int, example: Callable[[], str]) -> None:
        """Add occurrences; ``example`` is called for the first ones only."""
        if count:
            if code not in self._counts:
                self._examples[code] = shown(example())
            self._counts[code] = self._counts.get(code, 0) + count

    def findings(self) -> Findings:
        """Return what was counted, in a fixed order."""
        return Findings(
            Finding(
                self._delivery,
                kind.code,
                kind.place,
                kind.severity,
                self._counts[kind.code],
                self._examples[kind.code],
                kind.remedy,
            )
            for kind in _KINDS
            if kind.code in self._counts
        )

    def header(self, received: list[str], unknown: list[str]) -> None:
        """Count what the header shows."""
        self.add("COLONNE_IGNOREE", len(unknown), lambda: ", ".join(unknown))
        if "categorie_jur_rgt" not in [name.lower() for name in received]:
            self.add("CATEGORIE_RGT_ABSENTE", 1, lambda: "colonne absente")

    def repeated_keys(self, count: int) -> None:
        """Count the rows that share their natural key with another."""
        self.add("CLE_NATURELLE_REPETEE", count, lambda: f"{count} lignes")

    def add_all(self, later: Tallies) -> None:
        """Add what was counted in a later block."""
        for code, count in later._counts.items():
            self.add(code, count, partial(str, later._examples[code]))

    def establishments(self, known: Mapping[str, Mapping[str, str | None]], variable: Collection[str]) -> None:
        """Count what the list of establishments shows; ``variable`` are those whose identity changes."""
        self.add("IDENTITE_VARIABLE", len(variable), lambda: min(variable))
        corsican = [
            f"{finess} ({identity['code_postal']})"
            for finess, identity in known.items()
            if (identity["code_postal"] or "").startswith("20") and len(identity["code_postal"] or "") == 5
        ]
        self.add("DEPARTEMENT_CORSE", len(corsican), lambda: corsican[0])

    def block(self, converted: Converted) -> None:
        """Count what one block shows."""
        self._masked(converted)
        self._codes(converted)
        self._amounts(converted)
        self.add(
            "FIN_SANS_RETOUR_DE_LIGNE", int(converted.ends_without_newline), lambda: f"ligne {converted.lines[-1]}"
        )

    def _masked(self, converted: Converted) -> None:
        for code, name, test in (
            ("CIP_MASQUE", "cip13", lambda value: value == MASKED_CIP13.encode()),
            ("ATC_MASQUE", "atc5", lambda value: value == b"9" * 7),
            ("AGE_MASQUE", "age", lambda value: value == b"99"),
            ("SEXE_MASQUE", "sexe", lambda value: value == b"9"),
            ("HONORAIRES", "atc1", lambda value: value == b"0"),
            ("RAISON_SOCIALE_VIDE", "raison_sociale_etb", lambda value: not value.strip()),
            ("CODE_POSTAL_COMPLETE", "code_postal", lambda value: len(value) == 4),
            ("CODE_POSTAL_VIDE", "code_postal", lambda value: not value),
            ("TOP_GEN_INCONNU", "top_gen", lambda value: value.decode() not in KNOWN_GENERIC_STATUSES),
        ):
            self._where(code, converted, name, test)

    def _where(self, code: str, converted: Converted, name: str, test: Callable[[bytes], bool]) -> None:
        texts = converted.texts[name]
        wanted = np.array([test(value) for value in texts.values], bool)
        if not wanted.any():
            return
        rows = texts.rows_of(wanted)
        if code == "CODE_POSTAL_COMPLETE":
            value = texts.values[texts.codes[rows[0]]].decode()
            self.add(code, len(rows), lambda: f"{value} → 0{value} (ligne {converted.lines[rows[0]]})")
        else:
            self.add(code, len(rows), lambda: _at_row(texts, converted, int(rows[0])))

    def _codes(self, converted: Converted) -> None:
        for above, below in _ATC_PAIRS:
            upper, lower = converted.texts[above], converted.texts[below]
            width = len(lower.values)
            if len(upper.values) * width > _MOST_PAIRS_NB:
                pairs, counts = np.unique(upper.codes.astype(np.int64) * width + lower.codes, return_counts=True)
            else:
                every = np.bincount(upper.codes.astype(np.int64) * width + lower.codes)
                pairs = np.flatnonzero(every)
                counts = every[pairs]
            for pair, count in zip(pairs, counts, strict=True):
                parent, child = upper.values[pair // width], lower.values[pair % width]
                if not child.startswith((parent, b"9" * len(child))):
                    self.add("ATC_INCOHERENT", int(count), partial("{} / {}".format, parent.decode(), child.decode()))

    def _amounts(self, converted: Converted) -> None:
        for name, empty, negative in (
            ("rem", "MONTANT_VIDE", "MONTANT_NEGATIF"),
            ("bse", "BASE_VIDE", "BASE_NEGATIVE"),
            ("boites", "BOITES_VIDES", "BOITES_NEGATIVES"),
        ):
            values = converted.numbers[name]
            self._rows_where(empty, converted, name, values.is_null() if values.null_count else None)
            below = pc.less(values, pa.scalar(0, pa.int8()).cast(values.type))
            self._rows_where(negative, converted, name, below)
        reimbursed, base = converted.numbers["rem"], converted.numbers["bse"]
        self._rows_where("REMBOURSE_SUPERIEUR_A_LA_BASE", converted, "rem", pc.greater(reimbursed, base))

    def _rows_where(self, code: str, converted: Converted, name: str, wanted: pa.Array | None) -> None:
        if wanted is None or not pc.any(wanted, min_count=0).as_py():
            return
        rows = np.flatnonzero(wanted.fill_null(False).to_numpy(zero_copy_only=False))
        value = converted.numbers[name][int(rows[0])].as_py()
        self.add(code, len(rows), lambda: f"{'vide' if value is None else value} (ligne {converted.lines[rows[0]]})")


def _at_row(texts: Texts, converted: Converted, row: int) -> str:
    value = texts.values[texts.codes[row]].decode(converted.evidence.encoding) or "vide"
    return f"{value} (ligne {converted.lines[row]})"

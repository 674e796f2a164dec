"""What is noticed while an Open PHMEV base is read: counted, shown by one example, never repaired in silence."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from caqes_analysis.sources.encoding import Encoding
from caqes_analysis.sources.findings import Finding, Findings, Severity
from caqes_analysis.sources.open_phmev.known import KnownPart
from caqes_analysis.sources.open_phmev.layout import KNOWN_GENERIC_STATUSES, MASKED_CIP13, part_of
from caqes_analysis.sources.open_phmev.parts import Amounts, Cut
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
_VALUE_TESTS: tuple[tuple[str, str, Callable[[bytes], bool]], ...] = (
    ("CIP_MASQUE", "cip13", lambda value: value == MASKED_CIP13.encode()),
    ("ATC_MASQUE", "atc5", lambda value: value == b"9" * 7),
    ("AGE_MASQUE", "age", lambda value: value == b"99"),
    ("SEXE_MASQUE", "sexe", lambda value: value == b"9"),
    ("HONORAIRES", "atc1", lambda value: value == b"0"),
    ("RAISON_SOCIALE_VIDE", "raison_sociale_etb", lambda value: not value.strip()),
    ("CODE_POSTAL_COMPLETE", "code_postal", lambda value: len(value) == 4),
    ("CODE_POSTAL_VIDE", "code_postal", lambda value: not value),
    ("TOP_GEN_INCONNU", "top_gen", lambda value: value.decode() not in KNOWN_GENERIC_STATUSES),
)


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

    def add(self, code: str, count: int, example: str) -> None:
        """Add occurrences; the example of the first ones is kept."""
        if count:
            self._examples.setdefault(code, shown(example))
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
        self.add("COLONNE_IGNOREE", len(unknown), ", ".join(unknown))
        if "categorie_jur_rgt" not in [name.lower() for name in received]:
            self.add("CATEGORIE_RGT_ABSENTE", 1, "colonne absente")

    def repeated_keys(self, count: int) -> None:
        """Count the rows that share their natural key with another."""
        self.add("CLE_NATURELLE_REPETEE", count, f"{count} lignes")

    def establishments(self, known: Mapping[str, Mapping[str, str | None]], variable: Collection[str]) -> None:
        """Count what the list of establishments shows; ``variable`` are those whose identity changes."""
        self.add("IDENTITE_VARIABLE", len(variable), min(variable, default=""))
        corsican = [
            f"{finess} ({identity['code_postal']})"
            for finess, identity in known.items()
            if (identity["code_postal"] or "").startswith("20") and len(identity["code_postal"] or "") == 5
        ]
        self.add("DEPARTEMENT_CORSE", len(corsican), next(iter(corsican), ""))

    def block(self, cut: Cut) -> None:
        """Count what the amounts and the end of one block show."""
        for name, empty, negative in (
            ("rem", "MONTANT_VIDE", "MONTANT_NEGATIF"),
            ("bse", "BASE_VIDE", "BASE_NEGATIVE"),
            ("boites", "BOITES_VIDES", "BOITES_NEGATIVES"),
        ):
            amounts = cut.amounts[name]
            if amounts.is_missing is not None:
                self._rows(empty, amounts.is_missing, cut, None)
            self._rows(negative, amounts.values < 0, cut, amounts, decimals_nb=0 if name == "boites" else 2)
        reimbursed, base = cut.amounts["rem"], cut.amounts["bse"]
        above = reimbursed.values > base.values
        for amounts in (reimbursed, base):
            if amounts.is_missing is not None:
                above &= ~amounts.is_missing
        self._rows("REMBOURSE_SUPERIEUR_A_LA_BASE", above, cut, reimbursed)
        self.add("FIN_SANS_RETOUR_DE_LIGNE", int(cut.ends_without_newline), f"ligne {cut.lines[-1]}")

    def texts(self, known: Mapping[str, KnownPart], encoding: Encoding) -> None:
        """Count what the products, patient classes and establishments of the whole file show."""
        for code, name, test in _VALUE_TESTS:
            part = known[part_of(name) or ""]
            column = part.columns[name]
            texts = np.flatnonzero(column.where(test))
            if len(texts):
                value = column.values[column.codes[texts[0]]].decode(encoding) or "vide"
                become = f" → 0{value}" if code == "CODE_POSTAL_COMPLETE" else ""
                line = part.first_lines[texts[0]]
                self.add(code, int(part.counts[texts].sum()), f"{value}{become} (ligne {line})")
        self._atc_levels(known["product"])

    def _atc_levels(self, products: KnownPart) -> None:
        for above, below in _ATC_PAIRS:
            upper, lower = products.columns[above], products.columns[below]
            for text, (one, other) in enumerate(zip(upper.codes.tolist(), lower.codes.tolist(), strict=True)):
                parent, child = upper.values[one], lower.values[other]
                if not child.startswith((parent, b"9" * len(child))):
                    self.add("ATC_INCOHERENT", int(products.counts[text]), f"{parent.decode()} / {child.decode()}")

    def _rows(
        self, code: str, wanted: npt.NDArray[np.bool_], cut: Cut, shown_from: Amounts | None, *, decimals_nb: int = 2
    ) -> None:
        count = int(np.count_nonzero(wanted))
        if count:
            row = int(np.argmax(wanted))
            value = "vide" if shown_from is None else Decimal(int(shown_from.values[row])).scaleb(-decimals_nb)
            self.add(code, count, f"{value} (ligne {cut.lines[row]})")

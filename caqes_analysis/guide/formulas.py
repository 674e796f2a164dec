"""How a measure is computed, in words and in symbols."""

from __future__ import annotations

from collections.abc import Mapping

from caqes_analysis import french
from caqes_analysis.activities import DECLARED_PREFIX
from caqes_analysis.code_lists import CodeList
from caqes_analysis.guide.conditions import condition_in_words
from caqes_analysis.indicators.definition import IndicatorDefinition, Measure, Sum
from caqes_analysis.indicators.expressions import SOURCE_TABLES

__all__ = ["SOURCE_WORDS", "measure_in_symbols", "measure_in_words", "sum_in_words"]

SOURCE_WORDS: Mapping[str, str] = {
    "annual_drug_spend": "Open PHMEV (année entière)",
    "monthly_grid": "Suivi mensuel des dépenses, par enveloppe",
    "lpp_spend": "Produits et prestations (LPP), par code",
    "extra_list_use": "Liste en sus, par code",
    "activity": "Activité et réponses des établissements",
}
"""What each table is called in the guide."""

_PLACES = {
    "annual_drug_spend": ("dans Open PHMEV", "des médicaments", "de tous les médicaments"),
    "monthly_grid": ("mois par mois", "", "de toutes les enveloppes"),
    "lpp_spend": ("dans le fichier LPP", "des produits", "de tous les produits"),
    "extra_list_use": ("dans le fichier de la liste en sus", "des produits", "de tous les produits"),
}


def sum_in_words(part: Sum, lists: Mapping[str, CodeList]) -> str:
    """Say what a sum adds up: « le nombre de boîtes, dans Open PHMEV, des médicaments… ».

    Parameters
    ----------
    part
        The sum.
    lists
        Code lists by identifier.

    Examples
    --------
    >>> sum_in_words(Sum(table="activity", sum="count_nb", where="activity = 'stays'"), {})
    'le nombre de « Séjours »'
    """
    which = condition_in_words(part.table, part.where, lists)
    if part.table == "activity":
        if DECLARED_PREFIX not in part.where:
            return f"le nombre de {which}"
        return f"le nombre de réponses à {which}" if part.count else f"la réponse déclarée à {which}"
    place, _, every = _PLACES[part.table]
    return f"{_added(part)}, {place}, {_of_what(part.table, which) if which else every}"


def _of_what(table: str, which: str) -> str:
    """Say of what lines are: « des produits de la liste… », but « des médicaments », which names them already."""
    some = "des" if which.startswith(("médicaments", "dispositifs")) else _PLACES[table][1]
    return " ".join(word for word in (some, which) if word)


def _added(part: Sum) -> str:
    if part.sum is None:
        return "le nombre (1)"
    known = {one.name: one.description for one in SOURCE_TABLES[part.table].columns}
    noun = known[part.sum].partition(" ;")[0].rstrip(".").lower()
    return f"{'la' if noun.startswith(('base', 'quantité')) else 'le'} {noun}"


def measure_in_words(definition: IndicatorDefinition, measure: Measure, lists: Mapping[str, CodeList]) -> str:
    """Say in one or two sentences how a measure is computed.

    Parameters
    ----------
    definition
        Definition of the measure.
    measure
        The measure.
    lists
        Code lists by identifier.
    """
    if measure.evolution_of is not None:
        base = definition.measure(measure.evolution_of)
        months = ", sur les mêmes mois" if definition.period == "cumulative_month" else ""
        return (
            f"On compare « {base.label} » à sa valeur de l'année précédente{months} : 0 % veut dire autant, +10 % un "
            "dixième de plus."
        )
    assert measure.numerator is not None
    top = sum_in_words(measure.numerator, lists)
    if measure.denominator is None:
        return f"On additionne {top}."
    times = f" On multiplie par {french.number(measure.scale)}." if measure.scale != 1 else ""
    bottom = sum_in_words(measure.denominator, lists)
    return f"Au numérateur : {top}. Au dénominateur : {bottom}. On divise le premier par le second.{times}"


def measure_in_symbols(
    definition: IndicatorDefinition, measure: Measure, lists: Mapping[str, CodeList]
) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Return the formula of a measure in LaTeX, and what each symbol stands for.

    Parameters
    ----------
    definition, measure, lists
        As for :func:`measure_in_words`.

    Returns
    -------
    str, tuple of (str, str)
        The formula, and each symbol with what it stands for, in French.
    """
    if measure.evolution_of is not None:
        base = definition.measure(measure.evolution_of)
        return (
            r"E_N = 100 \times \frac{M_N - M_{N-1}}{M_{N-1}}",
            (("M_N", f"« {base.label} » de l'année N"), ("M_{N-1}", "la même mesure un an plus tôt")),
        )
    assert measure.numerator is not None
    answers = measure.denominator is not None and measure.denominator.count is not None
    line = f"{_added(measure.numerator)} de la ligne i"
    if answers:
        line = f"la réponse de la ligne i ({'oui = 1, non = 0' if measure.scale != 1 else 'le pourcentage déclaré'})"
    top = ("x_i", line), ("A", _lines(measure.numerator, lists))
    if measure.denominator is None:
        return r"V = \sum_{i \in A} x_i", top
    factor = rf"{measure.scale} \times " if measure.scale != 1 else ""
    formula = rf"V = {factor}\frac{{\sum_{{i \in A}} x_i}}{{\sum_{{j \in B}} y_j}}"
    other = "1 par réponse reçue" if answers else f"{_added(measure.denominator)} de la ligne j"
    bottom = ("y_j", other), ("B", _lines(measure.denominator, lists))
    return formula, (*top, *bottom)


def _lines(part: Sum, lists: Mapping[str, CodeList]) -> str:
    which = condition_in_words(part.table, part.where, lists)
    if not which:
        return "toutes les lignes"
    return f"les lignes {_of_what(part.table, which) if part.table in _PLACES else which}"

"""Turns of phrase that several chapters share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd

from caqes_analysis import french
from caqes_analysis.campaign import Campaign
from caqes_analysis.display import Figure
from caqes_analysis.display.measure import MeasureFormat
from caqes_analysis.envelopes import Envelope, envelope_named
from caqes_analysis.indicators.definition import Measure
from caqes_analysis.labels import within_a_sentence

if TYPE_CHECKING:
    from caqes_analysis.chapters.page import Page
    from caqes_analysis.schemes.targets import Target

__all__ = [
    "DEFINITION_WORDS",
    "MAIN_ENVELOPE",
    "ORDER_OF_ENVELOPES",
    "VOLET_WORDS",
    "after_colon",
    "against_phrase",
    "against_target",
    "as_sentence",
    "benchmark_notes",
    "category_words",
    "envelope_of",
    "format_of",
    "masked_words",
    "missing_months_words",
    "month_phrase",
    "ordered_by_envelope",
    "period_label",
    "period_words",
    "sentence_case",
    "small_percent",
    "small_points",
    "through_phrase",
    "titled",
]

DEFINITION_WORDS = {"draft": "brouillon", "published": "publiée", "archived": "archivée"}
"""Status of the definition of an indicator, in words."""

VOLET_WORDS = {"qualite": "qualité"}
"""Volets whose received code is not the word that is printed."""

_FOR_PROFIT = "privé à but lucratif"

MAIN_ENVELOPE = "phmev"
"""Envelope that opens a sheet, and whose weight in the region it tells."""

ORDER_OF_ENVELOPES = (
    "phmev",
    "extra_list_drugs",
    "extra_list_devices",
    "lpp",
    "perfadom",
    "transport_ambulance",
    "transport_taxi",
    "transport_vsl",
)


def envelope_of(campaign: Campaign, code: str) -> Envelope:
    """Return the envelope of that code, the region's own included."""
    return envelope_named(code, campaign.all_envelopes)


def ordered_by_envelope(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows in the order in which envelopes are printed; the region's own come last."""
    ranks = {code: rank for rank, code in enumerate(ORDER_OF_ENVELOPES)}
    codes = frame["envelope"].tolist()
    return frame.iloc[sorted(range(len(codes)), key=lambda row: (ranks.get(codes[row], len(ranks)), codes[row]))]


def benchmark_notes(page: Page, envelopes: Iterable[str]) -> list[str]:
    """Return the notes of a table that compares envelopes with short-named targets: sources, perimeters, value."""
    targets = [page.target(code) for code in envelopes]
    notes = []
    if any(target.is_benchmark for target in targets):
        notes.append("Un repère régional est fixé par la région ; il n'a pas de valeur contractuelle.")
    # One line per source, not one per envelope: six objectives of one arrêté made six lines under three tables.
    by_source: dict[str, set[tuple[str, str]]] = {}
    for one in targets:
        if one.is_contractual:
            by_source.setdefault(one.origin_label, set()).add((sentence_case(one.subject_label), one.value_label))
    for source, named in sorted(by_source.items()):
        head = f"{'Objectifs' if len(named) > 1 else 'Objectif'}{source}"
        notes.append(f"{head}{french.NBSP}: {' ; '.join(' '.join(pair) for pair in sorted(named))}.")
    return [*notes, *sorted({as_sentence(t.perimeter_label) for t in targets if t.perimeter_label})]


def category_words(category: str) -> str:
    """Return a category of establishments, or a group of peers, as printed within a sentence: one word on all pages.

    Examples
    --------
    >>> category_words("CH, petits"), category_words("privé"), category_words("privé, grands")
    ('CH, petits', 'privé à but lucratif', 'privé à but lucratif, grands')
    """
    name, comma, size = category.partition(",")
    return f"{_FOR_PROFIT}{comma}{size}" if name.strip().lower() == "privé" else category


def small_percent(value: float) -> str:
    """Return a share in percent; one that is not zero is never written as zero.

    Examples
    --------
    >>> small_percent(4.06), small_percent(0.03), small_percent(0.0)
    ('4,1\\xa0%', 'moins de 0,1\\xa0%', '0,0\\xa0%')
    """
    return f"moins de {french.percent(0.1)}" if value and not french.rounded(value, 1) else french.percent(value)


def small_points(value: float) -> str:
    """Return a contribution in hundredths of a point; one that is not zero is never written as zero.

    Examples
    --------
    >>> small_points(-0.18), small_points(0.004), small_points(-0.004)
    ('−0,18\\xa0point', 'moins de 0,01\\xa0point', 'moins de 0,01\\xa0point')
    """
    is_hidden = value and not french.rounded(value, 2)
    return f"moins de {french.points(0.01, 2, signed=False)}" if is_hidden else french.points(value, 2)


def through_phrase(campaign: Campaign, month_nb: int, *, year: int | None = None) -> str:
    """Return « de janvier à juillet 2024 », or « en 2024 » for the whole year: that of the campaign when None.

    Examples
    --------
    >>> from caqes_analysis.campaign import load_campaign
    >>> through_phrase(load_campaign("parameters/demonstration-2024.yml"), 7)
    'de janvier à juillet 2024'
    """
    year = campaign.year if year is None else year
    if month_nb == 12:
        return f"en {year}"
    if month_nb == 1:
        return f"en janvier {year}"
    return f"de janvier à {french.month_name(month_nb)} {year}"


def against_phrase(campaign: Campaign, month_nb: int) -> str:
    """Return what a period is compared with: « aux mêmes mois de 2023 », or « à 2023 » for the whole year."""
    return f"à {campaign.year - 1}" if month_nb == 12 else f"aux mêmes mois de {campaign.year - 1}"


def period_label(year: int, month_nb: int) -> str:
    """Return the header of a column of cumulative amounts.

    Examples
    --------
    >>> period_label(2024, 7), period_label(2024, 12)
    ('2024 à M7', '2024')
    """
    return str(year) if month_nb == 12 else f"{year} à M{month_nb}"


def month_phrase(campaign: Campaign) -> str:
    """Return what the page's data cover: « données reçues à fin septembre 2024 ; août et septembre provisoires »."""
    if campaign.last_month is None:
        return f"données de l'année {campaign.year}"
    received = f"données reçues à fin {french.month_name(campaign.last_month_nb)} {campaign.year}"
    months = range(campaign.settled_month_nb + 1, campaign.last_month_nb + 1)
    if not months:
        return received
    names = french.list_in_words([french.month_name(month) for month in months])
    return f"{received} ; {names} {'provisoires' if len(months) > 1 else 'provisoire'}"


def sentence_case(text: str) -> str:
    """Return the text with a capital first letter, the rest unchanged (unlike ``str.capitalize``)."""
    return text[:1].upper() + text[1:]


def as_sentence(text: str) -> str:
    """Return a label as a note that stands alone, with its capital and its full stop; nothing of an empty one.

    Examples
    --------
    >>> as_sentence("repère régional 4 %, sans valeur contractuelle"), as_sentence("")
    ('Repère régional 4 %, sans valeur contractuelle.', '')
    """
    return f"{sentence_case(text)}." if text else ""


def after_colon(reason: str) -> str:
    """Return a reason as it stands after a colon: its own colons become commas, one sentence has one colon.

    Examples
    --------
    >>> after_colon("fusion du 01/07/2023 : mois des établissements réunis additionnés")
    'fusion du 01/07/2023, mois des établissements réunis additionnés'
    """
    return reason.replace(f"{french.NBSP}: ", ", ").replace(" : ", ", ")


def against_target(position: str, target: Target) -> str:
    """Return where a value stands and against what, then why there is no verdict; a benchmark binds nobody.

    A position that is none (« pas de verdict : un mois manque ») comes after the target.

    Parameters
    ----------
    position
        Label of a position: « au-dessus de l'objectif ; pas de verdict, un mois manque ».
    target
        What it is compared with.
    """
    where, semicolon, why = position.partition(" ; ")
    if target.is_benchmark:
        return f"{where} ({target.label}){semicolon}{why}"
    if where.startswith("pas de verdict"):
        return f"{target.label} ; {where}"
    label = target.label.removeprefix(f"{target.noun} ") if where.endswith(target.noun) else target.label
    return f"{where}, {label}{semicolon}{why}"


def titled(figure: Figure, subject: str) -> Figure:
    """Return the figure with its subject before its message, for pages that hold several."""
    return replace(figure, title=f"{subject} : {within_a_sentence(figure.title)}")


def masked_words(campaign: Campaign) -> str:
    """Return what a masked value hides.

    Examples
    --------
    >>> from caqes_analysis.campaign import load_campaign
    >>> masked_words(load_campaign("parameters/demonstration-2024.yml")).partition("un nombre ")[2]
    'de 1 à 10 (patients, séjours, prescriptions…) pourrait en être déduit (secret statistique).'
    """
    most = french.number(campaign.disclosure.minimum_count_nb - 1)
    return (
        f"Masqué{french.NBSP}: un nombre de 1 à {most} (patients, séjours, prescriptions…) pourrait en être déduit "
        "(secret statistique)."
    )


def format_of(measure: Measure) -> MeasureFormat:
    """Return how a measure is written."""
    return MeasureFormat(measure.unit, measure.decimals, signed=measure.evolution_of is not None)


def period_words(period: str) -> str:
    """Return « en 2023 », or « de janvier à juillet 2024 ».

    Examples
    --------
    >>> period_words("2023"), period_words("2024-M07"), period_words("2024-M01")
    ('en 2023', 'de janvier à juillet 2024', 'en janvier 2024')
    """
    if len(period) == len("2024"):
        return f"en {period}"
    month_nb = int(period[-2:])
    if month_nb == 1:
        return f"en janvier {period[:4]}"
    return f"de janvier à {french.month_name(month_nb)} {period[:4]}"


def missing_months_words(month_nbs: Sequence[int]) -> str:
    """Return « , mars manquant », to write after a number of months.

    Parameters
    ----------
    month_nbs
        Months, 1 to 12.

    Examples
    --------
    >>> missing_months_words([3]), missing_months_words([3, 5])
    (', mars manquant', ', mars et mai manquants')
    """
    months = [french.month_name(number) for number in month_nbs]
    return f", {french.list_in_words(months)} {'manquants' if len(months) > 1 else 'manquant'}"

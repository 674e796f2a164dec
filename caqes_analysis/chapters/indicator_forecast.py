"""Where the year of an indicator will end: the region in one sentence, then the establishments by their stake."""

from __future__ import annotations

from caqes_analysis import french
from caqes_analysis.chapters.forecasts import stakes_table, track_figure
from caqes_analysis.chapters.indicator_answer import scope_words
from caqes_analysis.chapters.indicator_reading import IndicatorReading, indicator_href
from caqes_analysis.chapters.landing import chance_of, landing_sentence, likelihood_notes, region_landing
from caqes_analysis.chapters.page import Page
from caqes_analysis.display import Figure, Link, Notice, Table, Text
from caqes_analysis.indicators.available import stored_definition
from caqes_analysis.indicators.definition import IndicatorDefinition
from caqes_analysis.schemes.targets import target_for

__all__ = ["forecast_code", "landing_parts"]


def forecast_code(reading: IndicatorReading) -> str | None:
    """Return under which code the indicator is forecast: its own, or that of the envelope that stands for it.

    Parameters
    ----------
    reading
        The indicator as its page reads it.
    """
    page, one = reading.page, reading.definition
    known = page.forecasts["envelope"].unique().tolist()
    if one.id in known:
        return one.id
    subject = one.target.subject if one.target else None
    same = (code for code in known if page.target(code).subject == subject and page.target(code).observed is None)
    return next(same, None)


def landing_parts(reading: IndicatorReading) -> tuple[Text | Table | Figure | Notice | Link | None, ...]:
    """Return where the year will end for the region and who will exceed; nothing when no target bears on that year."""
    page = reading.page
    if page.campaign.is_annual or not _has_target(reading):
        return ()
    code = forecast_code(reading)
    if code is None:
        return (_without_months(page, reading),)
    if monthly := _monthly_twin(reading):
        return (Link(f"La prévision de {page.campaign.year} est sur la page « {monthly[1]} »", monthly[0]),)
    rows = page.forecasts
    own = rows[(rows["envelope"] == code) & (rows["level"] == "establishment") & rows["prob_exceed"].notna()]
    noun = french.elided("le", page.target(code).noun)
    is_closed = page.campaign.is_closed_year
    stake = (
        "le dépassement de l'année"
        if is_closed
        else "dépassement moyen attendu, soit la probabilité multipliée par le dépassement quand il a lieu"
    )
    notes = [f"Enjeu : {stake}. Le tableau est rangé par enjeu.", *likelihood_notes(page)]
    if not is_closed and any(chance_of(row).word == "dépassé" for _, row in own.iterrows()):
        notes.append("▲ dépassé : le montant déjà reçu passe celui que l'objectif permet pour l'année entière.")
    if scope_words(reading):
        notes.append("Sous contrat ou non : seuls les contrats qui portent l'indicateur en répondent.")
    if code != reading.definition.id:
        what = "Montants" if is_closed else "Prévision"
        notes.append(f"{what} de l'enveloppe « {page.label(code)} », reçue au mois, que suit cet indicateur.")
    verb = "a dépassé" if page.campaign.is_closed_year else "pourrait dépasser"
    table = stakes_table(
        page,
        own,
        caption=f"{page.label(code)} : qui {verb} {noun} en {page.campaign.year}",
        notes=notes,
        names_envelope=False,
    )
    sentence = Text.paragraphs(landing_sentence(page, region_landing(page, code), code))
    return sentence, track_figure(page, code), table if len(own) else None


def _has_target(reading: IndicatorReading) -> bool:
    link = reading.definition.target
    if link is None or reading.definition.measure(link.measure).evolution_of is None:
        return False
    page = reading.page
    asked = {"scheme": page.campaign.scheme, "subject": link.subject, "measure": link.measure}
    return target_for(page.targets, data_year=page.campaign.year, **asked).value is not None


def _is_annual(definition: IndicatorDefinition) -> bool:
    return any("annual_drug_spend" in measure.tables for measure in definition.measures)


def _monthly_twin(reading: IndicatorReading) -> tuple[str, str] | None:
    """Return page and short name of the indicator that reads in months what this one reads in years, if one does."""
    link = reading.definition.target
    if link is None or not _is_annual(reading.definition):
        return None
    rows = reading.page.store.query("select definition from indicators where period is not null order by indicator")
    for one in map(stored_definition, rows["definition"]):
        if one.target is not None and one.target.subject == link.subject and not _is_annual(one):
            return indicator_href(one.id), one.short_name
    return None


def _without_months(page: Page, reading: IndicatorReading) -> Notice:
    annual = _is_annual(reading.definition)
    why = (
        "Sa source, Open PHMEV, est annuelle : ni ses euros ni ses boîtes n'ont de mois"
        if annual
        else "Aucun mois n'est reçu pour cet indicateur"
    )
    return Notice(
        "missing",
        f"Pas de prévision de l'année {page.campaign.year}",
        f"{why} ; il se lira une fois l'année close. Une région qui en reçoit "
        "les montants chaque mois les ajoute aux enveloppes de sa campagne.",
    )

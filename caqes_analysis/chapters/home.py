"""The home page: where is the region?"""

from __future__ import annotations

import pandas as pd

from caqes_analysis import french, quality, tables
from caqes_analysis.chapters.constant_perimeter import perimeter_note
from caqes_analysis.chapters.contract_scope import is_borne
from caqes_analysis.chapters.landing import chance_of, has_rate, rate_between, rate_words, region_landing
from caqes_analysis.chapters.level_changes import listed_changes_note
from caqes_analysis.chapters.page import Page
from caqes_analysis.chapters.part_months import amount_words
from caqes_analysis.chapters.region import above_target, answer, position, rate_of, rate_or_none, rated_nb
from caqes_analysis.chapters.savings import savings_card
from caqes_analysis.chapters.verdicts import gap_adjective, position_in, year_gap
from caqes_analysis.chapters.words import against_target, envelope_of, month_phrase, through_phrase
from caqes_analysis.departments import department_label
from caqes_analysis.display import Card, Cards, ColumnFormat, Notice, Table, Text
from caqes_analysis.forecast.likelihood import PROBABLE
from caqes_analysis.indicators.available import stored_definition
from caqes_analysis.indicators.evolution import contributions

__all__ = ["discussion_table", "home_answer", "home_cards", "probably_above", "review_note"]

_MAIN = ("phmev", "extra_list_drugs", "extra_list_devices")
_DISCUSSED_NB = 5


def home_answer(page: Page) -> Text:
    """Return where the region is, in one sentence."""
    row = rate_of(page, "phmev")
    rate = rate_or_none(row)
    if row is None or rate is None:
        return answer(page, "phmev")
    total, above = rated_nb(page, "phmev"), len(above_target(page, "phmev"))
    period = through_phrase(page.campaign, page.campaign.settled_month_nb)
    moved = f"{'augmente' if rate >= 0 else 'baisse'} de {french.percent(abs(rate))}"
    target, note = page.target("phmev"), perimeter_note(page, "phmev")
    apart = f" {note}" if note else ""
    if target.value is None:
        return Text.answer(f"La PHMEV de la région {moved} {period} ({target.label}).{apart}")
    return Text.answer(
        f"La PHMEV de la région {moved} {period} : {against_target(position(page, 'phmev').label, target)} ; "
        f"{french.plural(above, 'établissement')} sur {total} {'dépasse' if above < 2 else 'dépassent'} "
        f"{'l’' if target.noun == 'objectif' else 'le '}{target.noun}{_without_verdict(page)}.{apart}"
    )


def _without_verdict(page: Page) -> str:
    """Say how many establishments have a rate and no verdict; nothing when all that have one are judged."""
    rows = page.settled("phmev")
    rated = rows[rows["evolution_pct"].notna()]
    gaps = [gap for _, row in rated.iterrows() if (gap := year_gap(page, row)) is not None]
    if not gaps:
        return ""
    counted = "non compté" if len(gaps) == 1 else "non comptés"
    return f" ({french.plural(len(gaps), 'autre')} {counted} : année {gap_adjective(gaps)})"


def home_cards(page: Page) -> Cards:
    """Return the key figures of the region."""
    cards = [_envelope_card(page, envelope) for envelope in _MAIN if len(page.settled(envelope))]
    if not page.campaign.is_annual:
        total, above = rated_nb(page, "phmev"), len(above_target(page, "phmev"))
        if page.target("phmev").value is not None:
            bound = "" if is_borne(page, _forecast(page, "phmev")).all() else " parmi ceux que l'objectif engage"
            later = f"en fin d'année, {probably_above(page, 'phmev')} probablement{bound} ; "
            aside = _without_verdict(page)
            detail = f"PHMEV{aside} ; {'' if page.campaign.is_closed_year else later}{page.target('phmev').label}"
            cards.append(Card("Établissements au-dessus", f"{above} sur {total}", detail))
        cards.append(_completeness_card(page))
    saved = savings_card(page)
    return Cards("Chiffres clés de la région", [*cards, saved] if saved else cards)


def probably_above(page: Page, envelope: str) -> int:
    """Return how many establishments will probably end the year above the benchmark, or the target that binds them."""
    own = _forecast(page, envelope)
    return int((own.loc[is_borne(page, own), "prob_exceed"] >= PROBABLE).sum())


def _forecast(page: Page, envelope: str) -> pd.DataFrame:
    """Return the forecasts of the establishments that are compared with a target."""
    rows = page.forecasts
    return rows[(rows["level"] == "establishment") & (rows["envelope"] == envelope) & rows["prob_exceed"].notna()]


def _envelope_card(page: Page, envelope: str) -> Card:
    row = rate_of(page, envelope)
    rate = rate_or_none(row)
    amount = french.compact_euros(None) if row is None else amount_words(page, page.settled(envelope))
    month_nb = page.campaign.settled_month_nb
    when = f"à M{month_nb}" if month_nb < 12 else str(page.campaign.year)
    title = f"{envelope_of(page.campaign, envelope).short_label} {when}"
    end = region_landing(page, envelope)
    is_open = month_nb < 12
    landed = f" ; atterrissage {rate_words(end)} {rate_between(end)} à 80 %" if has_rate(end) and is_open else ""
    if is_open and end is not None and not pd.isna(end["target_eur"]):
        landed += f", dépasser : {chance_of(end).word} ({chance_of(end).chance})"
    found = position(page, envelope)
    known = found.state != "muted"
    return Card(
        title,
        amount if rate is None else french.percent(rate, signed=True),
        f"{'' if rate is None else amount}{landed}".removeprefix(" ; ") or page.target(envelope).label,
        found.state if known else None,
        found.label if known else "",
    )


def _completeness_card(page: Page) -> Card:
    missing = quality.missing_months(page.store, year=page.campaign.year)
    errors_nb = int((page.store.read(tables.FINDINGS)["severity"] == "error").sum())
    errors = f"{french.plural(errors_nb, 'erreur')} à régler ; " if errors_nb else ""
    if missing.empty:
        said = f"{errors}aucun mois de {page.campaign.year - 1} et {page.campaign.year} ne manque"
        return Card("Données", "Complètes", month_phrase(page.campaign), "warning" if errors_nb else "good", said)
    who = french.plural(missing["finess"].nunique(), "établissement")
    counts = missing["month"].dt.year.value_counts().sort_index(ascending=False)
    years = french.list_in_words([f"{count} de {year}" for year, count in counts.items()])
    return Card(
        "Données",
        f"{french.plural(len(missing), 'mois')} en défaut",
        f"{years} ; {who} ; {month_phrase(page.campaign)}",
        "warning",
        f"{errors}voir « Qualité des données »",
    )


def review_note(page: Page) -> Text | None:
    """Say how many of the published indicators nobody but their author has read; None when all were."""
    published = [stored_definition(text) for text in page.catalogue.drop_duplicates("indicator")["definition"]]
    published = [one for one in published if one.status == "published"]
    awaited_nb = sum(one.review_awaited is not None for one in published)
    if not awaited_nb:
        return None
    who = sorted({one.review_awaited for one in published if one.review_awaited})
    by = f" par {who[0]}" if len(who) == 1 else ""
    if awaited_nb == len(published) > 1:
        return Text.paragraphs(f"Les {awaited_nb} indicateurs publiés restent tous à relire{by} ; leur fiche le dit.")
    number = french.plural(len(published), "indicateur publié", "indicateurs publiés")
    verb = "restent" if awaited_nb > 1 else "reste"
    return Text.paragraphs(f"Sur {number}, {awaited_nb} {verb} à relire{by} ; le guide le dit.")


def discussion_table(page: Page) -> Table | Notice:
    """Return the establishments that weigh most in the growth of the region, with the reason to discuss each."""
    if page.settled("phmev")["evolution_pct"].isna().all():
        return Notice(
            "missing",
            "Cinq points à discuter",
            "Il y faut une année précédente : la campagne n'en nomme pas de fichier.",
        )
    rows = contributions(page.settled("phmev")).dropna(subset="rank").head(_DISCUSSED_NB)
    known = page.establishments.set_index("finess")
    frame = rows.assign(
        name=known["name"].reindex(rows["finess"]).to_numpy(),
        department=[department_label(code) for code in known["department"].reindex(rows["finess"])],
        href=known["href"].reindex(rows["finess"]).to_numpy(),
        position=[position_in(page, row).label for _, row in rows.iterrows()],
    )
    return Table.from_frame(
        frame,
        caption="Les cinq établissements qui contribuent le plus à la hausse de la PHMEV",
        columns=[
            ColumnFormat.text("name", "Établissement", href="href"),
            ColumnFormat.text("department", "Département"),
            ColumnFormat.compact_amount("change_eur", "Variation", signed=True),
            ColumnFormat.percent("evolution_pct", "Évolution", signed=True),
            ColumnFormat.points("contribution_points", "Contribution", decimals=2),
            ColumnFormat.text("position", "Situation"),
        ],
        notes=listed_changes_note(page, rows),
    )

"""The chapter of forecasts: who will exceed, how that has moved, and what such forecasts were worth here."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from caqes_analysis import french, tables
from caqes_analysis.chapters.contract_scope import borne_notes, is_borne
from caqes_analysis.chapters.landing import (
    at_80_pct,
    chance_of,
    chance_words,
    gap_between,
    has_rate,
    landing_sentence,
    likelihood_notes,
    outcome_header,
    rate_interval,
    region_landing,
    stake_words,
    why_not,
    year_title,
)
from caqes_analysis.chapters.level_changes import listed_changes_note
from caqes_analysis.chapters.page import Page
from caqes_analysis.chapters.sheet_spending import needs_months
from caqes_analysis.chapters.verdicts import months_words
from caqes_analysis.chapters.words import (
    MAIN_ENVELOPE,
    ORDER_OF_ENVELOPES,
    as_sentence,
    benchmark_notes,
    ordered_by_envelope,
    sentence_case,
)
from caqes_analysis.display import ColumnFormat, Figure, Notice, Table, Text
from caqes_analysis.display.charts import forecast_track
from caqes_analysis.evaluation.position import NO_OBJECT
from caqes_analysis.forecast.followed import EUROS
from caqes_analysis.forecast.likelihood import PROBABLE, UNLIKELY, likelihood_of
from caqes_analysis.labels import within_a_sentence

__all__ = [
    "answer",
    "not_estimable_table",
    "region_table",
    "stakes_table",
    "track_figure",
    "uncertain_table",
    "weather_table",
    "without_months",
]

_LISTED_NB = 25


def answer(page: Page) -> Text:
    """Return who will exceed, in one sentence, then where the region will end."""
    if page.campaign.is_annual:
        return Text.answer(
            "Aucune prévision : elle demande des dépenses mensuelles, et la campagne n'a que des bases annuelles."
        )
    rows = _compared(page)
    if rows.empty:
        return Text.answer("Aucune enveloppe n'a d'objectif ni de repère : rien ne peut être dépassé.")
    own = rows[rows["envelope"] == MAIN_ENVELOPE]
    region = landing_sentence(page, region_landing(page, MAIN_ENVELOPE), MAIN_ENVELOPE)
    if own.empty:
        return Text.answer(f"{region} Les autres enveloppes sont comparées plus bas.")
    words = [likelihood_of(value).word for value in own["prob_exceed"]]
    sure, unsure = sum(word in ("probable", "dépassé") for word in words), words.count("incertain")
    noun = french.elided("le", page.target(MAIN_ENVELOPE).noun)
    who = f"{french.plural(sure, 'établissement')} sur {len(own)}"
    if page.campaign.is_closed_year:
        verb = "a dépassé" if sure < 2 else "ont dépassé"
        whole = "entières et vérifiées" if page.unmatched else "entières"
        known = f"Parmi les établissements dont les deux années sont {whole}, {sure} sur {len(own)} {verb}"
        count = f"{known} {noun} PHMEV en {page.campaign.year}."
    else:
        verb = "dépassera" if sure < 2 else "dépasseront"
        doubt = f", et c'est incertain pour {unsure}" if unsure else ""
        count = f"{who} {verb} probablement {noun} PHMEV en {page.campaign.year}{doubt}."
    return Text.answer(f"{count} Région : {within_a_sentence(region)}")


def _compared(page: Page) -> pd.DataFrame:
    """Return the forecasts in euros whose target binds the establishment, or is a benchmark that binds nobody."""
    rows = _with_target(page)
    return rows[is_borne(page, rows)]


def _with_target(page: Page) -> pd.DataFrame:
    """Return the forecasts in euros that have a target: stakes in boxes are not of the same table."""
    rows = page.forecasts
    return rows[(rows["level"] == "establishment") & rows["prob_exceed"].notna() & (rows["unit_label"] == EUROS)]


def region_table(page: Page) -> Table | Notice:
    """Return the landing of every envelope over the region, with the euros over or under."""
    if page.campaign.is_annual:
        return needs_months("L'atterrissage de la région")
    rows = ordered_by_envelope(page.forecasts.query("level == 'region'")).reset_index(drop=True)
    shown = [row for _, row in rows.iterrows()]
    chances = [chance_words(chance_of(row)) for row in shown]
    frame = rows.assign(
        label=[page.label(code) for code in rows["envelope"]],
        rate=[rate_interval(row) if has_rate(row) else french.MISSING for row in shown],
        target=[page.target(code).short_label for code in rows["envelope"]],
        chance=[words for words, _ in chances],
        state=pd.Series([state for _, state in chances], dtype=object),
        gap=[gap_between(row) or "–" for row in shown],
    )
    left = frame[frame["reason"].str.contains("à part", na=False)]
    apart = [f"{row['label']} : {row['reason']}." for row in left.to_dict("records")]
    return Table.from_frame(
        frame,
        caption=f"{year_title(page)} de la région, somme des établissements",
        columns=[
            ColumnFormat.text("label", "Enveloppe"),
            ColumnFormat.text("rate", at_80_pct(page, "Évolution,"), align="right"),
            ColumnFormat.text("target", "Comparée à"),
            ColumnFormat.text("chance", outcome_header(page), state="state"),
            ColumnFormat.text("gap", at_80_pct(page, "Écart")),
        ],
        notes=[
            *likelihood_notes(page),
            *apart,
            *borne_notes(page, ordered_by_envelope(_with_target(page))),
            *benchmark_notes(page, rows["envelope"]),
        ],
    )


def weather_table(page: Page) -> Table | Notice:
    """Return the establishments and envelopes that will probably exceed, the highest stake first."""
    if page.campaign.is_annual:
        return needs_months("La météo des établissements")
    rows = _compared(page)
    if rows.empty:
        return Notice("missing", "Météo des établissements", "Aucun objectif ni repère d'enveloppe n'est renseigné.")
    unlikely = int((rows["prob_exceed"] <= UNLIKELY).sum())
    if page.campaign.is_closed_year:
        kept = french.plural(unlikely, "comparaison où la limite est tenue", "comparaisons où la limite est tenue")
        notes = ["Enjeu : le dépassement de l'année. Le tableau est rangé par enjeu."]
    else:
        kept = french.plural(unlikely, "prévision « peu probable »", "prévisions « peu probable »")
        notes = [
            "Enjeu : dépassement moyen attendu, soit la probabilité multipliée par le dépassement quand il a lieu. Le "
            "tableau est rangé par enjeu."
        ]
    notes += [*likelihood_notes(page), f"{kept} hors du tableau, sur les fiches."]
    outside = len(_with_target(page)) - len(rows)
    if outside:
        lines = french.plural(outside, "comparaison à un objectif", "comparaisons à un objectif")
        notes.append(f"{lines} que le contrat de l'établissement ne porte pas : hors du tableau.")
    counted = page.forecasts.loc[page.forecasts["unit_label"] != EUROS, "envelope"].unique().tolist()
    if counted:
        labels = french.list_in_words([page.label(code) for code in counted])
        notes.append(f"{labels} : enjeu compté autrement qu'en euros, sur la page de l'indicateur et sur les fiches.")
    year = page.campaign.year
    caption = f"Météo de {year} : établissements et enveloppes qui dépasseront probablement"
    if page.campaign.is_closed_year:
        caption = f"Établissements et enveloppes qui ont dépassé en {year}"
    return stakes_table(page, rows[rows["prob_exceed"] >= PROBABLE], caption=caption, notes=notes)


def uncertain_table(page: Page) -> Table | None:
    """Return where the year can still go either way, the highest stake first."""
    rows = _compared(page)
    unsure = rows[(rows["prob_exceed"] > UNLIKELY) & (rows["prob_exceed"] < PROBABLE)]
    if unsure.empty:
        return None
    return stakes_table(page, unsure, caption=f"Météo de {page.campaign.year} : là où tout peut encore basculer")


def stakes_table(
    page: Page, rows: pd.DataFrame, *, caption: str, notes: Sequence[str] = (), names_envelope: bool = True
) -> Table:
    """Return forecasts of establishments, the highest stake first.

    Parameters
    ----------
    page
        The data of the notebook.
    rows
        Rows of ``forecasts``.
    caption, notes
        Of the table.
    names_envelope
        False when all the rows are about one envelope or indicator, which the page names.
    """
    ahead = rows.sort_values(["expected_excess_eur", "series"], ascending=[False, True])
    listed = ahead.head(_LISTED_NB).reset_index(drop=True)
    shown = [row for _, row in listed.iterrows()]
    known = page.establishments.set_index("finess")
    chances = [chance_words(chance_of(row)) for row in shown]
    frame = listed.assign(
        name=known["name"].reindex(listed["subject"]).to_numpy(),
        href=known["href"].reindex(listed["subject"]).to_numpy(),
        label=[page.label(code) for code in listed["envelope"]],
        rate=[rate_interval(row) for row in shown],
        target=[page.target(code).short_label for code in listed["envelope"]],
        chance=[words for words, _ in chances],
        state=pd.Series([state for _, state in chances], dtype=object),
        stake=[stake_words(row) for row in shown],
        value_status="reported",
    )
    own = listed.rename(columns={"subject": "finess"})
    changed = listed_changes_note(page, own, names_envelope=names_envelope)
    hidden = len(ahead) - len(listed)
    is_void = len(listed) and not listed["expected_excess_eur"].iloc[-1]
    rest = (
        f"{french.plural(hidden, 'ligne')} d'enjeu {'nul' if is_void else 'plus faible'} hors du tableau ; "
        f"{'elles sont' if hidden > 1 else 'elle est'} sur les fiches."
    )
    return Table.from_frame(
        frame,
        caption=caption,
        columns=[
            ColumnFormat.text("name", "Établissement", href="href"),
            *([ColumnFormat.text("label", "Enveloppe")] if names_envelope else []),
            ColumnFormat.text("rate", at_80_pct(page, "Évolution,"), align="right", is_corrected="is_corrected"),
            ColumnFormat.text("target", "Comparée à"),
            ColumnFormat.text("chance", outcome_header(page), state="state"),
            # Each amount in its own unit: the same stake reads the same in the tables of several pages.
            ColumnFormat.text("expected_excess_eur", "Enjeu", align="right", write=french.compact_euros, sort_key=float)
            if rows["unit_label"].isin([EUROS]).all()
            else ColumnFormat.text("stake", "Enjeu", align="right"),
        ],
        notes=[*notes, *changed, *([rest] if hidden else []), *benchmark_notes(page, dict.fromkeys(rows["envelope"]))],
    )


def not_estimable_table(page: Page) -> Table | Notice | None:
    """Return the series that are not forecast and why, then the targets that have no month to be forecast from."""
    if page.campaign.is_annual:
        return None
    rows = page.forecasts
    lost = rows[(rows["level"] == "establishment") & (rows["evolution_pct"].isna())].reset_index(drop=True)
    if lost.empty:
        return Notice("info", "Toutes les séries sont prévues", "Aucune série reçue n'est laissée sans prévision.")
    known = page.establishments.set_index("finess")
    told = ordered_by_envelope(lost).assign(why=lambda rows: [why_not(page, row) for _, row in rows.iterrows()])
    frame = pd.DataFrame(
        [
            (finess, why, french.list_in_words([page.label(code) for code in own["envelope"]]))
            for (finess, why), own in told.groupby(["subject", "why"], sort=False)
        ],
        columns=["finess", "why", "label"],
    )
    frame = frame.assign(**{column: known[column].reindex(frame["finess"]).to_numpy() for column in ("name", "href")})
    return Table.from_frame(
        frame,
        caption="Séries sans taux prévu, et pourquoi",
        columns=[
            ColumnFormat.text("name", "Établissement", href="href"),
            ColumnFormat.text("label", "Enveloppes"),
            ColumnFormat.text("why", "Raison"),
        ],
    )


def without_months(page: Page) -> Notice | None:
    """Return which indicators have a target and no month: their year cannot be forecast."""
    if page.campaign.is_annual:
        return None
    rows = page.targets
    asked = rows[
        (rows["scheme"] == page.campaign.scheme)
        & (rows["data_year"] == page.campaign.year)
        & rows["measure"].str.endswith("evolution_pct")
        & rows["value"].notna()
    ]
    told = {page.target(code).subject for code in page.forecasts["envelope"].unique()}
    known = page.indicator_names
    names = [known[subject] for subject in sorted(set(asked["subject"]) - told) if subject in known]
    if not names:
        return None
    return Notice(
        "missing",
        f"Pas de prévision faute de mois ({french.list_in_words(names)})",
        "Leur source est une base annuelle, sans mois ni pour les euros ni pour les boîtes : ils se lisent une fois "
        "l'année close. Une région qui les reçoit au mois "
        "les déclare comme enveloppes (envelopes), sous le nom de l'indicateur.",
    )


def track_figure(page: Page, envelope: str | None = None) -> Figure | Notice | None:
    """Return how the forecast of an envelope has moved as months arrived: of the establishment, or of the region.

    Parameters
    ----------
    page
        The data of the notebook.
    envelope
        The envelope, or an indicator that is forecast; the one that leads the page when None.
    """
    if page.campaign.is_annual:
        return None
    envelope = envelope or page.lead_envelope
    level = "region" if page.finess is None else "establishment"
    rows = page.forecast_track
    own = rows[(rows["level"] == level) & (rows["envelope"] == envelope)]
    if own["evolution_pct"].isna().all():
        last = None if own.empty else own.iloc[-1]
        why = why_not(page, last).removeprefix("non estimable : ").removeprefix("pas de taux, ")
        text = f"{sentence_case(why)}."
        if NO_OBJECT not in why:
            text = f"Aucun taux n'est estimable pour cette enveloppe : {why}."
        return Notice("missing", "Comment la prévision a bougé", text)
    absent = _months_absent(page, envelope, own)
    own = own[~own["as_of"].isin(absent)]
    target = page.target(envelope)
    kept = page.store.has(tables.REPLACED_SPEND)
    how = (
        "Chaque prévision est refaite avec les mois reçus alors ; là où la campagne garde ses livraisons antérieures, "
        "les montants sont ceux d'alors."
        if kept
        else "Chaque prévision est refaite avec les mois d'alors, aux montants d'aujourd'hui : la campagne ne garde "
        "pas ses livraisons antérieures."
    )
    name = page.campaign.region.name if page.finess is None else str(page.establishment["name"])
    sums = _perimeters(own)
    return forecast_track(
        own,
        year=page.campaign.year,
        name=name,
        envelope=envelope if envelope in ORDER_OF_ENVELOPES else page.label(envelope),
        target_pct=target.value,
        target_label=target.noun,
        is_one_perimeter=not sums,
        notes=[
            f"Trait épais : intervalle à 80 % ; trait fin : à 95 %. {how}",
            *sums,
            *_absent_note(absent),
            as_sentence(target.label),
        ],
    )


def _months_absent(page: Page, envelope: str, own: pd.DataFrame) -> list[pd.Timestamp]:
    """Return the months of which the establishment of a sheet gave nothing: the forecast of the month before stands."""
    if page.finess is None:
        return []
    months = page.months(envelope)
    empty = months.loc[months["amount_eur"].isna(), "month"]
    return [month for month in own["as_of"] if month in set(empty)]


def _absent_note(absent: Sequence[pd.Timestamp]) -> list[str]:
    if not absent:
        return []
    named = french.list_in_words([french.month_year(month) for month in absent])
    return [f"Sans ligne : {named}, non {'reçus' if len(absent) > 1 else 'reçu'}."]


def _perimeters(own: pd.DataFrame) -> list[str]:
    """Say how many establishments each forecast sums, where that changes from one month to another; often nothing."""
    rows = own.dropna(subset=["evolution_pct"]).sort_values("as_of")
    counts = rows["reason"].str.extract(r"^somme de (\d+) établissement", expand=False)
    if counts.nunique() < 2:
        return []
    months = rows["as_of"].dt.month.groupby(counts, sort=False)
    said = [f"de {french.plural(int(str(count)), 'établissement')} {months_words(some)}" for count, some in months]
    return [f"Somme {french.list_in_words(said)}{french.NBSP}: ces taux ne se comparent pas entre eux."]

"""The chapter of one envelope: PHMEV, or one half of the liste en sus."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from caqes_analysis import french
from caqes_analysis.chapters.constant_perimeter import perimeter_note
from caqes_analysis.chapters.corrected import with_corrected_years
from caqes_analysis.chapters.cumuls import only_cumuls_words
from caqes_analysis.chapters.page import Page
from caqes_analysis.chapters.part_months import part_months_note, unmatched_note
from caqes_analysis.chapters.region import by_cumul_notes, left_out_notes, region_months
from caqes_analysis.chapters.sheet_spending import needs_months, without_provisional
from caqes_analysis.chapters.verdicts import judged, no_object, no_object_notes, position_in, year_gap
from caqes_analysis.chapters.words import (
    as_sentence,
    category_words,
    envelope_of,
    period_label,
    sentence_case,
    through_phrase,
)
from caqes_analysis.departments import department_label
from caqes_analysis.display import ColumnFormat, Figure, Notice, Table
from caqes_analysis.display.charts import distribution, monthly_spending, small_multiples, year_totals
from caqes_analysis.indicators.evolution import in_both_years, sum_evolutions

__all__ = ["department_panels", "establishment_table", "levels_figure", "monthly_figure", "position_figure"]

_AMOUNT_AND_RATE = (
    "son montant, sa part et son taux sont ceux",
    "leur montant, leur part et leur taux sont ceux",
)
_NO_MONTHS = (
    "il est écarté, toutes les années, des mois que ses cumuls couvrent",
    "ils sont écartés, toutes les années, des mois que leurs cumuls couvrent",
)
_WEIGHT = "Le poids se lit sur le total de la région, ce que ce taux laisse de côté compris."
_NO_RATE = "Il y faut l'année {year} : la campagne n'en nomme aucun fichier, ou aucun mois n'est comparable."


def monthly_figure(page: Page, envelope: str) -> Figure | Notice:
    """Return the monthly spending of the region against the two previous years."""
    if page.campaign.is_annual:
        return needs_months("La dépense mensuelle")
    rows = region_months(page, envelope, counts_cumuls=False)
    if rows.empty:
        return Notice("missing", "Dépense mensuelle", "Aucun mois n'a été reçu pour cette enveloppe.")
    # Who is known by cumuls is left out of the months that they cover: without anyone left out, there is nobody.
    whole = region_months(page, envelope) if rows["left_out_nb"].any() else rows
    by_cumul = by_cumul_notes(whole, page.campaign.year, _NO_MONTHS)
    if by_cumul and rows.loc[rows["month"].dt.year == page.campaign.year, "amount_eur"].isna().all():
        return Notice(
            "info", "Dépense mensuelle", only_cumuls_words([envelope_of(page.campaign, envelope).short_label])
        )
    apart = perimeter_note(page, envelope)
    return monthly_spending(
        rows,
        year=page.campaign.year,
        name=page.campaign.region.name,
        envelope=envelope,
        notes=[*([apart] if apart else []), *left_out_notes(whole), *by_cumul],
    )


def department_panels(page: Page, envelope: str) -> Figure | Notice:
    """Return the months of each department, on one scale."""
    if page.campaign.is_annual:
        return needs_months("La dépense mensuelle par département")
    rows = without_provisional(region_months(page, envelope, by="department"))
    if rows.empty:
        return Notice("missing", "Dépense par département", "Aucun mois n'a été reçu pour cette enveloppe.")
    opened = _opened_departments(page, envelope)
    labels = [department_label(code) for code in rows["group"]]
    labelled = rows.assign(label=labels, is_new=[label in opened for label in labels])
    figure = small_multiples(labelled, year=page.campaign.year, name=page.campaign.region.name, envelope=envelope)
    if opened:
        aside = f"Taux sans objet : {french.list_in_words(opened)}, où rien n'était ouvert toute l'année précédente."
        figure = replace(figure, notes=(*figure.notes, aside))
    return _with_perimeter(page, envelope, figure)


def _opened_departments(page: Page, envelope: str) -> list[str]:
    """Return which departments have no rate, because all they hold has opened since the year before began."""
    rows = page.settled(envelope)
    department = page.establishments.set_index("finess")["department"].reindex(rows["finess"]).to_numpy()
    compared = in_both_years(rows).groupby(department).any()
    return [department_label(code) for code in compared.index[~compared]] if compared.any() else []


def position_figure(page: Page, envelope: str) -> Figure | Notice:
    """Return where every establishment stands against the target or the benchmark."""
    rows = page.settled(envelope)
    if rows.empty or rows["evolution_pct"].isna().all():
        return Notice("missing", "Position des établissements", _NO_RATE.format(year=page.campaign.year - 1))
    target = page.target(envelope)
    names = page.establishments.set_index("finess")["name"]
    without = {row["finess"]: why for _, row in rows.iterrows() if (why := no_object(page, row)) is not None}
    apart = french.list_in_words([f"{names.get(finess, finess)} ({why})" for finess, why in without.items()])
    rows = rows[~rows["finess"].isin(list(without))]
    frame = rows.assign(name=names.reindex(rows["finess"]).to_numpy(), value=rows["evolution_pct"])
    if target.value is not None and len(judged(page, rows)):  # the title counts those that the home page counts
        gaps = [year_gap(page, row) for _, row in rows.iterrows()]
        aside = [None if gap is None else f"pas de verdict, {gap}" for gap in gaps]
        frame["set_aside"] = pd.Series(aside, index=frame.index, dtype=object)
    period = through_phrase(page.campaign, page.campaign.settled_month_nb)
    return distribution(
        frame,
        caption=f"Taux d'évolution {envelope_of(page.campaign, envelope).short_label}, {period}",
        target_pct=target.value,
        target_label=target.noun,
        month_nb=page.campaign.settled_month_nb,
        notes=[
            as_sentence(target.label),
            *([f"Sans objet, donc sans point : {apart}."] if apart else []),
            *part_months_note(page, rows, ("son taux est celui", "leur taux est celui")),
        ],
    )


def levels_figure(page: Page, envelope: str) -> Figure | Notice:
    """Return how the spending divides between the categories of establishments."""
    rows = page.settled(envelope)
    if rows.empty:
        return Notice("missing", "Dépense par catégorie", "Aucune dépense n'a été reçue pour cette enveloppe.")
    compared = rows[in_both_years(rows)]
    new = rows[~in_both_years(rows)] if len(compared) else rows.head(0)
    rows = compared if len(compared) else rows
    category = page.establishments.set_index("finess")["category"].reindex(rows["finess"])
    labelled = with_corrected_years(page, rows).assign(
        label=[sentence_case(category_words(word)) if isinstance(word, str) else "Non renseignée" for word in category]
    )
    sums = labelled.groupby("label", as_index=False).agg(
        amount_eur=("current_eur", "sum"),
        previous_eur=("previous_eur", "sum"),
        establishments_nb=("finess", "nunique"),
        is_corrected=("is_corrected", "any"),
        now_is_corrected=("now_is_corrected", "any"),
        was_corrected=("was_corrected", "any"),
    )
    if not sums["previous_eur"].astype("float64").sum():
        sums = sums.drop(columns="previous_eur")
    figure = year_totals(
        sums,
        year=page.campaign.year,
        name=page.campaign.region.name,
        envelope=envelope,
        month_nb=page.campaign.settled_month_nb,
    )
    if len(new):
        names = page.establishments.set_index("finess")["name"].reindex(new["finess"]).fillna("").tolist()
        others = french.plural(len(rows), "autre établissement", "autres établissements")
        aside = (
            f"Hors des parts et des totaux aussi : {french.list_in_words(names)} "
            f"({french.compact_euros(new['current_eur'].sum())}) ; ils sont ceux des {others}."
        )
        figure = replace(figure, notes=(aside, *figure.notes))
    return _with_perimeter(page, envelope, figure)


def _with_perimeter(page: Page, envelope: str, figure: Figure) -> Figure:
    apart = perimeter_note(page, envelope)
    return replace(figure, notes=(apart, *figure.notes)) if apart else figure


def establishment_table(page: Page, envelope: str) -> Table | Notice:
    """Return every establishment: amount, evolution, position, weight; the region as total."""
    rows = page.settled(envelope)
    if rows.empty:
        return Notice("missing", "Établissements", "Aucune dépense n'a été reçue pour cette enveloppe.")
    month_nb, year = page.campaign.settled_month_nb, page.campaign.year
    target = page.target(envelope)
    known = page.establishments.set_index("finess")
    positions = [position_in(page, row) for _, row in rows.iterrows()]
    whole = rows["current_eur"].sum()
    marked = with_corrected_years(page, rows)
    frame = marked.assign(
        name=known["name"].reindex(rows["finess"]).to_numpy(),
        href=known["href"].reindex(rows["finess"]).to_numpy(),
        department=[department_label(code) for code in known["department"].reindex(rows["finess"])],
        share_pct=100 * rows["current_eur"].astype("float64") / float(whole) if whole else float("nan"),
        position=[found.short for found in positions],
        state=[found.state for found in positions],
    ).sort_values(["current_eur", "finess"], ascending=[False, True])
    previous = rows["previous_eur"].sum()
    total = pd.DataFrame(
        {
            "name": ["Région"],
            "href": [None],
            "department": [french.plural(len(rows), "établissement")],
            "current_eur": [whole],
            "evolution_pct": sum_evolutions(rows, ["envelope"])["evolution_pct"].tolist(),
            "share_pct": [100.0],
            "position": [""],
            "state": [None],
            "value_status": ["reported"],
            "is_provisional": [False],
            "is_corrected": [bool(rows["is_corrected"].any())],
            "now_is_corrected": [bool(marked["now_is_corrected"].any())],
        }
    )
    columns = [
        ColumnFormat.text("name", "Établissement", href="href"),
        ColumnFormat.text("department", "Département"),
        ColumnFormat.amount(
            "current_eur", period_label(year, month_nb), cents=month_nb == 12, is_corrected="now_is_corrected"
        ),
        ColumnFormat.percent("share_pct", "Poids dans la région", is_corrected="now_is_corrected"),
        ColumnFormat.percent("evolution_pct", "Évolution", signed=True),
        ColumnFormat.text("position", "Situation", state="state"),
    ]
    if not previous:
        columns = columns[:4]
    short, apart = envelope_of(page.campaign, envelope).short_label, perimeter_note(page, envelope)
    return Table.from_frame(
        frame,
        caption=f"{short} par établissement, {through_phrase(page.campaign, month_nb)}",
        columns=columns,
        totals=total,
        notes=[
            *filter(None, (apart, apart and _WEIGHT, as_sentence(target.label), as_sentence(target.perimeter_label))),
            *no_object_notes(page, rows),
            *part_months_note(page, rows, _AMOUNT_AND_RATE),
            *unmatched_note(page, rows),
        ]
        if previous
        else [],
    )

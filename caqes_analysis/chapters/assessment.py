"""The evaluation of the contracts: who is targeted, what was reached, what it brings or costs, each step shown."""

from __future__ import annotations

import pandas as pd

from caqes_analysis import french, tables
from caqes_analysis.chapters.assessment_scale import grid_sentences
from caqes_analysis.chapters.assessment_words import (
    ATTAINMENT_WORDS,
    OBJECTIVES,
    REFERENCE_WORDS,
    STATUS_WORDS,
    TOTALS,
    attained_words,
    threshold_notes,
    with_amounts,
    with_values,
)
from caqes_analysis.chapters.page import Page
from caqes_analysis.contract_level import contract_keys
from caqes_analysis.display import ColumnFormat, Notice, Table, Text
from caqes_analysis.evaluation.assess import evaluated_year
from caqes_analysis.evaluation.campaign import grid_of
from caqes_analysis.savings.incentive import total_of
from caqes_analysis.schemes.rule_words import GATE_WORDS, limits_words, term_words
from caqes_analysis.schemes.rules import RegionalIncentiveRule
from caqes_analysis.schemes.terms import UNKNOWN

__all__ = [
    "answer",
    "evaluations",
    "incentive_table",
    "is_official",
    "objectives_table",
    "realisation_table",
    "region_total",
    "rules",
    "targeting_table",
    "with_owners",
]


def evaluations(page: Page) -> pd.DataFrame:
    """Return the evaluations of the region's contracts, with the name and the sheet of each establishment."""
    return with_owners(page, page.evaluations)


def with_owners(page: Page, rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows of contracts with the name and the sheet of the establishment that bears each."""
    known = page.establishments.set_index("finess")
    contract_of = contract_keys(page.store.read(tables.ESTABLISHMENTS))
    first = {contract_of.get(finess, finess): finess for finess in reversed(known.index.tolist())}
    owner = [finess if finess in known.index else first.get(finess, finess) for finess in rows["contract_finess"]]
    return rows.assign(
        name=known["name"].reindex(owner).fillna(rows["contract_finess"].set_axis(owner)).to_numpy(),
        href=known["href"].reindex(owner).to_numpy(),
    )


def answer(page: Page) -> Text:
    """Return what the contracts' year comes to, in one sentence or two."""
    rows = page.evaluations
    year = evaluated_year(page.campaign)
    if rows.empty:
        return Text.answer(f"Aucun contrat {page.scheme.name} n'est évalué pour {year}.")
    contracts_nb = rows["contract_finess"].nunique()
    contracts = f"{french.plural(contracts_nb, 'contrat')} {'évalués' if contracts_nb > 1 else 'évalué'}"
    words = attained_words(rows)
    head = f"Pour {year}, {contracts}{f' : {words}' if words else ' : aucun objectif n’a de verdict'}"
    return Text.answer(". ".join([head, *_money(page, rows)]) + ".")


def _money(page: Page, rows: pd.DataFrame) -> list[str]:
    """Return a sentence for the incentive, one for the scores and one for what they cost, as far as there are."""
    sentences = []
    totals = rows[rows["kind"] == "incentive"]
    if len(totals):
        computed = totals[totals["amount_eur"].notna()]
        left = len(totals) - len(computed)
        amount = french.euros(total_of(computed["amount_eur"]) if len(computed) else None, cents=True)
        paid_nb = int((computed["amount_eur"] > 0).sum())
        formula = " calculé" if is_official(page) else ", calculé selon une formule non officielle,"
        paid = (
            f"L'intéressement{formula} est de {amount} pour {french.plural(len(computed), 'contrat')} ; il est "
            f"supérieur à zéro pour {paid_nb}"
        )
        none = f"L'intéressement est non calculable pour {french.plural(left, 'contrat')}"
        partial = int((computed["status"] == "partial").sum())
        part = f" (dont {french.plural(partial, 'partiel')} en tout)" if partial else ""
        rest = f", et non calculable pour {french.plural(left, 'autre')}" if left else ""
        sentences.append(f"{paid}{part}{rest}" if len(computed) else none)
    sentences += _regional_money(rows)
    scores = rows[rows["kind"] == "score"]
    if len(scores):
        known = scores["score"].dropna().astype(float)
        left = len(scores) - len(known)
        rated = french.plural(len(known), "contrat noté", "contrats notés")
        scale = " sur 100" if (grid := grid_of(page.campaign)) is not None and grid.score.scale == "percent" else ""
        middle = f"Le score médian de {rated} est de {french.number(known.median(), 1)}{scale}"
        lost = french.plural(left, "score n'est pas calculable", "scores ne sont pas calculables")
        sentences.append(f"{middle if len(known) else 'Aucun contrat n’est noté'}{f' ; {lost}' if left else ''}")
    return [*sentences, *_sanctions(page, rows)]


def _regional_money(rows: pd.DataFrame) -> list[str]:
    """Return what the region would pay from its own fund; nothing when it pays nobody and nobody could know."""
    totals = rows[rows["kind"] == "regional_incentive"]
    known = totals["amount_eur"].dropna()
    if known.empty:
        return []
    paid_nb, left = int((known > 0).sum()), int((totals["status"] == "not_computable").sum())
    rest = f", et non calculable pour {french.plural(left, 'autre')}" if left else ""
    return [
        "La part régionale, selon le barème que fixe la région, est de "
        f"{french.euros(total_of(known), cents=True)} pour {french.plural(len(known), 'contrat')} ; "
        f"elle est supérieure à zéro pour {paid_nb}{rest}"
    ]


def _sanctions(page: Page, rows: pd.DataFrame) -> list[str]:
    """Return what the grid would cost, with what stands before anybody pays; nothing when it costs nothing."""
    due = rows[(rows["kind"] == "sanction") & rows["amount_eur"].notna()]
    due = due[due["amount_eur"].astype(float) > 0]
    grid = grid_of(page.campaign)
    if due.empty or grid is None:
        return []
    whom = french.plural(len(due), "contrat")
    total = french.euros(total_of(due["amount_eur"]), cents=True)
    return [
        f"Avant procédure contradictoire, la grille donnerait une sanction à {whom}, {total} en tout ; {grid.label}"
    ]


def rules(page: Page) -> Text:
    """Return the rules that apply, each with its source, and what nobody has given yet."""
    lines = []
    rule, regional, grid = page.scheme.incentive, page.scheme.regional_incentive, grid_of(page.campaign)
    if rule is not None:
        kind = "officielle" if rule.official else "non officielle"
        lines.append(
            f"Intéressement, formule {kind} : économies = max(0 ; N-1 − N), montant = taux × économies × effet de "
            f"l'objectif, arrondi au centime. Source : {rule.source}."
        )
        names = page.store.read(tables.INDICATORS).set_index("indicator")["name"]
        own = [f"{names.get(code, code)} : {term_words(rate, '%')}" for code, rate in rule.rates_pct.items()]
        lines.append(
            f"Taux {term_words(rule.rate_pct, '%')}{f' ({french.list_in_words(own)})' if own else ''} ; effet de "
            f"l'objectif {GATE_WORDS[rule.gate]} ; {limits_words(rule)} ; compensation entre indicateurs : "
            f"{'aucune' if rule.netting == 'none' else 'dans le contrat'}."
        )
        lines.append(_mergers(page, is_given=rule.mergers != UNKNOWN))
    if regional is not None:
        lines.append(_regional_words(page, regional))
    if page.scheme.is_graded:
        lines.append(
            "Aucune grille d'évaluation n'est nommée dans la campagne (evaluation_grid) : ni score, ni sanction."
            if grid is None
            else f"Score et sanction : {grid.label}. Source : {grid.source}."
        )
        lines += grid_sentences(page)
    return Text.bullets(*(lines or ["Ce dispositif n'a ni intéressement, ni grille."]))


def _regional_words(page: Page, rule: RegionalIncentiveRule) -> str:
    """Return the scale of the regional part, amount by amount, and whose contracts it bears on."""
    names = page.indicator_names
    if rule.basis == "per_indicator":
        asked = [(names.get(one, one), rule.amounts_eur.get(one, UNKNOWN)) for one in rule.indicators]
        terms = [f"{name}, {term_words(amount, '€')} si l'objectif est atteint" for name, amount in asked]
    else:
        terms = [
            f"à partir de {french.plural(tier.attained_from_nb, 'objectif atteint', 'objectifs atteints')}, "
            f"{french.euros(tier.amount_eur)}"
            for tier in rule.tiers
        ]
    whom = "tous les contrats" if rule.contracts == "all" else "les contrats qui ont l'indicateur"
    scale = f" : {' ; '.join(terms)} ; {whom}" if terms else ""
    return f"Part régionale : barème {_BASES[rule.basis]}{scale}. Source : {rule.source}."


def _mergers(page: Page, *, is_given: bool) -> str:
    """Return how a merger counts, whether somebody gave that, and which contracts evaluated it changes."""
    counted = "un établissement repris est compté, les deux années, avec celui qui l'a repris"
    source = "" if is_given else " ; aucun texte trouvé ne le dit, et la région ne l'a pas écrit"
    rows = evaluations(page)
    taken = page.store.read(tables.SUCCESSIONS)
    recent = taken[taken["since"] > pd.Timestamp(evaluated_year(page.campaign) - 1, 1, 1)]
    contract_of = contract_keys(page.store.read(tables.ESTABLISHMENTS))
    joined = {contract_of.get(finess, finess) for finess in recent["current_finess"]}
    names = sorted(rows[rows["contract_finess"].isin(joined)]["name"].dropna().unique())
    word = "contrats concernés" if len(names) > 1 else "contrat concerné"
    whom = f"{word} : {french.list_in_words(names)}" if names else "aucun contrat évalué n'est concerné"
    return f"Fusions : {counted}{source} ; {whom}."


_BASES = {"per_indicator": "par indicateur", "by_number": "par nombre d'objectifs atteints", "unknown": "inconnu"}


def targeting_table(page: Page) -> Table | Notice:
    """Return who each référentiel targets; nothing of what must be reached."""
    rows = evaluations(page)
    rows = rows[rows["reference_status"].notna()]
    if rows.empty:
        return Notice(
            "missing", "Référentiels", "Aucun référentiel n'est défini pour les indicateurs de ce dispositif."
        )
    return Table.from_frame(
        rows,
        caption=f"Référentiels de {evaluated_year(page.campaign)} : qui est ciblé, et pourquoi",
        columns=[
            ColumnFormat.text("name", "Établissement", href="href"),
            ColumnFormat.text("label", "Indicateur"),
            ColumnFormat.status("reference_status", "Référentiel", REFERENCE_WORDS),
            ColumnFormat.text("reference_detail", "Pourquoi"),
        ],
        notes=["Une seule condition remplie suffit à respecter le référentiel. Un référentiel n'est pas un objectif."],
    )


def objectives_table(page: Page) -> Table | Notice:
    """Return, indicator by indicator, how many contracts attained their objective."""
    rows = page.evaluations
    rows = rows[rows["kind"].isin(OBJECTIVES)]
    if rows.empty:
        return Notice("missing", "Objectifs par indicateur", "Aucun contrat n'est évalué cette année.")
    found = []
    for label, own in sorted(rows.groupby("label"), key=lambda pair: french.alphabetical(str(pair[0]))):
        counts = own["attainment"].value_counts()
        attained, missed = int(counts.get("attained", 0)), int(counts.get("not_attained", 0))
        outside = int(counts.get("not_applicable", 0))
        found.append(
            {
                "label": label,
                "target_text": _bare(own["target_label"].dropna().min()) if own["target_label"].notna().any() else "–",
                "contracts_nb": len(own),
                "attained_nb": attained,
                "missed_nb": missed,
                "without_nb": len(own) - attained - missed - outside,
                "outside_nb": outside,
            }
        )
    return Table.from_frame(
        pd.DataFrame(found),
        caption=f"Objectifs de {evaluated_year(page.campaign)}, indicateur par indicateur",
        columns=[
            ColumnFormat.text("label", "Indicateur"),
            ColumnFormat.count("attained_nb", "Atteint"),
            ColumnFormat.count("missed_nb", "Non atteint"),
            ColumnFormat.count("without_nb", "Sans verdict"),
            ColumnFormat.count("outside_nb", "Sans objet"),
            ColumnFormat.count("contracts_nb", "Contrats"),
            ColumnFormat.text("target_text", "Objectif"),
        ],
        notes=[
            _whose(page),
            *threshold_notes(rows, page.targets, scheme=page.scheme.id, year=evaluated_year(page.campaign)),
        ],
    )


def _bare(label: str) -> str:
    """Return an objective as the column of objectives holds it: its header says the word."""
    return label if label.startswith("objectif non") else label.removeprefix("objectif ")


def _whose(page: Page) -> str:
    """Say why a contract answers for an indicator; the rule of the region may give some of them to every contract."""
    rule = page.scheme.regional_incentive
    of_all = rule.indicators if rule is not None and rule.contracts == "all" else ()
    names = french.list_in_words([page.indicator_names.get(one, one) for one in of_all])
    whose = "Contrats : ceux qui répondent de l'indicateur, parce qu'ils le nomment"
    if not of_all:
        return f"{whose} ou qu'ils ont signé son volet."
    return f"{whose}, qu'ils ont signé son volet, ou que la part régionale le compte pour tous ({names})."


def realisation_table(page: Page) -> Table | Notice:
    """Return what each contract reached, indicator by indicator."""
    rows = evaluations(page)
    rows = rows[rows["kind"].isin(OBJECTIVES)]
    if rows.empty:
        return Notice("missing", "Objectifs", "Aucun contrat n'est évalué cette année.")
    shown = with_values(rows).assign(
        target_text=[_bare(one) for one in rows["target_label"].fillna("objectif non renseigné")]
    )
    is_judged = shown["attainment"].isin(["attained", "not_attained"])
    # The reason of a line without euros is about its money; what its verdict lacks is an objective.
    without_euros = (shown["status"] == "not_valued") & (shown["attainment"] == "unknown")
    lacking = shown["target_value"].isna().map({True: "objectif non renseigné", False: "valeur non reçue"})
    shown["why"] = shown["reason_text"].mask(without_euros, lacking).where(~is_judged, "–")
    return Table.from_frame(
        shown,
        caption=f"Objectifs de {evaluated_year(page.campaign)} : ce que chaque contrat a atteint",
        columns=[
            ColumnFormat.text("name", "Établissement", href="href"),
            ColumnFormat.text("label", "Indicateur"),
            ColumnFormat.text("period", "Période"),
            ColumnFormat.text("value_text", "Valeur", align="right"),
            ColumnFormat.text("target_text", "Objectif"),
            ColumnFormat.status("attainment", "Réalisation", ATTAINMENT_WORDS),
            *([] if is_judged.all() else [ColumnFormat.text("why", "Pourquoi")]),
        ],
    )


_PARTS = {"incentive": "part nationale", "regional_incentive": "part régionale"}

_STEPS = [
    ColumnFormat.text("previous_text", "N-1", align="right"),
    ColumnFormat.text("current_text", "N", align="right"),
    ColumnFormat.text("saving_text", "Économies constatées", align="right"),
    ColumnFormat.text("kept_saving_text", "Économies retenues", align="right"),
    ColumnFormat.text("gate_text", "Effet de l'objectif", align="right"),
    ColumnFormat.text("rate_text", "Taux", align="right"),
    ColumnFormat.text("gross_text", "Avant plancher et plafond", align="right"),
    ColumnFormat.text("due_text", "Montant", align="right"),
    ColumnFormat.text("reason_text", "Remarque"),
]


def incentive_table(page: Page) -> Table | Notice:
    """Return every step of the incentive of each contract, to the cent."""
    if not page.scheme.shares_savings:
        return Notice("info", "Intéressement", f"Le dispositif {page.scheme.name} n'a pas d'intéressement.")
    rows = evaluations(page)
    totals = rows[rows["kind"].isin(TOTALS)]
    if totals.empty:
        return Notice("missing", "Intéressement", "Aucun contrat n'a d'indicateur intéressé cette année.")
    kinds = [*OBJECTIVES, *TOTALS]
    caption = f"Intéressement de {evaluated_year(page.campaign)}, étape par étape"
    region = [
        {
            "name": "Région",
            "label": f"Somme des contrats, {label}",
            "status": "not_computable",  # printed unless one of them has an amount
            **{
                name: total_of(own[name].dropna())
                for name in ("saving_eur", "kept_saving_eur", "gross_eur", "amount_eur")
            },
        }
        for kind, label in _PARTS.items()
        if len(own := totals[totals["kind"] == kind])
    ]
    total = with_amounts(pd.DataFrame(region).reindex(columns=rows.columns).astype(object)).fillna({"period": "–"})
    steps = with_amounts(rows[rows["kind"].isin(kinds)])
    is_fixed = (steps["kind"] == "regional_indicator") & steps["amount_eur"].notna()
    verdicts = steps["attainment"].map({one: f"objectif {words}" for one, (words, _) in ATTAINMENT_WORDS.items()})
    return Table.from_frame(
        steps.assign(reason_text=steps["reason_text"].mask(is_fixed, verdicts)),
        caption=f"{caption} (formule non officielle)" if not is_official(page) else caption,
        columns=[
            ColumnFormat.text("name", "Établissement", href="href"),
            ColumnFormat.text("label", "Indicateur"),
            ColumnFormat.text("period", "Période"),
            *_STEPS,
        ],
        totals=total,
        notes=[f"Source de la règle : {page.scheme.incentive.source}." if page.scheme.incentive else ""],
    )


def is_official(page: Page) -> bool:
    """Say whether the formula of the incentive is a published one."""
    return page.scheme.incentive is not None and page.scheme.incentive.official


def region_total(rows: pd.DataFrame) -> str:
    """Return the sum of the amounts of several contracts, in words; « non calculable » when none has one."""
    known = rows["amount_eur"].dropna()
    return french.euros(total_of(known), cents=True) if len(known) else STATUS_WORDS["not_computable"]

"""The controls of the yearly bases: all euros against the months, the price of a box, the classes of generics."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

import numpy as np
import pandas as pd

from caqes_analysis import french, tables
from caqes_analysis.identifiers import has_right_key
from caqes_analysis.quality.reconciliation import annual_gaps
from caqes_analysis.sources.findings import Finding
from caqes_analysis.store import Store

__all__ = ["check_annual"]

REGIONAL_GAP_TIMES: Final = 1.1
"""Months and year that differ by more for most establishments are not two readings of one year (package's choice: the
scatter between dates of care and of reimbursement is a few per cent)."""
PRICE_TIMES: Final = 5.0
"""A box whose base of reimbursement is five times that of the same CIP elsewhere, or a fifth, is told…"""
_LEAST_BOXES_NB: Final = 20
_FEWEST_ESTABLISHMENTS_NB: Final = 5
YEAR_PRICE_TIMES: Final = 1.5
"""… and a base whose boxes all cost 1.5 times those of another year: their price is set by law."""
_FEWEST_PRODUCTS_NB: Final = 20
_FEWEST_ROWS_NB: Final = 1000
FEWEST_REPEATED_NB: Final = 5
"""Lines without anything masked that another of the same base repeats to the cent: the base sums each key up, so that
none does (0 in the two real extracts and in every simulated base; package's choice)."""
_REMEDY: Final = "Rien n'est changé, à vérifier avec la source."


def check_annual(store: Store) -> list[Finding]:
    """Return what contradicts itself in the yearly bases.

    Parameters
    ----------
    store
        Store with ``annual_drug_spend``, and ``monthly_spend`` where there is one.

    Returns
    -------
    list of Finding
        ``ECART_ANNUEL_REGIONAL``, ``LIGNES_REPETEES``, ``CLE_CIP13`` and ``TOP_GEN_CONSTANT`` by year,
        ``PRIX_PAR_BOITE_ATYPIQUE`` by establishment or, if most products are concerned, by year.
    """
    if not store.has(tables.ANNUAL_DRUG_SPEND):
        return []
    gaps = list(_regional_gaps(store))
    explained = {one.place for one in gaps}
    repeated = [one for one in _repeated_lines(store) if one.place not in explained]
    return [*gaps, *repeated, *_wrong_keys(store), *_generic_classes(store), *_prices(store)]


def _regional_gaps(store: Store) -> Iterator[Finding]:
    rows = annual_gaps(store)
    rows = rows[(rows["months_nb"] == 12) & (rows["annual_eur"] > 0)]
    for year, own in rows.groupby("year", sort=True):
        ratio = float((own["annual_eur"].astype("float64") / own["monthly_eur"].astype("float64")).median())
        if len(own) < _FEWEST_ESTABLISHMENTS_NB or abs(np.log(ratio)) < np.log(REGIONAL_GAP_TIMES):
            continue
        if abs(abs(np.log10(ratio)) - 3) < 0.1:
            cause = "une des deux sources est en milliers d'euros"
        elif ratio > 1:
            cause = "lignes de la base comptées plusieurs fois, ou mois incomplets"
        else:
            cause = "base coupée ou réduite à certains produits, ou mois qui comptent davantage (rétrocession)"
        yield Finding(
            delivery="campagne",
            code="ECART_ANNUEL_REGIONAL",
            place=f"Open PHMEV, {year}",
            severity="error",
            count=len(own),
            example=f"la base fait {french.percent(100 * ratio, 1)} de la somme des mois (médiane des établissements)",
            remedy=f"Cause probable : {cause}. {_REMEDY}",
        )


def _repeated_lines(store: Store) -> Iterator[Finding]:
    """Yield the years of which lines are there twice, one year in memory at a time."""
    for year in store.query("select distinct year from annual_drug_spend order by year")["year"].tolist():
        rows = store.query(
            """
            with same as (
              select finess, cip13, count(*) as times_nb, min(source) as source, max(source_line) as line,
                     sum(reimbursed_eur) as eur, any_value(reimbursed_eur) as own_eur
              from annual_drug_spend
              where year = $year and cip13 not like '9999%' and age_class <> '99' and sex <> '9'
              group by finess, cip13, atc5, generic_status, age_class, sex, boxes_nb, reimbursed_eur, base_eur
              having count(*) > 1
            )
            select min(source) as source, coalesce(sum(times_nb - 1), 0)::bigint as lines_nb,
                   coalesce(sum(eur - own_eur), 0)::decimal(18, 2) as eur, arg_min(cip13, line) as cip13,
                   arg_min(finess, line) as finess, min(line) as line
            from same
            """,
            {"year": year},
        ).iloc[0]
        if rows["lines_nb"] < FEWEST_REPEATED_NB:
            continue
        yield Finding(
            delivery=str(rows["source"]),
            code="LIGNES_REPETEES",
            place=f"Open PHMEV, {year}",
            severity="error",
            count=int(rows["lines_nb"]),
            example=f"{rows['finess']}, CIP {rows['cip13']} (ligne {rows['line']}) ; "
            f"{french.euros(rows['eur'], cents=True)} comptés une fois de trop, lignes masquées non comprises",
            remedy="Sans code masqué, une base n'a qu'une ligne par établissement, produit, âge et sexe : un morceau "
            f"du fichier y est deux fois. Le télécharger de nouveau. {_REMEDY}",
        )


def _wrong_keys(store: Store) -> Iterator[Finding]:
    """Yield the years with CIP13 whose last digit is not the key of the others: all those of real bases are right."""
    rows = store.query(
        "select year, min(source) as source, cip13, count(*) as lines_nb, min(finess) as finess "
        "from annual_drug_spend where length(cip13) = 13 and cip13 not like '9999%' group by year, cip13 order by 1, 3"
    )
    wrong = rows[~rows["cip13"].map(has_right_key).astype(bool)]
    for year, lines in wrong.groupby("year", sort=True):
        first = lines.iloc[0]
        yield Finding(
            delivery=first["source"],
            code="CLE_CIP13",
            place=f"Open PHMEV, {year}",
            severity="warning",
            count=int(lines["lines_nb"].sum()),
            example=f"CIP {first['cip13']} ({first['finess']}) ; {french.plural(len(lines), 'code')} en tout",
            remedy="La clé (dernier chiffre) de ces CIP13 est fausse : un chiffre a été changé, et le produit n'est "
            f"plus celui de ses listes de codes. {_REMEDY}",
        )


def _generic_classes(store: Store) -> Iterator[Finding]:
    rows = store.query(
        "select year, min(source) as source, count(*) as rows_nb, any_value(generic_status) as status "
        "from annual_drug_spend group by year having count(distinct generic_status) = 1 and count(*) >= ? order by 1",
        [_FEWEST_ROWS_NB],
    )
    for row in rows.to_dict("records"):
        yield Finding(
            delivery=row["source"],
            code="TOP_GEN_CONSTANT",
            place=f"Open PHMEV, {row['year']}",
            severity="warning",
            count=int(row["rows_nb"]),
            example=f"TOP_GEN = {row['status']} sur toutes les lignes",
            remedy="Une base a des génériques, des princeps et des produits hors répertoire : la colonne a été perdue, "
            f"et la part répertoire ne veut rien dire. {_REMEDY}",
        )


def _prices(store: Store) -> Iterator[Finding]:
    rows = store.query(
        """
        with own as (
          select year, finess, cip13, min(source) as source, sum(boxes_nb)::double as boxes_nb,
                 (sum(base_eur) / sum(boxes_nb))::double as price
          from annual_drug_spend where boxes_nb > 0 and base_eur > 0 and cip13 not like '9999%' group by all
        )
        select *, median(price) over (partition by year, cip13) as usual,
               count(*) over (partition by year, cip13) as establishments_nb
        from own order by year, cip13, finess
        """
    )
    if rows.empty:
        return
    usual = rows[rows["establishments_nb"] >= _FEWEST_ESTABLISHMENTS_NB]
    yield from _prices_of_years(usual)
    far = np.log(usual["price"] / usual["usual"])
    odd = usual[(np.abs(far) > np.log(PRICE_TIMES)) & (usual["boxes_nb"] >= _LEAST_BOXES_NB)]
    for (year, finess), lines in odd.groupby(["year", "finess"], sort=True):
        first = lines.iloc[0]
        yield Finding(
            delivery=first["source"],
            code="PRIX_PAR_BOITE_ATYPIQUE",
            place=f"{finess}, Open PHMEV, {year}",
            severity="warning",
            count=len(lines),
            example=f"CIP {first['cip13']} : {french.number(first['price'], 2)} € la boîte, d'ordinaire "
            f"{french.number(first['usual'], 2)} €",
            remedy=f"Cause probable : boîtes comptées en doses ou en comprimés, ou nombre de boîtes changé. {_REMEDY}",
        )


def _prices_of_years(usual: pd.DataFrame) -> Iterator[Finding]:
    """Yield the years whose boxes do not cost what they cost in the year before."""
    by_year = usual.drop_duplicates(["year", "cip13"]).pivot(index="cip13", columns="year", values="usual")
    sources = usual.drop_duplicates("year").set_index("year")["source"]
    years = sorted(int(year) for year in by_year.columns)
    for old, new in pairwise(years):
        times = (by_year[new] / by_year[old]).dropna()
        if len(times) < _FEWEST_PRODUCTS_NB or abs(np.log(times.median())) < np.log(YEAR_PRICE_TIMES):
            continue
        yield Finding(
            delivery=str(sources[new]),
            code="PRIX_PAR_BOITE_ATYPIQUE",
            place=f"tous les établissements, Open PHMEV, {new}",
            severity="error",
            count=len(times),
            example=f"une boîte y coûte {french.number(times.median(), 2)} fois ce qu'elle coûtait en {old} "
            "(médiane des produits)",
            remedy=f"Cause probable : boîtes de l'une des deux bases comptées dans une autre unité. {_REMEDY}",
        )

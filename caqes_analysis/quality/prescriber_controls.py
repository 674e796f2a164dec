"""The controls of the lists of prescribers: establishments that nobody knows, products above their own total."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from caqes_analysis import french, tables
from caqes_analysis.sources.findings import Finding
from caqes_analysis.store import Store

__all__ = ["check_prescribers"]

_UNKNOWN: Final = """
select p.delivery, count(*) as lines_nb, count(distinct p.finess) as finess_nb, min(p.finess) as example
from prescriber_spend p left join establishments e on e.finess = p.finess
where e.finess is null group by p.delivery order by p.delivery
"""
# RPPS and services may name the same boxes twice: each is compared with the total.
_ABOVE: Final = """
with listed as (
  select delivery, finess, year, code, prescriber_kind, sum(boxes_nb) as boxes_nb, sum(reimbursed_eur) as eur
  from prescriber_spend group by all
),
known as (
  select finess, year, cip13 as code, sum(boxes_nb) as boxes_nb, sum(reimbursed_eur) as eur
  from annual_drug_spend group by all
  union all
  select finess, left(period, 4)::int as year, lpp as code, sum(quantity_nb) as boxes_nb, sum(amount_eur) as eur
  from lpp_spend group by all
),
above as (
  select l.*, coalesce(k.eur, 0) as known_eur
  from listed l left join known k on k.finess = l.finess and k.year = l.year and k.code = l.code
  where (l.eur > coalesce(k.eur, 0) or l.boxes_nb > coalesce(k.boxes_nb, 0))
    and (l.year, length(l.code)) in (select distinct year, length(code) from known)
)
select delivery, finess, count(distinct code) as products_nb, arg_max(code, (eur - known_eur, code)) as code,
       arg_max(eur, (eur - known_eur, code)) as eur, arg_max(known_eur, (eur - known_eur, code)) as known_eur
from above group by delivery, finess order by delivery, finess
"""


def check_prescribers(store: Store) -> list[Finding]:
    """Return what contradicts the other sources in the lists of prescribers.

    Parameters
    ----------
    store
        Store with ``prescriber_spend``, ``establishments``, and what was received of ``annual_drug_spend`` and
        ``lpp_spend``: a product is compared with that of its establishment the same year, where such a base exists.

    Returns
    -------
    list of Finding
        ``PRESCRIPTEURS_ETABLISSEMENT_INCONNU`` by delivery, ``PRESCRIPTEURS_AU_DESSUS`` by delivery and establishment.
    """
    if not store.has(tables.PRESCRIBER_SPEND):
        return []
    return [*_unknown(store), *_above(store)]


def _unknown(store: Store) -> Iterator[Finding]:
    for row in store.query(_UNKNOWN).to_dict("records"):
        yield Finding(
            delivery=str(row["delivery"]),
            code="PRESCRIPTEURS_ETABLISSEMENT_INCONNU",
            place=french.plural(int(row["finess_nb"]), "établissement"),
            severity="warning",
            count=int(row["lines_nb"]),
            example=str(row["example"]),
            remedy="Aucun fichier ne décrit cet établissement : ses lignes ne servent à rien. Corriger le FINESS, ou "
            "ajouter l'établissement à la liste.",
        )


def _above(store: Store) -> Iterator[Finding]:
    for row in store.query(_ABOVE).to_dict("records"):
        listed, known = (french.euros(row[name], cents=True) for name in ("eur", "known_eur"))
        yield Finding(
            delivery=str(row["delivery"]),
            code="PRESCRIPTEURS_AU_DESSUS",
            place=f"{row['finess']}, par prescripteur",
            severity="warning",
            count=int(row["products_nb"]),
            example=f"{row['code']} : {listed} par prescripteur, {known} pour l'établissement",
            remedy="Les prescripteurs d'un produit dépassent le total de l'établissement : lignes masquées de la base "
            "annuelle, autre date de rattachement, ou doublon. Rien n'est changé ; à vérifier avec la source.",
        )

"""Envelopes that are a part of another: their euros cannot be more than those of the whole."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Final

from caqes_analysis import french
from caqes_analysis.envelopes import Envelope
from caqes_analysis.sources.findings import Finding
from caqes_analysis.store import Store

__all__ = ["part_findings"]

FEWEST_MONTHS_NB: Final = 3
"""A lone month is told as such (out of proportion, exchanged): so many together are another error."""


def part_findings(
    store: Store, envelopes: Sequence[Envelope], explained: Collection[tuple[str, str]]
) -> Iterator[Finding]:
    """Yield the establishments of which a part of an envelope is above its whole, three months at least.

    Parameters
    ----------
    store
        Store with ``monthly_spend``.
    envelopes
        The envelopes known: ``part_of`` says which is a part of which.
    explained
        Establishments and envelopes of which something wrong is already told.
    """
    names = {one.code: one.short_label for one in envelopes}
    for envelope in envelopes:
        if envelope.part_of is None:
            continue
        rows = store.query(
            """
            select p.finess, any_value(p.delivery) as delivery, count(*) as months_nb, min(p.month) as month,
                   arg_min(p.amount_eur, p.month) as part_eur, arg_min(w.amount_eur, p.month) as whole_eur
            from monthly_spend p join monthly_spend w using (finess, month, amount_kind)
            where p.envelope = $part and w.envelope = $whole and p.amount_eur > w.amount_eur and w.amount_eur >= 0
            group by p.finess having count(*) >= $least order by p.finess
            """,
            {"part": envelope.code, "whole": envelope.part_of, "least": FEWEST_MONTHS_NB},
        )
        whole = names.get(envelope.part_of, envelope.part_of)
        for row in rows.to_dict("records"):
            if not {(row["finess"], envelope.code), (row["finess"], envelope.part_of)}.isdisjoint(explained):
                continue
            yield Finding(
                delivery=row["delivery"],
                code="PARTIE_AU_DESSUS_DU_TOUT",
                place=f"{row['finess']}, {envelope.short_label}",
                severity="warning",
                count=int(row["months_nb"]),
                example=f"{french.month_year(row['month'])} : {french.euros(row['part_eur'], cents=True)}, et "
                f"{french.euros(row['whole_eur'], cents=True)} pour {whole}",
                remedy=f"{envelope.short_label} est une part de {whole} : les deux sont sans doute échangées, ou dans "
                "deux unités. Vérifier avec l'expéditeur. Rien n'est changé.",
            )

"""Spending on codes that no reference received knows: LPP of a complete nomenclature, presentations of the BDPM."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from caqes_analysis import french, tables
from caqes_analysis.campaign_sources import ReferenceSource
from caqes_analysis.code_list_checks import SPENT_BY_CODE
from caqes_analysis.sources.findings import Finding, Findings
from caqes_analysis.store import Store

__all__ = ["unknown_codes"]

_LPP = f"""
with {SPENT_BY_CODE}
select delivery, count(distinct code) as codes_nb, sum(lines_nb)::bigint as lines_nb, sum(amount_eur) as amount_eur,
       arg_max(code, (coalesce(amount_eur, 0), code)) as code
from spent
where kind = 'lpp' and ($starts::date is null or first_day >= $starts) and ($ends::date is null or last_day <= $ends)
  and code not in (select code from code_lists where list = $list)
group by delivery order by delivery
"""

_CIP = f"""
with {SPENT_BY_CODE}
select delivery, count(distinct code) as codes_nb, sum(lines_nb)::bigint as lines_nb, sum(amount_eur) as amount_eur,
       arg_max(code, (coalesce(amount_eur, 0), code)) as code
from spent
where kind = 'cip' and starts_with(code, '34009')  -- neither masked lines nor fees
  and code not in (select cip13 from drug_presentations)
group by delivery order by delivery
"""


def unknown_codes(store: Store, complete: Sequence[ReferenceSource]) -> Findings:
    """Return the codes of the spending that a complete reference does not know.

    Parameters
    ----------
    store
        Store with the spending, ``code_lists`` and, where it was received, ``drug_presentations``.
    complete
        Lists of LPP codes that hold the whole nomenclature of their days; other periods are not judged.

    Returns
    -------
    Findings
        ``CODE_LPP_INCONNU`` by delivery and list; ``CIP_INCONNU`` by delivery, for information: the public database
        drops the presentations withdrawn long ago. Nothing is taken away from the spending.
    """
    found = []
    for one in complete:
        rows = store.query(_LPP, {"list": one.name, "starts": one.valid_from, "ends": one.valid_to})
        found += [
            Finding(
                str(row["delivery"]),
                "CODE_LPP_INCONNU",
                f"liste {one.name}",
                "warning",
                int(row["lines_nb"]),
                _example(row),
                "Ces codes ne sont pas dans la nomenclature reçue pour cette période : vérifier les codes avec "
                "l'expéditeur. Gardés dans les totaux ; un indicateur ne les compte que si sa liste les nomme.",
            )
            for row in rows.to_dict("records")
        ]
    if store.has(tables.DRUG_PRESENTATIONS) and store.has(tables.ANNUAL_DRUG_SPEND):
        found += [
            Finding(
                str(row["delivery"]),
                "CIP_INCONNU",
                "BDPM",
                "information",
                int(row["lines_nb"]),
                _example(row),
                "Ces présentations ne sont pas dans la base publique reçue, qui retire les plus anciennes : à "
                "rapprocher d'une base de la même année. Gardées dans les totaux.",
            )
            for row in store.query(_CIP).to_dict("records")
        ]
    return Findings(found)


def _example(row: Mapping[Any, Any]) -> str:
    amount = row["amount_eur"]
    total = "montant inconnu" if pd.isna(amount) else french.euros(amount, cents=True)
    codes_nb = int(row["codes_nb"])
    return f"{row['code']}\xa0; {french.plural(codes_nb, 'code')}, {total} en tout"

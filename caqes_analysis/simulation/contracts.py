"""The contracts of the simulated region, under both schemes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import numpy as np

from caqes_analysis.simulation.establishments import Establishment

__all__ = ["HEADER", "contract_rows"]

HEADER = ("finess_contrat", "dispositif", "statut", "date_effet", "volets", "indicateurs")

_SCHEME_2018, _SCHEME_2022 = "caqes-2018", "caqes-2022"
_START_2018, _END_2018, _START_2022 = date(2018, 1, 1), date(2021, 12, 31), date(2022, 7, 1)
# 95 contracts for about 240 establishments in Nouvelle-Aquitaine (domain.md, section 1).
_TARGETED_SHARE = 0.4
# Signing is presented as an incentive without obligation there: some refuse. An assumption of the simulation.
_REFUSED_SHARE = 0.05
_ADDITIONAL_2018 = ("transports", "pertinence", "qualite")
# Indicators of the national list by volet (domain.md, section 4).
_INDICATORS_2022 = {
    "1": ("phev_ipp", "phev_perfadom", "phev_ezetimibe", "phev_pansements"),
    "2": ("transport_ambulance_share",),
    "3": ("preanaesthetic_exams", "heart_failure_readmissions"),
}


def contract_rows(establishments: tuple[Establishment, ...], *, seed: int, year: int) -> Iterator[tuple[str, ...]]:
    """Yield the rows of ``contrats.csv``: every establishment under the 2018 scheme, the targeted ones since 2022.

    Parameters
    ----------
    establishments
        Those of the region.
    seed
        Seed of the draws.
    year
        Year of the campaign: contracts that begin later are not there yet.
    """
    random = np.random.default_rng([seed, 8])
    for one in establishments:
        additional = [volet for volet in _ADDITIONAL_2018 if random.random() < 0.15]
        if one.opened_on <= _END_2018 and year >= _START_2018.year:
            status = "terminé" if year > _END_2018.year else "signé"
            starts = max(_START_2018, one.opened_on)
            yield one.finess, _SCHEME_2018, status, f"{starts:%d/%m/%Y}", ",".join(["socle", *additional]), ""
    # Targeted: the largest spenders weigh more, as a référentiel by level has it.
    open_then = [one for one in establishments if one.opened_on <= _START_2022 and one.role != "tiny"]
    if year < _START_2022.year:
        return
    pull = np.array([np.log(one.yearly_eur) for one in open_then]) + random.normal(0, 1.0, len(open_then))
    targeted_nb = max(1, round(_TARGETED_SHARE * len(establishments)))
    targeted = {open_then[i].finess for i in np.argsort(-pull)[:targeted_nb]}
    for one in open_then:
        others = [volet for volet in ("2", "3") if random.random() < 0.5]
        refused = random.random() < _REFUSED_SHARE
        if one.finess not in targeted:
            continue
        volets = ["1", *others]
        chosen = [name for volet in volets for name in _INDICATORS_2022[volet]]
        ended = one.closed_on is not None and one.closed_on.year <= year
        status = "résilié" if ended else "refusé" if refused else "signé"
        yield one.finess, _SCHEME_2022, status, f"{_START_2022:%d/%m/%Y}", ",".join(volets), ",".join(chosen)

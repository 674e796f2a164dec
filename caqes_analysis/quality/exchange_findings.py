"""What is said of two series that have taken each other's place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from caqes_analysis import french
from caqes_analysis.quality.exchanges import ExchangedYear
from caqes_analysis.sources.findings import Finding

__all__ = ["exchange_findings"]

_SEVERAL_NB: Final = 3


def exchange_findings(found: Sequence[ExchangedYear], names: Mapping[str, str]) -> Iterator[Finding]:
    """Yield the findings of exchanged years: one for the same two envelopes in three establishments or more.

    Parameters
    ----------
    found
        Exchanged years of all envelopes.
    names
        Short names of the envelopes.
    """
    groups: dict[tuple[object, ...], list[ExchangedYear]] = {}
    for one in found:
        groups.setdefault((one.envelope, one.other_envelope, one.year), []).append(one)
    for group in groups.values():
        of_envelopes = group[0].envelope != group[0].other_envelope
        if of_envelopes and len(group) >= _SEVERAL_NB:
            yield _finding(group[0], names, len(group))
        else:
            for one in group:
                yield _finding(one, names, 1)


def _finding(one: ExchangedYear, names: Mapping[str, str], count: int) -> Finding:
    label, other = (names.get(code, code) for code in (one.envelope, one.other_envelope))
    of_envelopes = one.envelope != one.other_envelope
    who = one.finess if count == 1 else "plusieurs établissements"
    what = f"{who}, {label} et {other}" if of_envelopes else f"{who} et {one.other_finess}, {label}"
    return Finding(
        delivery=one.delivery,
        code="ENVELOPPES_ECHANGEES" if of_envelopes else "ETABLISSEMENTS_ECHANGES",
        place=f"{what}, {one.year}",
        severity="warning",
        count=count,
        example=f"{one.finess}, {label} : {french.compact_euros(one.median_eur)} par mois, d'ordinaire "
        f"{french.compact_euros(one.usual_eur)}",
        remedy="Chacune des deux séries est, cette année, au niveau habituel de l'autre : sans doute échangées. "
        "Vérifier avec l'expéditeur ; une erreur confirmée s'inscrit au registre des corrections. Rien n'est changé.",
    )

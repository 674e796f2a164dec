"""The spending envelopes that a contract follows: their codes, and the names that pages print."""

from __future__ import annotations

from dataclasses import dataclass

from caqes_analysis.errors import CaqesError

__all__ = ["ENVELOPES", "Envelope", "envelope_named"]


@dataclass(frozen=True)
class Envelope:
    """One envelope of spending.

    Parameters
    ----------
    code
        Code in the tidy tables (``extra_list_drugs``).
    label
        Name printed in titles.
    short_label
        Name printed where space is short.
    received_as
        Other words that files use for it, in lower case.
    part_of
        Code of the envelope in which its amounts are counted too; None when there is none.
    """

    code: str
    label: str
    short_label: str
    received_as: tuple[str, ...] = ()
    part_of: str | None = None


ENVELOPES: tuple[Envelope, ...] = (
    Envelope(
        "phmev", "PHMEV (médicaments prescrits à l'hôpital, dispensés en ville)", "PHMEV", ("phmev", "phev_medicaments")
    ),
    Envelope(
        "extra_list_drugs",
        "Liste en sus, médicaments",
        "Liste en sus méd.",
        ("liste_en_sus_medicaments", "les_medicaments"),
    ),
    Envelope(
        "extra_list_devices",
        "Liste en sus, dispositifs médicaux",
        "Liste en sus DM",
        ("liste_en_sus_dispositifs", "les_dispositifs", "les_dm"),
    ),
    Envelope("lpp", "LPP (produits et prestations)", "LPP", ("lpp", "phev_lpp")),
    Envelope("perfadom", "Perfusion à domicile (PERFADOM)", "PERFADOM", ("perfadom",), part_of="lpp"),
    Envelope("transport_ambulance", "Transports en ambulance", "Ambulance", ("transport_ambulance", "ambulance")),
    Envelope("transport_taxi", "Transports en taxi conventionné", "Taxi", ("transport_taxi", "taxi")),
    Envelope("transport_vsl", "Transports en véhicule sanitaire léger (VSL)", "VSL", ("transport_vsl", "vsl")),
)


def envelope_named(word: str, envelopes: tuple[Envelope, ...] = ENVELOPES) -> Envelope:
    """Return the envelope of that code, or that files call by that word.

    Parameters
    ----------
    word
        Code or received word; case, spaces and hyphens do not matter.
    envelopes
        The envelopes known; a region adds its own in its campaign file.

    Raises
    ------
    CaqesError
        ``ENVELOPPE_INCONNUE``, with the words that are known.

    Examples
    --------
    >>> envelope_named("Liste en sus médicaments").code
    'extra_list_drugs'
    """
    plain = word.strip().lower().replace("é", "e").replace("-", "_").replace(" ", "_")
    for envelope in envelopes:
        if plain == envelope.code or plain in envelope.received_as:
            return envelope
    known = ", ".join(envelope.code for envelope in envelopes)
    raise CaqesError.of(
        "ENVELOPPE_INCONNUE",
        "cette enveloppe n'existe pas.",
        f"Employer l'une des enveloppes connues ({known}) ou déclarer la vôtre dans la campagne (envelopes).",
        value=word,
    )

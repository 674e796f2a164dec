"""Which euros were received: reimbursed or not, with or without tax, and whose month."""

from __future__ import annotations

from collections.abc import Sequence

from caqes_analysis.chapters.page import Page

__all__ = ["AMOUNT_WORDS", "amount_words", "received_amounts"]

AMOUNT_WORDS = {
    "reimbursed": "montant remboursé",
    "base": "base de remboursement",
    "purchase": "prix d'achat",
    "tariff": "tarif",
}
_DATES = {
    "care": "au mois des soins",
    "reimbursement": "au mois du remboursement",
    "discharge": "au mois de la sortie",
    "administration": "au mois de l'administration",
}


def received_amounts(page: Page, envelopes: Sequence[str], year: int) -> list[str]:
    """Return what the amounts kept of some envelopes are (« montant remboursé, TTC, au mois de la sortie »), each once.

    Parameters
    ----------
    page
        The data of the notebook.
    envelopes
        Codes of envelopes received by month.
    year
        Year of the months.
    """
    received = page.store.query(
        "select distinct amount_kind, date_basis, tax from monthly_spend "
        "where year(month) = $year::int and list_contains($envelopes, envelope) and amount_kind in "
        "(select amount_kind from monthly_grid where list_contains($envelopes, envelope)) order by all",
        {"year": year, "envelopes": list(envelopes)},
    )
    kinds = [amount_words(kind, tax, date) for kind, date, tax in received.itertuples(index=False)]
    return list(dict.fromkeys(kinds))


def amount_words(kind: object, tax: object, date_basis: object) -> str:
    """Say what an amount is, as far as the region told it.

    Parameters
    ----------
    kind, tax, date_basis
        As in the table ``monthly_spend``; what is missing or ``unknown`` is left out.

    Examples
    --------
    >>> amount_words("purchase", "TTC", "discharge")
    "prix d'achat, TTC, au mois de la sortie"
    >>> amount_words("tariff", "unknown", None)
    'tarif'
    """
    taxed = tax if isinstance(tax, str) and tax != "unknown" else None
    return ", ".join(text for text in (AMOUNT_WORDS.get(str(kind)), taxed, _DATES.get(str(date_basis))) if text)

"""The yearly PHMEV at the level at which contracts are signed, or why the base cannot give it there."""

from __future__ import annotations

import pandas as pd

from caqes_analysis import french
from caqes_analysis.chapters.contract_facts import AMOUNT, CONTRACT_BASE, contracts_of_base
from caqes_analysis.chapters.drugs import base_years
from caqes_analysis.chapters.page import Page
from caqes_analysis.contract_level import NOT_COMPUTABLE, annual_at_contract_level
from caqes_analysis.display import ColumnFormat, Notice, Table, Text

__all__ = ["contract_sentence", "contracts_table"]

_TITLE = "Base annuelle au niveau du contrat"


def contracts_table(page: Page) -> Table | Notice | None:
    """Return what each contract spent in the last two yearly bases, sites of AP-HP added up to their entity.

    None when no yearly base was received.
    """
    years = base_years(page)[-2:]
    if not years:
        return None
    rows = annual_at_contract_level(page.store, contracts_of_base(page.store, page.campaign))
    if rows.empty:
        return Notice("missing", _TITLE, f"La campagne n'a reçu aucun contrat {page.scheme.name}.")
    year = years[-1]
    now = rows[rows["year"] == year]
    before = rows[rows["year"] == years[0]].set_index("contract_finess") if len(years) > 1 else None
    names = page.all_names
    frame = now.assign(
        name=[names.get(finess, f"Entité juridique {finess}") for finess in now["contract_finess"]],
        href=now["contract_finess"].map(lambda finess: page.sheet_href(finess) if finess in names else None),
    ).sort_values(["reimbursed_eur", "contract_finess"], ascending=[False, True], na_position="last")
    columns = [
        ColumnFormat.text("name", "Signataire", href="href"),
        ColumnFormat.text("contract_finess", "FINESS du contrat"),
        ColumnFormat.amount("reimbursed_eur", f"Remboursé {year}", cents=True),
        ColumnFormat.text("reason", "Lecture"),
    ]
    if before is not None:
        earlier = before.reindex(frame["contract_finess"])
        frame["previous_eur"] = earlier["reimbursed_eur"].to_numpy()
        frame["previous_status"] = earlier["value_status"].to_numpy()
        past = [f"{years[0]} : {why}" if isinstance(why, str) else None for why in earlier["reason"]]
        frame["reason"] = frame["reason"].where(frame["reason"].notna(), pd.Series(past, index=frame.index))
        previous = ColumnFormat.amount(
            "previous_eur", f"Remboursé {years[0]}", cents=True, value_status="previous_status"
        )
        columns.insert(2, previous)
    return Table.from_frame(
        frame.fillna({"reason": ""}),
        caption=f"PHMEV de {year} au niveau où chaque contrat est signé (Open PHMEV)",
        columns=columns,
        notes=[
            _counts(now),
            "Entité juridique pour un établissement public, site géographique pour un établissement privé ou un ESPIC. "
            "Les sites de l'AP-HP sont réunis sous leur entité ; un site d'une entité qui en a plusieurs ne peut pas "
            "être isolé, et n'est pas compté pour zéro.",
        ],
    )


def _counts(rows: pd.DataFrame) -> str:
    """Count the rows of the table by what the base gives of them, so that the counts make the table."""
    known = int(rows["reimbursed_eur"].notna().sum())
    is_blind = rows["reason"].fillna("").str.startswith(NOT_COMPUTABLE)
    blind = int(is_blind.sum())
    aside = int((rows["value_status"] == "not_applicable").sum()) - blind
    absent = len(rows) - known - blind - aside
    found = [french.plural(known, "contrat calculé", "contrats calculés")]
    if blind:
        found.append(f"{french.plural(blind, 'non calculable', 'non calculables')} à ce niveau")
    if aside:
        who = "clinique à but lucratif, absente" if aside == 1 else "cliniques à but lucratif, absentes"
        found.append(f"{french.number(aside)} sans objet ({who} d'Open PHMEV)")
    if absent:
        found.append(french.plural(absent, "manquant", "manquants"))
    why = " ; la colonne « Lecture » dit pourquoi" if len(found) > 1 else ""
    return f"{', '.join(found)}{why}."


def contract_sentence(page: Page) -> Text | Notice | None:
    """Return what the yearly base says of the contract of a sheet, where that is not the establishment's own line.

    None when it is, when no yearly base was received, or of a clinic, which is in none.
    """
    for (subject, measure), text in page.regional_context.items():
        if subject == CONTRACT_BASE:
            return Text.paragraphs(text) if measure == AMOUNT else Notice("missing", _TITLE, text)
    return None

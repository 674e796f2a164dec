"""The yearly PHMEV at the level at which contracts are signed, or why the base cannot give it there."""

from __future__ import annotations

import pandas as pd

from caqes_analysis import french, tables
from caqes_analysis.chapters.page import Page
from caqes_analysis.chapters.words import sentence_case
from caqes_analysis.contract_level import NOT_COMPUTABLE, annual_at_contract_level
from caqes_analysis.display import ColumnFormat, Notice, Table, Text
from caqes_analysis.evaluation.assess import evaluated_contracts
from caqes_analysis.indicators.structure import annual_years

__all__ = ["contract_sentence", "contracts_table"]

_TITLE = "Base annuelle au niveau du contrat"


def contracts_table(page: Page) -> Table | Notice | None:
    """Return what each contract spent in the last two yearly bases, sites of AP-HP added up to their entity.

    None when no yearly base was received.
    """
    years = annual_years(page.store)[-2:]
    if not years:
        return None
    rows = annual_at_contract_level(page.store, _contracts(page))
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


def _contracts(page: Page) -> list[str] | None:
    """Return the contracts of the scheme of the campaign that are evaluated; None where none was received at all."""
    if not page.store.has(tables.CONTRACTS):
        return None
    contracts: list[str] = evaluated_contracts(page.store, page.campaign.scheme)["contract_finess"].tolist()
    return contracts


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
    years = annual_years(page.store)
    if not years or page.finess is None or page.has_no_drugs:
        return None
    contract = page.signatory
    rows = annual_at_contract_level(page.store, [contract])
    own = rows[rows["year"] == years[-1]]
    if own.empty or pd.isna(own["reason"].iloc[0]):
        return None
    evaluated = _contracts(page)  # asked last: most sheets have nothing to say here
    if evaluated is not None and contract not in evaluated:
        return None
    row = own.iloc[0]
    if row["value_status"] == "not_applicable":
        return Notice("missing", _TITLE, f"{sentence_case(str(row['reason']))}.")
    if pd.isna(row["reimbursed_eur"]):
        return None
    name = page.all_names.get(contract, f"entité juridique {contract}")
    return Text.paragraphs(
        f"Au niveau du contrat ({name}), la base de {years[-1]} "
        f"donne {french.euros(row['reimbursed_eur'], cents=True)} : {row['reason']}."
    )

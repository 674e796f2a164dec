"""What the 2018 scheme pays beside its contracts: the biosimilar dotation, hospital by hospital, and transports."""

from __future__ import annotations

from decimal import Decimal

import pandas as pd

from caqes_analysis import french, tables
from caqes_analysis.chapters.page import Page
from caqes_analysis.chapters.words import small_percent
from caqes_analysis.display import ColumnFormat, Details, Table
from caqes_analysis.savings.incentive import total_of
from caqes_analysis.savings.transports import TRAJECTORY
from caqes_analysis.schemes.terms import decimals_of

__all__ = ["dotation_details", "dotation_due", "has_masked_boxes", "other_rules_table", "own_dotation"]

_DOTATION = "biosimilar_dotation/"
_STEPS = [
    ColumnFormat.text("year", "Année"),
    ColumnFormat.count("boxes", "Boîtes du groupe (V)"),
    ColumnFormat.count("biosimilar_boxes", "dont biosimilaires"),
    ColumnFormat.text("share_text", "t", align="right"),
    ColumnFormat.text("rate_text", "R par boîte", align="right"),
    ColumnFormat.text("due_text", "V × R × t", align="right"),
]
_NOTE = (
    "V : boîtes du groupe, référence et biosimilaires ; t : boîtes de biosimilaires ÷ boîtes du groupe, imprimé "
    "arrondi, compté exact ; R : 20 % de l'écart de prix, en euros par boîte. Montant au centime."
)


def has_masked_boxes(page: Page) -> bool:
    """Say whether the source masks boxes of a molecule of the dotation: they may be biosimilars, and are not paid."""
    return bool(_masked_shares(page, _factors(page.store.read(tables.SAVINGS))))


def _masked_shares(page: Page, rows: pd.DataFrame) -> dict[str, float]:
    """Return the share of the boxes that the source masks, by group of the last year; only groups that have some."""
    if rows.empty:
        return {}
    year = rows["year"].max()
    groups = rows[rows["year"] == year].drop_duplicates("indicator").set_index("indicator")["label"]
    found = page.store.query(
        """
        select atc5, sum(boxes_nb) filter (generic_status = '9') / sum(boxes_nb) as share
        from annual_drug_spend a left join successions s on s.finess = a.finess
        where year = $year::int and list_contains($atc, atc5) and generic_status in ('9', 'B', 'C')
          and ($finess is null or coalesce(s.current_finess, a.finess) = $finess)
        group by atc5 order by atc5
        """,
        {"year": year, "atc": [name.removeprefix(_DOTATION) for name in groups.index], "finess": page.finess},
    ).dropna()
    shares = dict(zip(found["atc5"], found["share"].astype(float), strict=True))
    told = {str(label): shares.get(name.removeprefix(_DOTATION), 0.0) for name, label in groups.items()}
    return {label: told[label] for label in sorted(told, key=french.alphabetical) if told[label] > 0}


def _masked_notes(page: Page, rows: pd.DataFrame) -> list[str]:
    """Say which part of the boxes is masked, group by group, and what that does to the amount; often nothing."""
    shares = _masked_shares(page, rows)
    if not shares:
        return []
    told = french.list_in_words([f"{label} {small_percent(100 * share)}" for label, share in shares.items()])
    return [
        f"Les boîtes que la source masque ne comptent ni dans V ni dans t ({told} des boîtes de la molécule) : si "
        "certaines sont des biosimilaires, la dotation est plus élevée."
    ]


def dotation_due(page: Page) -> Decimal | None:
    """Return the sum of the dotations of the region; None when no amount is known."""
    rows = page.store.read(tables.SAVINGS)
    return total_of(
        rows[rows["indicator"].str.startswith(_DOTATION) & (rows["component"] == "incentive")]["amount_eur"]
    )


def other_rules_table(page: Page) -> Table | None:
    """Return the biosimilar dotation and the overruns of transports; None under a scheme that has neither."""
    rows = page.store.read(tables.SAVINGS)
    dotation = rows[rows["indicator"].str.startswith(_DOTATION) & (rows["component"] == "incentive")]
    overrun = rows[(rows["indicator"] == TRAJECTORY) & (rows["component"] == "overrun")]
    own = pd.concat([dotation, overrun])
    if own.empty:
        return None
    found = []
    for (label, year), some in own.groupby(["label", "year"], sort=True):
        reasons = sorted(set(some["reason"].dropna()))
        known = some["amount_eur"].notna()
        found.append(
            {
                "label": label,
                "year": str(year),
                "establishments_nb": int(known.sum()) if known.any() else None,
                "amount_text": french.euros(total_of(some["amount_eur"]), cents=True)
                if known.any()
                else "non calculable",
                "reason": " ; ".join(reasons) or "–",
            }
        )
    titles = [
        *(["Dotation biosimilaires (V × R × t)"] if len(dotation) else []),
        *(["dépassement des transports"] if len(overrun) else []),
    ]
    return Table.from_frame(
        pd.DataFrame(found),
        caption=french.list_in_words(titles),
        columns=[
            ColumnFormat.text("label", "Groupe"),
            ColumnFormat.text("year", "Année"),
            ColumnFormat.count("establishments_nb", "Établissements"),
            ColumnFormat.text("amount_text", "Somme", align="right"),
            ColumnFormat.text("reason", "Remarque"),
        ],
    )


def dotation_details(page: Page) -> Details | None:
    """Return V, R, t and the amount of each hospital and group, folded; None when none has an amount."""
    rows = _factors(page.store.read(tables.SAVINGS))
    if rows.empty:
        return None
    names = page.establishments.set_index("finess")
    frame = rows.assign(
        name=names["name"].reindex(rows["finess"]).fillna(rows["finess"].set_axis(rows["finess"])).to_numpy(),
        href=names["href"].reindex(rows["finess"]).to_numpy(),
    ).sort_values(["year", "label", "amount_eur", "finess"], ascending=[True, True, False, True])
    table = Table.from_frame(
        frame,
        caption="Dotation biosimilaires, établissement par établissement",
        columns=[
            ColumnFormat.text("name", "Établissement", href="href"),
            ColumnFormat.text("label", "Groupe"),
            *_STEPS,
        ],
        notes=[_NOTE, *_masked_notes(page, rows), *_sources(rows)],
    )
    return Details("Détail : V, R, t et montant de chaque établissement", [table])


def own_dotation(page: Page) -> Table | None:
    """Return V, R, t and the amount of each group, for the establishment of a sheet; None when it has none."""
    rows = page.store.read(tables.SAVINGS)
    rows = _factors(rows[rows["finess"] == page.finess])
    if rows.empty:
        return None
    due = french.euros(total_of(rows["amount_eur"]), cents=True)
    return Table.from_frame(
        rows.sort_values(["year", "label"]),
        caption=f"Dotation biosimilaires : {due}",
        columns=[ColumnFormat.text("label", "Groupe"), *_STEPS],
        notes=[_NOTE, *_masked_notes(page, rows), *_sources(rows)],
    )


def _sources(rows: pd.DataFrame) -> list[str]:
    return [f"Règle : {rule}." for rule in sorted(set(rows["rule"].dropna()))]


def _factors(savings: pd.DataFrame) -> pd.DataFrame:
    """Return one row per hospital, group and year that has an amount, with each of its factors."""
    rows = savings[savings["indicator"].str.startswith(_DOTATION)]
    if rows.empty:
        return rows
    key = ["finess", "indicator", "label", "year", "rule"]
    counts = ("boxes", "biosimilar_boxes", "share")
    parts = {name: rows[rows["component"] == name].set_index(key)["value"] for name in counts}
    parts |= {
        column: rows[rows["component"] == name].set_index(key)["amount_eur"]
        for name, column in (("rate", "rate_eur"), ("incentive", "amount_eur"))
    }
    found = pd.concat({name: part.astype(object) for name, part in parts.items()}, axis=1).reset_index()
    found = found[found["amount_eur"].notna()].reset_index(drop=True)
    return found.assign(
        year=found["year"].astype(str),
        share_text=[french.percent(share, decimals_of(share)) for share in found["share"]],
        rate_text=[french.euros(rate, cents=True) for rate in found["rate_eur"]],
        due_text=[french.euros(amount, cents=True) for amount in found["amount_eur"]],
    )

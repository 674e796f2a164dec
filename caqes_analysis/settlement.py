"""Which delivery counts where several give the same value, and what that leaves to be checked."""

from __future__ import annotations

from datetime import date

import pandas as pd

from caqes_analysis import tables
from caqes_analysis.deliveries import difference
from caqes_analysis.settlement_counts import settle_counts
from caqes_analysis.sources.findings import Finding, Findings
from caqes_analysis.store import Store
from caqes_analysis.superseding import Dates, by_delivery, left_out, rewrite, supersede

__all__ = ["recut_cumuls", "settle"]

_CELL = ["finess", "month", "envelope", "amount_kind"]
_SERIES = ["finess", "envelope", "amount_kind"]
_FEWEST_CUMULS_NB = 3


def settle(store: Store) -> Findings:
    """Decide which delivery gives each value of a store, and cut the cumuls into periods.

    Parameters
    ----------
    store
        Store in which every delivery has been written. ``monthly_spend`` keeps the values that count;
        ``replaced_spend`` receives the others; ``cumulative_spend`` its periods, and those of one month are months.

    Returns
    -------
    Findings
        Values withdrawn or left out by a later delivery, negative increments, cumuls that months contradict.

    Raises
    ------
    SourceError
        ``DOUBLON_ENTRE_LIVRAISONS``; ``ANNEE_ET_MOIS`` when a code of the LPP is given for a year and its months.
    """
    listed = store.read(tables.DELIVERIES)
    dates: dict[str, tuple[date | None, date | None]] = {
        name: (None if pd.isna(received) else received.date(), None if pd.isna(as_of) else as_of.date())
        for name, received, as_of in listed[["delivery", "received_on", "as_of"]].itertuples(index=False)
    }
    found = Findings()
    if store.has(tables.MONTHLY_SPEND):
        found += _settle_months(store, dates)
    if store.has(tables.CUMULATIVE_SPEND):
        found += _settle_cumuls(store, dates)
    found += settle_counts(store, dates)
    return found


def _settle_months(store: Store, dates: Dates) -> Findings:
    rows = store.read(tables.MONTHLY_SPEND)
    valid = supersede(rows, _CELL, dates)
    is_valid = valid == rows["delivery"]
    if is_valid.all():
        return Findings()
    kept, replaced = rows[is_valid], rows[~is_valid].assign(replaced_by=valid[~is_valid])
    everyone = set(rows["delivery"])
    rewrite(store, tables.MONTHLY_SPEND, kept, everyone)
    rewrite(store, tables.REPLACED_SPEND, tables.REPLACED_SPEND.conform(replaced), set(replaced["delivery"]))
    return Findings([*_withdrawn(kept, replaced), *_left_out(kept, replaced)])


def _withdrawn(kept: pd.DataFrame, replaced: pd.DataFrame) -> list[Finding]:
    """Values that the last delivery gives as missing, where an earlier one had an amount."""
    gone = kept[kept["amount_eur"].isna()].merge(
        replaced[replaced["amount_eur"].notna()], on=_CELL, suffixes=("", "_old")
    )
    return by_delivery(
        gone.drop_duplicates(_CELL),
        "VALEUR_RETIREE",
        "montant",
        lambda row: f"{row['finess']}, {row['month']:%Y-%m} : {row['amount_eur_old']} ({row['delivery_old']})",
        "La dernière livraison vaut : compté comme manquant. À vérifier avec la source.",
    )


def _left_out(kept: pd.DataFrame, replaced: pd.DataFrame) -> list[Finding]:
    """Values of a delivery replaced elsewhere that the later one, which covers their month, does not give."""
    pairs = set(replaced[["delivery", "replaced_by"]].itertuples(index=False, name=None))
    return by_delivery(
        left_out(kept, pairs, _CELL, ["month", "envelope", "amount_kind"]),
        "VALEUR_NON_REPRISE",
        "établissements absents",
        lambda row: f"{row['finess']}, {row['month']:%Y-%m}, {row['envelope']} ({row['older']})",
        "L'ancienne livraison vaut pour ces mois. À vérifier : l'établissement manque peut-être au dernier envoi.",
    )


def _settle_cumuls(store: Store, dates: Dates) -> Findings:
    rows = store.read(tables.CUMULATIVE_SPEND)
    valid = supersede(rows, _CELL, dates)
    replaced_by = valid.where(valid != rows["delivery"], None)
    rewrite(store, tables.CUMULATIVE_SPEND, rows.assign(replaced_by=replaced_by), set(rows["delivery"]))
    months = store.read(tables.MONTHLY_SPEND)
    effective = recut_cumuls(store)
    repeated = _repeated(effective)
    names = {one.delivery for one in repeated}
    contradicted = [one for one in _contradicted(effective, months) if one.delivery not in names]
    return Findings([*_negative(effective), *repeated, *_unchanged(effective), *_vanished(effective), *contradicted])


def recut_cumuls(store: Store) -> pd.DataFrame:
    """Cut the cumuls of a store into periods anew; those of one month that no monthly file gives become months.

    Parameters
    ----------
    store
        Store whose cumuls say which delivery replaces which; its cumuls may have been corrected since they were cut.

    Returns
    -------
    DataFrame
        Rows of ``cumulative_spend`` that count. A month cut out of a corrected cumul, or that follows one, says so
        (``is_corrected``).
    """
    rows = difference(store.read(tables.CUMULATIVE_SPEND))
    names = set(rows["delivery"])
    rewrite(store, tables.CUMULATIVE_SPEND, rows, names)
    for name in names:  # the months of such a delivery are all cut out of its cumuls
        store.part_path(tables.MONTHLY_SPEND, str(name)).unlink(missing_ok=True)
    effective = rows[rows["replaced_by"].isna()]
    known = effective[effective["cumulative_eur"].notna()]
    before = known.groupby([*(known[name] for name in _SERIES), known["month"].dt.year])["is_corrected"].shift()
    is_moved = known["is_corrected"] | before.fillna(False).astype(bool)
    single = known.assign(is_corrected=is_moved)[known["months_nb"] == 1]
    taken = pd.MultiIndex.from_frame(store.read(tables.MONTHLY_SPEND)[_CELL])
    fresh = single[~pd.MultiIndex.from_frame(single[_CELL]).isin(taken)]
    for delivery, group in fresh.groupby("delivery", sort=True):
        amounts = group.assign(amount_eur=group["increment_eur"], quantity_nb=group["increment_nb"])
        amounts["value_status"] = ["zero" if not amount else "reported" for amount in amounts["amount_eur"]]
        kept = tables.MONTHLY_SPEND.conform(amounts[tables.MONTHLY_SPEND.column_names])
        store.write(tables.MONTHLY_SPEND, kept, part=str(delivery))
    return effective


def _negative(rows: pd.DataFrame) -> list[Finding]:
    falls = rows[(rows["increment_eur"] < 0).fillna(False)]
    return by_delivery(
        falls,
        "INCREMENT_NEGATIF",
        "cumul",
        lambda row: (
            f"{row['finess']}, {row['envelope']}, de {row['period_start']:%Y-%m} à {row['month']:%Y-%m} : "
            f"{row['increment_eur']}"
        ),
        "Le cumul est inférieur au précédent. Gardé dans les totaux (régularisation) : à vérifier avec la source.",
    )


def _unchanged(rows: pd.DataFrame) -> list[Finding]:
    """Cumuls equal to the cent to the one before, in a delivery in which others have moved."""
    known = rows[rows["increment_eur"].notna() & (rows["cumulative_eur"] != 0).fillna(False)]
    still = known[(known["increment_eur"] == 0) & (known["months_nb"] < known["month"].dt.month)]
    moving = set(known.loc[known["increment_eur"] != 0, "delivery"])
    return by_delivery(
        still[still["delivery"].isin(moving)],
        "CUMUL_INCHANGE",
        "cumul",
        lambda row: f"{row['finess']}, {row['envelope']} à {row['month']:%Y-%m} : {row['cumulative_eur']}",
        "Le cumul est, au centime, celui de la livraison précédente : ligne non mise à jour. Compté comme une période "
        "sans dépense ; à demander à la source.",
    )


def _repeated(rows: pd.DataFrame) -> list[Finding]:
    """Deliveries of which every cumul is, to the cent, that of the one before: the same sums under another month."""
    known = rows[rows["increment_eur"].notna() & (rows["cumulative_eur"] != 0).fillna(False)]
    later = known[known["months_nb"] < known["month"].dt.month]
    moving = set(later.loc[later["increment_eur"] != 0, "delivery"])
    return by_delivery(
        later[~later["delivery"].isin(moving)].groupby("delivery").filter(lambda own: len(own) >= _FEWEST_CUMULS_NB),
        "LIVRAISON_REPETEE",
        "cumul",
        lambda row: f"{row['finess']}, {row['envelope']} à {row['month']:%Y-%m} : {row['cumulative_eur']}",
        "Tous ses cumuls sont, au centime, ceux de la livraison précédente : un ancien fichier reçu à la place du "
        "nouveau, ou as_of mal écrit. Ses mois compteraient sans dépense ; redemander le fichier, ou corriger as_of.",
    )


def _vanished(rows: pd.DataFrame) -> list[Finding]:
    """Establishments that a cumul of the year had and that the next one of the same envelope leaves out."""
    keyed = rows.assign(year=rows["month"].dt.year)
    scope = ["envelope", "amount_kind", "year"]
    steps = keyed[[*scope, "month", "delivery"]].drop_duplicates([*scope, "month"]).sort_values([*scope, "month"])
    steps["next"] = steps.groupby(scope)["month"].shift(-1)
    steps["next_delivery"] = steps.groupby(scope)["delivery"].shift(-1)
    asked = keyed.merge(steps.drop(columns="delivery"), on=[*scope, "month"]).dropna(subset=["next"])
    present = keyed[["finess", *scope, "month"]].rename(columns={"month": "next"})
    merged = asked.merge(present, on=["finess", *scope, "next"], how="left", indicator=True)
    gone = merged[merged["_merge"] == "left_only"]
    return by_delivery(
        gone.assign(delivery=gone["next_delivery"]),
        "CUMUL_DISPARU",
        "établissements absents",
        lambda row: f"{row['finess']}, {row['envelope']} : {row['cumulative_eur']} à {row['month']:%Y-%m}",
        "L'établissement avait un cumul et n'en a plus : son dernier cumul reste. À demander à la source.",
    )


def _contradicted(rows: pd.DataFrame, months: pd.DataFrame) -> list[Finding]:
    """Last cumuls of a year that differ from the sum of the months received apart, when all of those are there.

    A series that the next cumul of the year leaves out keeps an old one, which its months have since corrected: it is
    not read.
    """
    known = rows[rows["cumulative_eur"].notna()]
    ordered = known.assign(year=known["month"].dt.year).sort_values("month")
    next_delivery = ordered.groupby([*_SERIES, "year"], sort=False)["delivery"].shift(-1)
    given = pd.MultiIndex.from_frame(ordered[["delivery", "year"]])
    followed = given[(next_delivery.notna() & (next_delivery != ordered["delivery"])).to_numpy(dtype=bool)]
    last = ordered[next_delivery.isna() & ~given.isin(followed)]
    parts = months.assign(year=months["month"].dt.year).dropna(subset=["amount_eur"])
    joined = last.merge(
        parts[[*_SERIES, "year", "month", "amount_eur"]], on=[*_SERIES, "year"], suffixes=("", "_of_part")
    )
    joined = joined[joined["month_of_part"] <= joined["month"]]
    sums = joined.groupby([*_SERIES, "year", "month", "delivery", "cumulative_eur"], as_index=False).agg(
        months_eur=("amount_eur", "sum"), known_nb=("amount_eur", "size")
    )
    whole = sums[sums["known_nb"] == sums["month"].dt.month]
    return by_delivery(
        whole[whole["months_eur"] != whole["cumulative_eur"]],
        "CUMUL_DIFFERENT_DES_MOIS",
        "cumul",
        lambda row: (
            f"{row['finess']}, {row['envelope']} à {row['month']:%Y-%m} : {row['cumulative_eur']}, "
            f"mois {row['months_eur']}"
        ),
        "Les mois comptent ; le cumul ne sert qu'à les vérifier. Demander à la source lequel est juste.",
    )

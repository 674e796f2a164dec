"""What the region could save: each lever, then where to begin."""

from __future__ import annotations

from caqes_analysis import french, tables
from caqes_analysis.chapters.page import Page
from caqes_analysis.chapters.regional_context import IS_EXTRACT, PRESCRIBERS, RECEIVED
from caqes_analysis.display import ColumnFormat, Notice, Table
from caqes_analysis.savings.lever_rates import BIOSIMILARS, REPERTOIRE, SUBSTITUTION
from caqes_analysis.savings.levers import (
    LEVER_ASSUMPTIONS,
    LEVER_LABELS,
    MINIMUM_PEERS_NB,
    looks_like_extract,
    top_levers,
)

__all__ = ["extract_notes", "first_levers_table", "levers_table", "prescriber_notes", "target_note"]

_IN_GROUPS = frozenset({BIOSIMILARS, SUBSTITUTION, REPERTOIRE})
_BY_GROUP = (
    "Biosimilaires et génériques : la médiane et le meilleur quart se lisent groupe par groupe (classe ou molécule) ; "
    "un établissement est compté dès qu'il gagnerait dans un seul."
)


def levers_table(page: Page) -> Table | Notice:
    """Return what the region could save on each lever, scenario by scenario."""
    rows = page.store.read(tables.LEVERS)
    if rows.empty:
        return Notice(
            "missing",
            "Leviers",
            f"Il y faut une base annuelle Open PHMEV, et au moins {MINIMUM_PEERS_NB} établissements par levier.",
        )
    sums = rows.astype({"saving_eur": object}).groupby(["lever", "scenario"])["saving_eur"].sum().unstack("scenario")
    sums = sums.reindex(columns=list(tables.SCENARIOS))
    sums.columns = [f"{name}_eur" for name in tables.SCENARIOS]
    # Of the basis in which the table is ranked, and in which each sheet lists its levers.
    gaining = (
        rows[(rows["scenario"] == "best_quartile") & (rows["saving_eur"] > 0)].groupby("lever")["finess"].nunique()
    )
    frame = sums.reset_index()
    frame["label"] = frame["lever"].map(LEVER_LABELS)
    frame["establishments_nb"] = [int(gaining.get(lever, 0)) for lever in frame["lever"]]
    frame["assumption"] = [LEVER_ASSUMPTIONS.get(lever, "–") for lever in frame["lever"]]
    columns = [
        ColumnFormat.text("label", "Levier"),
        ColumnFormat.compact_amount("median_eur", "À la médiane"),
        ColumnFormat.compact_amount("best_quartile_eur", "Au meilleur quart"),
    ]
    has_target = bool(frame["target_eur"].notna().any())
    if has_target:
        columns.append(ColumnFormat.compact_amount("target_eur", "À l'objectif"))
    return Table.from_frame(
        frame.sort_values(["best_quartile_eur", "lever"], ascending=[False, True]),
        caption=f"Ce qui pourrait être économisé en un an, région, prix de {int(rows['year'].iloc[0])}",
        columns=[
            *columns,
            ColumnFormat.count("establishments_nb", "Établissements qui gagneraient au meilleur quart"),
            ColumnFormat.text("assumption", "Hypothèse"),
        ],
        notes=[
            "« Si chaque établissement prescrivait comme la médiane, ou le meilleur quart, de la région » : des ordres "
            "de grandeur, qui ne s'additionnent pas d'un levier à l'autre.",
            *([target_note(int(rows["year"].iloc[0]))] if has_target else []),
            *([_BY_GROUP] if _IN_GROUPS & set(frame["lever"]) else []),
            "Un levier dont l'écart de prix a disparu à la période n'y est pas.",
            *_absent_notes(set(frame["lever"])),
            *extract_notes(page),
        ],
    )


def target_note(year: int) -> str:
    """Return what the column « À l'objectif » holds, and why some levers have nothing there.

    Parameters
    ----------
    year
        Year of volumes, prices and objectives.
    """
    return (
        f"À l'objectif : ce que l'établissement, pris en entier, aurait dépensé de moins s'il avait tout juste atteint "
        f"l'objectif de {year} ; « n. d. » quand l'indicateur n'en a pas de connu, ou qu'il y manque l'année d'avant."
    )


def _absent_notes(shown: set[str]) -> list[str]:
    """Return which levers have no row, and what one needs."""
    absent = [label.replace(" : ", ", ") for name, label in LEVER_LABELS.items() if name not in shown]
    if not absent:
        return []
    return [
        f"Sans montant ici : {french.list_in_words(absent)}. Il y faut, dans les données reçues, les deux pratiques "
        f"que le levier compare, un écart de prix qui existe encore à la période, et {MINIMUM_PEERS_NB} établissements "
        "au moins."
    ]


def extract_notes(page: Page) -> list[str]:
    """Return the warning of a page whose yearly base is only an extract; nothing otherwise."""
    on_a_sheet = page.finess is not None
    if not ((RECEIVED, IS_EXTRACT) in page.regional_context if on_a_sheet else looks_like_extract(page.store)):
        return []
    return ["La base reçue est un extrait : ses sommes sont justes, ni ses taux ni ses leviers ne veulent rien dire."]


def prescriber_notes(page: Page) -> list[str]:
    """Return the sentence of a sheet whose workbook says who prescribed; nothing where no list was received."""
    if (RECEIVED, PRESCRIBERS) not in page.regional_context:
        return []
    return ["Le classeur dit aussi qui a prescrit (diffusion restreinte) : aucun prescripteur n'est nommé ici."]


def first_levers_table(page: Page, *, top_nb: int = 15) -> Table | Notice:
    """Return the largest levers of the region, one establishment and one lever a row.

    Parameters
    ----------
    page
        The page.
    top_nb
        How many rows.
    """
    ranked = top_levers(page.store.read(tables.LEVERS))
    if len(ranked):
        ranked = ranked[~ranked["is_ceiling"].astype(bool) & (ranked["best_quartile_eur"].astype(float) > 0)]
    if ranked.empty:
        return Notice("info", "Où agir d'abord", "Aucun levier n'a pu être calculé.")
    names = page.establishments.set_index("finess")
    frame = ranked.sort_values(["best_quartile_eur", "finess", "lever"], ascending=[False, True, True]).head(top_nb)
    who = names[["name", "href"]].reindex(frame["finess"])
    has_group = frame["main_group"].notna().any()
    return Table.from_frame(
        frame.assign(
            name=who["name"].to_numpy(), href=who["href"].to_numpy(), main_group=frame["main_group"].fillna("–")
        ),
        caption="Les leviers les plus importants de la région",
        columns=[
            ColumnFormat.text("name", "Établissement", href="href"),
            ColumnFormat.text("label", "Levier"),
            *([ColumnFormat.text("main_group", "D'abord")] if has_group else []),
            ColumnFormat.compact_amount("median_eur", "À la médiane"),
            ColumnFormat.compact_amount("best_quartile_eur", "Au meilleur quart"),
        ],
        notes=["Hors prescription dans le répertoire, qui est un plafond théorique."],
    )

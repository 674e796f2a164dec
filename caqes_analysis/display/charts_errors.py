"""How far each method stood from what came, year by year."""

from __future__ import annotations

import pandas as pd

from caqes_analysis import french
from caqes_analysis.display.columns import ColumnFormat
from caqes_analysis.display.figure import Figure
from caqes_analysis.display.series import checked
from caqes_analysis.display.style import ACCENT, CONTEXT, INK, WARNING, house_style, shortened, sketch
from caqes_analysis.display.svg import to_svg
from caqes_analysis.display.table import Table

__all__ = ["past_errors"]

_COLUMNS = ("label", "year", "error_points")
_PITCH = 22.0
_NAMES = 168.0
_COLOURS = (ACCENT, WARNING, CONTEXT)
_MARKERS = ("o", "X", "s")


def past_errors(frame: pd.DataFrame, *, name: str) -> Figure:
    """Draw the errors of several methods in the years that were replayed, the most exact method first.

    Parameters
    ----------
    frame
        One row per method and year: ``label`` of the method, ``year``, ``error_points`` (said − came; missing: the
        method could say nothing). Three years at most: a colour and a mark each.
    name
        Whose forecasts they are.

    Raises
    ------
    ValueError
        When no error is known, or with more than three years.
    """
    rows = checked(frame, _COLUMNS, "past_errors").dropna(subset=["error_points"])
    years: list[int] = sorted(map(int, rows["year"].unique()), reverse=True)
    if rows.empty or len(years) > len(_COLOURS):
        raise ValueError("one to three years of known errors are needed")
    mean = rows.assign(size=rows["error_points"].abs()).groupby("label")["size"].mean().sort_values(kind="stable")
    order = list(mean.index)
    best = f"{order[0]} : erreur moyenne de {french.number(mean.iloc[0], 1)} point{'s' if mean.iloc[0] >= 2 else ''}"
    widest = rows.iloc[int(rows["error_points"].abs().argmax())]
    alt = (
        f"{french.plural(len(order), 'méthode')}, de la plus exacte à la moins exacte. {best}. La plus grande erreur : "
        f"{widest['label']}, {french.signed(widest['error_points'], 1)} points en {widest['year']}."
    )
    wide = rows.pivot_table(index="label", columns="year", values="error_points").reindex(index=order, columns=years)
    table = Table.from_frame(
        wide.rename(columns={year: f"error_{year}" for year in years}).assign(mean=mean).reset_index(),
        caption=f"Erreurs passées de chaque méthode, {name}",
        columns=[
            ColumnFormat.text("label", "Méthode"),
            *(ColumnFormat.points(f"error_{year}", f"Erreur en {year}") for year in years),
            ColumnFormat.number("mean", "Erreur absolue moyenne", decimals=1, unit="points"),
        ],
    )
    svg = _drawn(rows, order, years)
    return Figure(f"{name} : « {order[0]} » aurait été au plus près", alt, svg, table)


def _drawn(rows: pd.DataFrame, order: list[str], years: list[int]) -> str:
    import seaborn as sns  # here: it takes half a second to import, and only the workshop draws this

    names = {label: shortened(label, _NAMES - 14) for label in order}
    shown = rows.assign(label=pd.Categorical(rows["label"].map(names), [names[label] for label in order], ordered=True))
    with house_style():
        figure, axes = sketch(_PITCH * len(order) + 76, left=_NAMES, right=12, top=30, bottom=46)
        sns.scatterplot(
            shown.sort_values("label"),
            x="error_points",
            y="label",
            hue="year",
            style="year",
            hue_order=years,
            style_order=years,
            palette=dict(zip(years, _COLOURS, strict=False)),
            markers=dict(zip(years, _MARKERS, strict=False)),
            s=46,
            linewidth=0,
            ax=axes,
        )
        axes.axvline(0, color=INK, linewidth=1.0)
        axes.grid(visible=True, axis="both")
        axes.set_xlabel("points (annoncé − réalisé)")
        axes.set_ylabel("")
        axes.tick_params(axis="y", length=0)
        axes.xaxis.set_major_formatter(lambda value, _: french.signed(value, 0 if float(value).is_integer() else 1))
        axes.legend(loc="lower left", bbox_to_anchor=(-0.02, 1.0), ncols=len(years), frameon=False, handletextpad=0.2)
        return to_svg(figure)

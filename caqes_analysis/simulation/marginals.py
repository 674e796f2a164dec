"""Compute what the simulation borrows from the real Open PHMEV: aggregates only, no fact about an establishment.

``python -m caqes_analysis.simulation.marginals FOLDER`` reads the national sample of Open PHMEV 2024 in ``FOLDER``
and rewrites the ``open_phmev_*`` data files of this package. Nothing else imports this module.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pandas as pd

__all__ = ["LINE_CAP_SHARE", "compute", "main", "read_sample"]

SAMPLE = "OPEN_PHMEV_2024_echantillon_national.csv"
MASKED_CIP13 = "9999999999999"
FEES_ATC1 = "0"
# One line of a sample of 10,000 weighs up to 15 % of its money (a single hospital's Kaftrio), which says nothing
# about the other hospitals: a line counts for at most this share of the money, its boxes in proportion.
LINE_CAP_SHARE = 0.01
# Presentations kept: with 1,500, the list holds 97 % of the money and 91 % of the boxes that carry a CIP13.
PRESENTATIONS_NB = 1500
_ATC_LEVELS = (("atc1", "l_atc1"), ("atc2", "l_atc2"), ("atc3", "l_atc3"), ("atc4", "l_atc4"), ("atc5", "l_atc5"))
_MEASURES = ["lines", "boxes", "base_eur", "reimbursed_eur"]


def read_sample(path: Path) -> pd.DataFrame:
    """Return an Open PHMEV file as text, with the numbers ``boxes``, ``base_eur``, ``reimbursed_eur`` and ``lines``.

    Parameters
    ----------
    path
        Open PHMEV file (cp1252, semicolons, amounts ``1.234,56``).

    Returns
    -------
    DataFrame
        The columns of the file, named in lower case, and the four measures, with lines capped as
        ``LINE_CAP_SHARE`` says.
    """
    lines = pd.read_csv(path, sep=";", encoding="cp1252", dtype=str, keep_default_na=False)
    lines.columns = lines.columns.str.lower()
    lines["lines"] = 1.0
    for name, column in (("boxes", "boites"), ("base_eur", "bse"), ("reimbursed_eur", "rem")):
        plain = lines[column].str.replace(".", "", regex=False).str.replace(",", ".", regex=False)
        lines[name] = plain.astype(float)
    cap_eur = LINE_CAP_SHARE * lines["reimbursed_eur"].sum()
    factor = (cap_eur / lines["reimbursed_eur"].where(lines["reimbursed_eur"] > cap_eur, cap_eur)).astype(float)
    for name in ("boxes", "base_eur", "reimbursed_eur"):
        lines[name] = lines[name] * factor
    return lines


def _presentations(lines: pd.DataFrame) -> pd.DataFrame:
    """Return the presentations kept, with lines and boxes that also stand for those that are not."""
    keys = ["cip13", "l_cip13", "atc5", "top_gen", "gen_num"]
    all_of_them = lines.groupby(keys, as_index=False)[_MEASURES].sum()
    all_of_them = all_of_them[(all_of_them["boxes"] > 0) & (all_of_them["base_eur"] > 0)]
    share = (all_of_them[_MEASURES] / all_of_them[_MEASURES].sum()).max(axis=1)
    flagged = all_of_them["top_gen"].isin(["B", "C"])
    rank = (share + flagged).rank(method="first", ascending=False)
    kept = all_of_them[rank <= PRESENTATIONS_NB].copy()
    kept["base_eur_per_box"] = kept["base_eur"] / kept["boxes"]
    kept["reimbursed_share"] = kept["reimbursed_eur"] / kept["base_eur"]
    # What was left out goes to its nearest relatives: same molecule and generic status, then same class.
    rest = all_of_them[rank > PRESENTATIONS_NB]
    weights = kept[["lines", "boxes"]].copy()
    for length in (7, 5, 4, 3, 1):
        for same_status in (True, False):
            cell_kept = kept["atc5"].str[:length] + (kept["top_gen"] if same_status else "")
            cell_rest = rest["atc5"].str[:length] + (rest["top_gen"] if same_status else "")
            placed = cell_rest.isin(cell_kept)
            for name in ("lines", "boxes"):
                moved = rest[placed].groupby(cell_rest[placed])[name].sum()
                held = weights[name].groupby(cell_kept).transform("sum")
                weights[name] *= 1 + cell_kept.map(moved).fillna(0.0) / held
            rest = rest[~placed]
    kept[["lines", "boxes"]] = weights
    _tilt(kept, all_of_them)
    return kept.sort_values("cip13")[[*keys, "lines", "boxes", "base_eur_per_box", "reimbursed_share"]].rename(
        columns={"l_cip13": "label", "top_gen": "generic_status", "gen_num": "generic_group"}
    )


def _tilt(kept: pd.DataFrame, all_of_them: pd.DataFrame) -> None:
    """Move boxes, inside each ATC letter, towards dear or cheap presentations until its money is what was seen.

    What was left out is cheaper or dearer than what stands for it. The boxes of a letter are kept, and so are prices:
    a presentation of price p is weighted by p to a small power, found by bisection.
    """
    for letter, money in all_of_them.groupby(all_of_them["atc5"].str[0])["base_eur"].sum().items():
        rows = kept["atc5"].str[0] == letter
        boxes, price = kept.loc[rows, "boxes"], kept.loc[rows, "base_eur_per_box"]
        low, high = -1.0, 1.0
        for _ in range(50):
            power = (low + high) / 2
            tilted = boxes * price**power
            tilted *= boxes.sum() / tilted.sum()
            low, high = (power, high) if (tilted * price).sum() < money else (low, power)
        kept.loc[rows, "boxes"] = tilted


def _masked(lines: pd.DataFrame) -> pd.DataFrame:
    """Return the masked lines by the deepest class that they still tell."""
    node = lines["atc1"].copy()
    for level in ("atc2", "atc3", "atc4", "atc5"):
        told = ~lines[level].str.startswith("9")
        node = node.where(~told, lines[level])
    totals = lines[_MEASURES].groupby(node.rename("atc")).sum()
    # A class seen once or twice has no price of its own: it is drawn towards the masked lines of its first letter.
    letters = lines[_MEASURES].groupby(lines["atc1"]).sum()
    own = letters.loc[totals.index.str[0]].set_axis(totals.index)
    prior_lines = 1.0
    weight = totals["lines"] / (totals["lines"] + prior_lines)
    totals["base_eur_per_box"] = totals["base_eur"] / totals["boxes"]
    mean_price = own["base_eur"] / own["boxes"]
    totals["base_eur_per_box"] = totals["base_eur_per_box"] ** weight * mean_price ** (1 - weight)
    totals["reimbursed_share"] = totals["reimbursed_eur"] / totals["base_eur"]
    # … and the prices of a letter are then set so that its masked money is what was seen.
    letter = totals.index.str[0]
    drawn = (totals["boxes"] * totals["base_eur_per_box"]).groupby(letter).transform("sum")
    totals["base_eur_per_box"] *= totals["base_eur"].groupby(letter).transform("sum") / drawn
    return totals.reset_index()[["atc", "lines", "boxes", "base_eur_per_box", "reimbursed_share"]]


def _labels(lines: pd.DataFrame) -> pd.DataFrame:
    pairs = [lines[[code, label]].set_axis(["code", "label"], axis=1) for code, label in _ATC_LEVELS]
    labels = pd.concat(pairs).drop_duplicates("code").sort_values("code")
    return labels[~labels["code"].str.startswith("9") & ~labels["code"].str.startswith(FEES_ATC1)]


def _mix(lines: pd.DataFrame, is_masked: pd.Series[bool], is_fee: pd.Series[bool]) -> dict[str, Any]:
    fees, drugs = lines[is_fee], lines[~is_fee]
    people = drugs.assign(masked=is_masked[~is_fee].astype(int)).groupby(
        ["masked", "top_etb_age", "top_etb_sexe", "age", "sexe"], as_index=False
    )[["lines", "boxes"]]
    by_class = [
        drugs.groupby(["atc1", column], as_index=False)[["lines", "boxes"]].sum().round(1).to_numpy().tolist()
        for column in ("age", "sexe")
    ]
    hospitals, by_category = lines.drop_duplicates("etb_rgt"), lines.groupby("categorie_jur_rgt")
    return {
        "source": f"{SAMPLE} (Assurance Maladie, Licence Ouverte)",
        "sample_lines_nb": len(lines),
        "line_cap_share": LINE_CAP_SHARE,
        "fees_reimbursed_share": round(fees["reimbursed_eur"].sum() / lines["reimbursed_eur"].sum(), 5),
        "fees_rate_share": round(fees["reimbursed_eur"].sum() / fees["base_eur"].sum(), 5),
        "establishments_nb": {str(k): int(v) for k, v in hospitals.groupby("categorie_jur_rgt").size().items()},
        "tells_age_share": {str(k): round(float(v), 3) for k, v in by_category["top_etb_age"].agg(_share_of_1).items()},
        "tells_sex_share": {
            str(k): round(float(v), 3) for k, v in by_category["top_etb_sexe"].agg(_share_of_1).items()
        },
        "age_sex": people.sum().round(1).to_dict("split", index=False),
        "class_age": {"columns": ["atc1", "age", "lines", "boxes"], "data": by_class[0]},
        "class_sex": {"columns": ["atc1", "sexe", "lines", "boxes"], "data": by_class[1]},
    }


def _share_of_1(values: pd.Series[str]) -> float:
    return float((values == "1").mean())


def compute(source: Path) -> dict[str, pd.DataFrame | dict[str, Any]]:
    """Return the content of the data files, by file name.

    Parameters
    ----------
    source
        Folder of the national sample of Open PHMEV 2024.

    Returns
    -------
    dict
        ``open_phmev_presentations.csv``, ``open_phmev_masked.csv``, ``open_phmev_atc.csv`` (tables) and
        ``open_phmev_mix.json`` (a dictionary).
    """
    lines = read_sample(source / SAMPLE)
    is_fee = lines["atc1"] == FEES_ATC1
    is_masked = lines["cip13"] == MASKED_CIP13
    return {
        "open_phmev_presentations.csv": _presentations(lines[~is_fee & ~is_masked]),
        "open_phmev_masked.csv": _masked(lines[is_masked]),
        "open_phmev_atc.csv": _labels(lines),
        "open_phmev_mix.json": _mix(lines, is_masked, is_fee),
    }


def main(arguments: list[str]) -> int:
    """Rewrite the data files of the package from the folder named in ``arguments``; return an exit code."""
    if len(arguments) != 1:
        print("usage : python -m caqes_analysis.simulation.marginals DOSSIER", file=sys.stderr)
        return 2
    for name, content in compute(Path(arguments[0])).items():
        path = Path(__file__).with_name(name)
        if isinstance(content, pd.DataFrame):
            content.to_csv(path, sep=";", index=False, encoding="utf-8", lineterminator="\n", float_format="%.6g")
        else:
            text = json.dumps(content, ensure_ascii=False, indent=1)
            path.write_text(text + "\n", encoding="utf-8", newline="\n")
        print(f"écrit : {path.name}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

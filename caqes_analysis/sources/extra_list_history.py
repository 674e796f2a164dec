"""The histories of the liste en sus, drugs (UCD) and devices (LPP), as ATIH publishes them: one event a line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from caqes_analysis import tables
from caqes_analysis.errors import Problem
from caqes_analysis.extra_list import with_vat
from caqes_analysis.sources.cells import CellError, parse_date, parse_text
from caqes_analysis.sources.code_cells import digits, optional_text, parse_atc, parse_tariff
from caqes_analysis.sources.findings import Finding, Findings, Severity
from caqes_analysis.sources.grid_findings import common_findings
from caqes_analysis.sources.grids import Grid, read_grid
from caqes_analysis.sources.problems import ProblemLog, shown
from caqes_analysis.sources.received import Received, delivery_row

__all__ = ["read_biosimilar_tariffs", "read_lpp_history", "read_ucd_history"]

# What each word of the files means for the listing. Words not listed here are kept, without effect, and told.
_EVENTS: Mapping[str, str] = {
    "inscription": "listing",
    "figure": "listing",
    "tarif": "tariff",
    "radiation": "delisting",
    "suppression": "delisting",
    "ne figure plus": "delisting",
    "suspension": "suspension",
    "radiation partielle": "partial_delisting",
    "modification": "change",
    "modif libellé": "change",
    "modif libellé UCD": "change",
    "modif code": "change",
    "correctif code UCD": "change",
    "annexe 2 -> 1": "change",
    "inscription article 51": "article_51",
    "modification article 51": "article_51",
    "RTU": "rtu",
}
_ATC_TO_COME = ("non encore attribué",)
_SEPARATORS = ",;"
_ucd7 = digits(7, "UCD")
_lpp = digits(7, "LPP")
_ucd13 = digits(13, "UCD13")
Columns = dict[str, list[Any]]
Told = tuple[str, str, Severity, Callable[[pd.DataFrame, Grid], list[int]], str]


def read_ucd_history(path: Path, *, delivery: str) -> Received:
    """Read the history of the drugs of the list (``liste_en_sus_ucd_historique.csv``).

    Parameters
    ----------
    path
        The file: comma or semicolon, header ``datepublication, dateeffet, libelleucd, ucd7, ucd13, evenement, prix,
        prixttc, denominationcommuneinternationale, codeatc, …``.
    delivery
        Identifier of the delivery.

    Returns
    -------
    Received
        Rows of ``extra_list_events``, one per line received. Findings: event not said or not known, line twice, tariff
        without price, tariffs that the VAT does not explain, tariff replaced before its day, UCD13 spoilt by a
        spreadsheet.

    Raises
    ------
    SourceError
        With all that is wrong: columns, dates, codes, prices.
    """
    grid = read_grid(
        path,
        required=("datepublication", "dateeffet", "libelleucd", "ucd7", "evenement", "prix", "prixttc"),
        optional=("ucd13", "denominationcommuneinternationale", "codeatc", "conditionderemboursement", "commentaire"),
        separators=_SEPARATORS,
    )
    log = ProblemLog(grid.file)
    columns: Columns = {
        "code": grid.parsed("ucd7", _ucd7, log, required=True),
        "label": grid.parsed("libelleucd", optional_text, log),
        "substance": grid.parsed("denominationcommuneinternationale", optional_text, log),
        "atc": grid.parsed("codeatc", _atc_or_none, log),
        "tariff_ht_eur": grid.parsed("prix", parse_tariff, log),
        "tariff_ttc_eur": grid.parsed("prixttc", parse_tariff, log),
        "ucd13": grid.parsed("ucd13", _ucd13_or_none, log),
    }
    return _received(path, delivery, grid, log, "drug", columns)


def read_lpp_history(path: Path, *, delivery: str) -> Received:
    """Read the history of the devices of the list (``liste_en_sus_lpp_historique.csv``).

    Parameters
    ----------
    path
        The file: comma or semicolon, header ``dateeffet, libelle, codelpp, evenement, datepublication, commentaire``.
    delivery
        Identifier of the delivery.

    Returns
    -------
    Received
        Rows of ``extra_list_events``. Events about a family of devices have no code: they are kept, with a finding.

    Raises
    ------
    SourceError
        With all that is wrong: columns, dates, codes.
    """
    grid = read_grid(
        path,
        required=("dateeffet", "libelle", "codelpp", "evenement", "datepublication"),
        optional=("commentaire",),
        separators=_SEPARATORS,
    )
    log = ProblemLog(grid.file)
    columns: Columns = {
        "code": grid.parsed("codelpp", _lpp, log),
        "label": grid.parsed("libelle", optional_text, log),
    }
    return _received(path, delivery, grid, log, "device", columns)


def read_biosimilar_tariffs(path: Path, *, delivery: str) -> Received:
    """Read the tariffs by date of reference and biosimilar drugs of the list.

    Parameters
    ----------
    path
        The file: ``dci;ucd7;ucd13;libelle_ucd;code_atc;date_publication_jo;date_effet;tarif_ht_eur;tarif_ttc_eur``.
    delivery
        Identifier of the delivery.

    Returns
    -------
    Received
        Rows of ``extra_list_events``, all of them tariffs; ``substance`` names the group.

    Raises
    ------
    SourceError
        With all that is wrong: columns, dates, codes, prices.
    """
    grid = read_grid(
        path,
        required=("dci", "ucd7", "libelle_ucd", "date_publication_jo", "date_effet", "tarif_ht_eur", "tarif_ttc_eur"),
        optional=("ucd13", "code_atc"),
        separators=_SEPARATORS,
    )
    log = ProblemLog(grid.file)
    columns: Columns = {
        "code": grid.parsed("ucd7", _ucd7, log, required=True),
        "label": grid.parsed("libelle_ucd", optional_text, log),
        "substance": grid.parsed("dci", optional_text, log, required=True),
        "atc": grid.parsed("code_atc", _atc_or_none, log),
        "tariff_ht_eur": grid.parsed("tarif_ht_eur", parse_tariff, log),
        "tariff_ttc_eur": grid.parsed("tarif_ttc_eur", parse_tariff, log),
        "ucd13": grid.parsed("ucd13", _ucd13_or_none, log),
    }
    return _received(
        path, delivery, grid, log, "drug", columns, days=("date_publication_jo", "date_effet"), event="tarif"
    )


def _received(
    path: Path,
    delivery: str,
    grid: Grid,
    log: ProblemLog,
    kind: str,
    columns: Columns,
    *,
    days: tuple[str, str] = ("datepublication", "dateeffet"),
    event: str | None = None,
) -> Received:
    published = grid.parsed(days[0], parse_date, log)
    effective = grid.parsed(days[1], parse_date, log)
    words = [event or " ".join(parse_text(cell).split()) for cell in grid.cells.get("evenement", grid.lines)]
    for line, publication, effect in zip(grid.lines, published, effective, strict=True):
        if publication is None and effect is None and not any(p.line == line for p in log.problems()):
            log.add(
                Problem(
                    "DATE_ABSENTE",
                    "cet événement n'a ni date d'effet ni date de publication.",
                    "Compléter l'une des deux.",
                    line=line,
                    column=f"{days[0]}, {days[1]}",
                )
            )
    log.raise_if_any()
    rows = tables.EXTRA_LIST_EVENTS.conform(
        pd.DataFrame(
            {
                **columns,
                "source_line": grid.lines,
                "event": [_EVENTS.get(word, "unknown") for word in words],
                "event_label": words,
                "day": [effect or publication for publication, effect in zip(published, effective, strict=True)],
                "published_on": published,
                "effective_on": effective,
                "comment": grid.parsed("commentaire", optional_text, log),
            }
        ),
        source=delivery,
        kind=kind,
    )
    tables.EXTRA_LIST_EVENTS.validate(rows)
    period = f"{rows['day'].min():%d/%m/%Y} au {rows['day'].max():%d/%m/%Y}"
    described = delivery_row(path, delivery=delivery, period=period, rows_nb=len(rows))
    return Received(rows, _findings(delivery, grid, rows), described)


def _ucd13_or_none(cell: Any) -> str | None:
    """A spreadsheet writes some of them « 3,40089E+12 »: what it took away is lost, and the 7 digits say enough."""
    try:
        return _ucd13(cell)
    except CellError:
        return None


def _atc_or_none(cell: Any) -> str | None:
    """A few lines hold a sentence (« non encore attribué »): the class is missing, and that is told."""
    try:
        return parse_atc(cell)
    except CellError:
        return None


def _findings(delivery: str, grid: Grid, rows: pd.DataFrame) -> Findings:
    found = []
    for code, place, severity, places, remedy in _TOLD:
        lines = places(rows, grid)
        if lines:
            first = rows.iloc[lines[0]]
            example = f"{first['code']} {first['label']} (ligne {first['source_line']})"
            found.append(Finding(delivery, code, place, severity, len(lines), shown(example), remedy))
    return Findings(found) + common_findings(delivery, grid)


def _where(mask: pd.Series[bool]) -> list[int]:
    return [place for place, true in enumerate(mask) if true]


def _without_word(rows: pd.DataFrame, _: Grid) -> list[int]:
    return _where(rows["event_label"] == "")


def _unknown_word(rows: pd.DataFrame, _: Grid) -> list[int]:
    return _where((rows["event"] == "unknown") & (rows["event_label"] != ""))


def _without_code(rows: pd.DataFrame, _: Grid) -> list[int]:
    return _where(rows["code"].isna())


def _twice(rows: pd.DataFrame, _: Grid) -> list[int]:
    return _where(rows.drop(columns="source_line").astype(str).duplicated())


def _priceless(rows: pd.DataFrame, _: Grid) -> list[int]:
    return _where((rows["event"] == "tariff") & rows["tariff_ht_eur"].isna() & rows["tariff_ttc_eur"].isna())


def _without_ht(rows: pd.DataFrame, _: Grid) -> list[int]:
    return _where(rows["tariff_ht_eur"].isna() & rows["tariff_ttc_eur"].notna())


def _unexplained(rows: pd.DataFrame, _: Grid) -> list[int]:
    return [
        place
        for place, (ht, ttc) in enumerate(zip(rows["tariff_ht_eur"], rows["tariff_ttc_eur"], strict=True))
        if not (pd.isna(ht) or pd.isna(ttc)) and with_vat(ht) != ttc
    ]


def _replaced(rows: pd.DataFrame, _: Grid) -> list[int]:
    priced = rows[rows["tariff_ht_eur"].notna()].sort_values(["code", "day", "published_on"], kind="stable")
    prices = priced.drop_duplicates(["code", "day", "tariff_ht_eur"], keep="last")
    return sorted(prices.index[prices.duplicated(["code", "day"], keep="last")])


def _exchanged_days(rows: pd.DataFrame, _: Grid) -> list[int]:
    """A text is published before it takes effect; of the real histories one line in fifty says otherwise."""
    both = rows["published_on"].notna() & rows["effective_on"].notna() & (rows["published_on"] != rows["effective_on"])
    before = both & (rows["effective_on"] < rows["published_on"])
    return _where(before) if before.sum() > max(1, both.sum() / 2) else []


def _spoilt(rows: pd.DataFrame, grid: Grid) -> list[int]:
    cells = pd.Series(grid.cells.get("ucd13", [""] * len(rows)), index=rows.index, dtype=object)
    return _where((cells.map(parse_text) != "") & rows["ucd13"].isna())


def _without_atc(rows: pd.DataFrame, grid: Grid) -> list[int]:
    cells = pd.Series(grid.cells.get("codeatc", grid.cells.get("code_atc", [""] * len(rows))), index=rows.index)
    words = cells.map(parse_text).str.casefold()
    return _where((words != "") & ~words.isin(_ATC_TO_COME) & rows["atc"].isna())


_TOLD: tuple[Told, ...] = (
    (
        "EVENEMENT_ABSENT",
        "evenement",
        "warning",
        _without_word,
        "L'événement n'est pas dit : la ligne est gardée, sans effet sur l'inscription. Vérifier au Journal officiel.",
    ),
    (
        "EVENEMENT_INCONNU",
        "evenement",
        "warning",
        _unknown_word,
        "Ce mot n'est pas connu : la ligne est gardée, sans effet sur l'inscription.",
    ),
    (
        "EVENEMENT_SANS_CODE",
        "codelpp",
        "information",
        _without_code,
        "L'événement porte sur une famille de produits : il est gardé, sans effet sur un code.",
    ),
    (
        "EVENEMENT_EN_DOUBLE",
        "ligne entière",
        "information",
        _twice,
        "Lignes identiques gardées : elles ne changent ni les périodes ni les tarifs.",
    ),
    (
        "TARIF_SANS_PRIX",
        "prix, prixttc",
        "warning",
        _priceless,
        "Le tarif n'est pas dit : celui d'avant reste. Vérifier au Journal officiel.",
    ),
    (
        "TARIF_HT_MANQUANT",
        "prix",
        "information",
        _without_ht,
        "Seul le tarif toutes taxes est reçu : le tarif hors taxe s'en déduit (TVA 2,1 %), et cela est dit.",
    ),
    (
        "TARIF_TTC_INCOHERENT",
        "prixttc",
        "warning",
        _unexplained,
        "Le tarif toutes taxes n'est pas le tarif hors taxe × 1,021 : les deux sont gardés, signalés ; à vérifier "
        "avant tout calcul sur ces produits.",
    ),
    (
        "TARIF_REMPLACE",
        "prix",
        "information",
        _replaced,
        "Deux textes fixent un tarif pour le même jour : le dernier publié vaut.",
    ),
    (
        "DATES_ECHANGEES",
        "dates de publication et d'effet",
        "warning",
        _exchanged_days,
        "La plupart des textes prendraient effet avant d'être publiés : les deux colonnes de dates sont sans doute "
        "échangées. Gardées telles que reçues ; redonner le fichier tel qu'il a été téléchargé.",
    ),
    (
        "UCD13_ABIME",
        "ucd13",
        "information",
        _spoilt,
        "Un tableur a changé ce code en nombre arrondi : il est compté comme manquant, le code à 7 chiffres suffit.",
    ),
    (
        "ATC_INVALIDE",
        "codeatc",
        "warning",
        _without_atc,
        "Ce n'est pas un code ATC : il est compté comme manquant. Deux colonnes ont peut-être été échangées.",
    ),
)

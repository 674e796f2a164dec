"""Where an indicator comes from: its codes with their dates, its texts, who wrote and checked it, what changed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pandas as pd

from caqes_analysis import french
from caqes_analysis.code_lists import CodeList
from caqes_analysis.display import ColumnFormat, Details, Table
from caqes_analysis.guide.glossary import Linker
from caqes_analysis.guide.sources import GuideSources, Part
from caqes_analysis.guide.words import RELIABILITY, checked_by
from caqes_analysis.indicators.definition import IndicatorDefinition

__all__ = ["code_parts", "trace_parts"]

_KINDS = {"atc": "classe ATC", "cip": "code CIP13", "ucd": "code UCD", "lpp": "code LPP"}
_ROLES = {
    "biosimilar": "biosimilaire",
    "reference": "référence",
    "gravite": "gravité",
    "debranchement": "débranchement",
    "systeme_actif_electrique": "système actif électrique",
    "consommables_sa_diff": "consommables SA/DIFF",
}


def code_parts(definition: IndicatorDefinition, sources: GuideSources, write: Linker) -> Iterator[Part]:
    """Yield the code lists of an indicator, each with its source, its dates and its codes.

    Parameters
    ----------
    definition
        The definition.
    sources
        Code lists.
    write
        Writer of the page's prose.
    """
    yield "## Les codes comptés"
    if not definition.used_code_lists:
        yield write("Aucune liste de codes : les lignes comptées sont celles que dit le calcul ci-dessus.")
    for name in sorted(definition.used_code_lists):
        if name not in sources.lists:
            yield write(f"La liste de codes « {name} » n'est pas encore fournie : l'indicateur n'a pas de valeur.")
            continue
        one = sources.lists[name]
        yield write(f"{one.title}. Source : {one.source} ; {RELIABILITY[one.status][0]}.{_dates(one)}")
        yield Details(f"{french.plural(len(one.codes), 'code')} de la liste « {one.title} »", [_codes(one)])


def _dates(one: CodeList) -> str:
    said = ""
    if one.valid_from or one.valid_to:
        start = f" du {french.date(one.valid_from, short=True)}" if one.valid_from else ""
        end = f" au {french.date(one.valid_to, short=True)}" if one.valid_to else ""
        said = f" Elle vaut{start}{end or ', sans date de fin'}."
    checked = f" État de la source au {french.date(one.as_of, short=True)}." if one.as_of else ""
    undated = one.kind != "atc" and one.as_of and not any(day for entry in one.codes for day in one.days_of(entry))
    limits = " Cette source ne date pas ses codes : ils sont comptés quelle que soit l'année." if undated else ""
    return f"{said}{checked}{limits}"


def _codes(one: CodeList) -> Table:
    rows = pd.DataFrame(
        [
            {
                "code": entry.code,
                "label": entry.label or "–",
                "role": _role(entry.role),
                "from": _day(one.days_of(entry)[0]),
                "to": _day(one.days_of(entry)[1]),
            }
            for entry in one.codes
        ]
    )
    columns = [ColumnFormat.text("code", _KINDS[one.kind][:1].upper() + _KINDS[one.kind][1:])]
    columns.append(ColumnFormat.text("label", "Libellé"))
    if any(entry.role for entry in one.codes):
        columns.append(ColumnFormat.text("role", "Rôle"))
    if any(any(one.days_of(entry)) for entry in one.codes):
        columns += [ColumnFormat.text("from", "Depuis"), ColumnFormat.text("to", "Jusqu'au")]
    return Table.from_frame(rows, caption=f"Codes de la liste « {one.title} »", columns=columns)


def _role(role: str | None) -> str:
    return _ROLES.get(role, role.replace("_", " ")) if role else "–"


def _day(day: dt.date | None) -> str:
    return french.date(day, short=True) if day else "–"


def trace_parts(definition: IndicatorDefinition, write: Linker) -> Iterator[Part]:
    """Yield the texts, the dated facts, and the history of a definition.

    Parameters
    ----------
    definition
        The definition.
    write
        Writer of the page's prose.
    """
    yield "## Sources et historique"
    if definition.legal_sources:
        yield "\n".join(f"- {write(text)}" for text in definition.legal_sources)
    elif definition.schemes:
        yield write("Aucun texte officiel trouvé pour cette définition.")
    else:
        yield write("Aucun texte officiel : c'est un indicateur de suivi.")
    events = [(one.on, "Définition", one.text, one.source) for one in definition.history]
    events += [(one.on, "Fait daté", one.text, one.source) for one in definition.annotations]
    if definition.reviewed_on:
        awaited = f" ; reste à relire par {definition.review_awaited}" if definition.review_awaited else ""
        said = f"{checked_by(definition)}{awaited}"
        events.append((definition.reviewed_on, "Vérification", said, f"écrite par {definition.author}"))
    ordered = sorted(events, key=lambda event: (-event[0].toordinal(), event[1]))
    if not ordered:
        return
    rows = pd.DataFrame(ordered, columns=["on", "kind", "text", "source"])
    yield Table.from_frame(
        rows.assign(source=rows["source"].fillna("–")),
        caption=f"Ce qui a changé pour « {definition.short_name} », du plus récent au plus ancien",
        columns=[
            ColumnFormat.date("on", "Date"),
            ColumnFormat.text("kind", "Nature"),
            ColumnFormat.text("text", "Ce qui a changé"),
            ColumnFormat.text("source", "D'où on le sait"),
        ],
    )

"""The pages about the guide itself: its index by contract and volet, its glossary."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd

from caqes_analysis import french
from caqes_analysis.display import ColumnFormat, Table, Text
from caqes_analysis.guide.glossary import GLOSSARY_PATH, glossary_markdown, glossary_terms
from caqes_analysis.guide.sources import GUIDE_PATH, GUIDE_TITLE, GuidePage, GuideSources, Part, indicator_path
from caqes_analysis.guide.words import DIRECTION_WORDS, FOLLOW_UP, state_of
from caqes_analysis.indicators.definition import IndicatorDefinition
from caqes_analysis.indicators.region_paid import volet_under
from caqes_analysis.schemes.targets import target_for

__all__ = ["CALENDAR_PATH", "glossary_page", "index_page"]

CALENDAR_PATH = f"{GUIDE_PATH}/calendrier"
"""Page of the calendar."""
_MOLECULES_PATH = "phmev"


def index_page(sources: GuideSources, *, is_in_report: bool = False) -> GuidePage:
    """Return the index: every indicator, by contract then by volet.

    Parameters
    ----------
    sources
        Definitions, schemes and targets.
    is_in_report
        True when a report holds the guide: the table of the first molecules is then a page away.
    """
    definitions = list(sources.definitions.values())
    published = sum(one.status == "published" for one in definitions)
    unread = sum(
        one.is_stale(sources.on) or one.review_awaited is not None for one in definitions if one.status == "published"
    )
    drafts = sum(one.status == "draft" for one in definitions)
    said = [f"{french.plural(published, 'indicateur publié', 'indicateurs publiés')}"]
    if unread:  # the same pages, never others to add up
        said[0] += ", tous à relire" if unread == published > 1 else f", dont {unread} à relire"
    said += [f"{french.plural(drafts, 'brouillon')} à compléter"] if drafts else []
    parts: list[Part] = [
        Text.answer(
            f"Ce guide dit ce que mesure chaque indicateur, comment il se calcule et ce que le contrat en fait : "
            f"{', et '.join(said)}."
        ),
        _reading_table(is_in_report),
    ]
    for name, own in _by_contract(sources):
        ready = [one for one in own if one.status != "draft"]
        title = FOLLOW_UP if name is None else sources.schemes[name].name
        parts += [f"## {title}", _table(title, name, ready, sources)] if ready else []
    if drafts:
        parts += ["## Brouillons", _drafts_table(sources)]
    return GuidePage(GUIDE_PATH, GUIDE_TITLE, tuple(parts))


def _reading_table(is_in_report: bool) -> Table:
    rows = pd.DataFrame(
        {
            "name": ["Glossaire", "Calendrier", "Palmarès des molécules"],
            "what": [
                f"{len(glossary_terms())} mots et sigles expliqués",
                "à quel rythme les données arrivent, et quand l'année du contrat se juge",
                "les dix molécules les plus coûteuses : un tableau du chapitre PHMEV, pas un indicateur",
            ],
            "href": [GLOSSARY_PATH, CALENDAR_PATH, _MOLECULES_PATH if is_in_report else None],
        }
    )
    columns = [ColumnFormat.text("name", "Page", href="href"), ColumnFormat.text("what", "Ce qu'on y trouve")]
    return Table.from_frame(rows, caption="Pour comprendre", columns=columns)


def _by_contract(sources: GuideSources) -> Iterator[tuple[str | None, list[IndicatorDefinition]]]:
    """Yield the schemes, that of the campaign first, then what no contract names."""
    used = {name for one in sources.definitions.values() for name in one.schemes}
    order = sorted(used, key=lambda name: (name != sources.campaign.scheme, name))
    for name in order:
        own = [one for one in sources.definitions.values() if name in one.schemes]
        yield name, own
    rest = [one for one in sources.definitions.values() if not one.schemes]
    if rest:
        yield None, rest


def _table(title: str, name: str | None, definitions: Sequence[IndicatorDefinition], sources: GuideSources) -> Table:
    scheme = sources.schemes.get(name) if name is not None else None
    volets = {one.id: volet_under(one, scheme) or "" for one in definitions}
    ordered = sorted(definitions, key=lambda one: (volets[one.id], one.theme, french.alphabetical(one.name)))
    states = [state_of(one, sources.on) for one in ordered]
    rows = pd.DataFrame(
        {
            "name": [one.name for one in ordered],
            "href": [indicator_path(one.id) for one in ordered],
            "volet": [volets[one.id] or "–" for one in ordered],
            "direction": [DIRECTION_WORDS[one.direction][0].lower() for one in ordered],
            "target": [_target(one, sources) if name == sources.campaign.scheme else "–" for one in ordered],
            "status": [
                f"{word.lower()}, à relire" if state in ("warning", "provisional") else word.lower()
                for word, _, state, _ in states
            ],
            "state": pd.Series([state if state == "warning" else None for _, _, state, _ in states], dtype=object),
        }
    )
    columns = [
        ColumnFormat.text("name", "Indicateur", href="href"),
        ColumnFormat.text("volet", "Volet"),
        ColumnFormat.text("direction", "Sens favorable"),
        ColumnFormat.text("target", f"Objectif {sources.campaign.year}"),
        ColumnFormat.text("status", "Fiche", state="state"),
    ]
    empty = {name for name in ("volet", "target") if (rows[name] == "–").all()}
    shown = [column for column in columns if column.name not in empty]
    return Table.from_frame(
        rows, caption=f"{title} : indicateurs{'' if 'volet' in empty else ' par volet'}", columns=shown
    )


def _drafts_table(sources: GuideSources) -> Table:
    drafts = [one for one in sources.definitions.values() if one.status == "draft"]
    rows = pd.DataFrame(
        {
            "name": [one.short_name for one in drafts],
            "href": [indicator_path(one.id) for one in drafts],
            "why": [" ".join(one.to_provide) or "relecture" for one in drafts],
        }
    )
    return Table.from_frame(
        rows,
        caption="Définitions en préparation, et ce qu'il leur manque",
        columns=[ColumnFormat.text("name", "Indicateur", href="href"), ColumnFormat.text("why", "Ce qu'il manque")],
    )


def _target(definition: IndicatorDefinition, sources: GuideSources) -> str:
    if definition.target is None:
        return "non renseigné"
    found = target_for(
        sources.targets,
        scheme=sources.campaign.scheme,
        subject=definition.target.subject,
        measure=definition.target.measure,
        data_year=sources.campaign.year,
    )
    if found.value is None:
        return "non renseigné"
    whose = " (repère régional)" if found.is_benchmark else " (fixé par la région)"
    return found.value_label + (whose if found.status == "regional" else "")


def glossary_page(sources: GuideSources) -> GuidePage:
    """Return the glossary, each entry with the anchor that the other pages point to.

    Parameters
    ----------
    sources
        Not read: every guide has the same glossary.
    """
    del sources
    count = len(glossary_terms())
    head = Text.answer(f"{count} mots du rapport, du guide et du contrat, expliqués à qui ne les connaît pas.")
    return GuidePage(GLOSSARY_PATH, "Glossaire", (head, "## De A à Z", glossary_markdown()))

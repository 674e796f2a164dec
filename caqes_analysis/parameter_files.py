"""Parameter files: YAML read with the place of every value, so that each problem names its line."""

from __future__ import annotations

import datetime as dt
import difflib
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar, cast

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from caqes_analysis.errors import CampaignError, Problem
from caqes_analysis.system_reasons import system_reason

__all__ = ["Parameters", "load_parameters", "load_unchanged", "model_in", "nearest"]

_Model = TypeVar("_Model", bound=BaseModel)
_DATE_LIKE = re.compile(r"\b([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})\b")


class Parameters(BaseModel):
    """Base of everything read from a parameter file: frozen, and unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def nearest(word: str, known: Sequence[str]) -> str | None:
    """Return the known word that looks most like ``word``, if one does.

    Examples
    --------
    >>> nearest("last_mont", ["last_month", "year"])
    'last_month'
    """
    return next(iter(difflib.get_close_matches(word, known, n=1, cutoff=0.6)), None)


def load_parameters(path: Path, model: type[_Model]) -> _Model:
    """Read a YAML file into a pydantic model.

    Parameters
    ----------
    path
        The file.
    model
        What it must hold.

    Returns
    -------
    BaseModel
        The validated, frozen content.

    Raises
    ------
    CampaignError
        Every problem of the file at once, each with its line, its key and its value: file absent or not UTF-8,
        YAML that cannot be parsed, unknown key (with the nearest known one), missing key, value of the wrong type.
    """
    name = path.name
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as failure:
        raise CampaignError.of(
            "PARAMETRES_INTROUVABLES",
            f"ce fichier ne peut pas être ouvert : {system_reason(failure) or failure}.",
            "Vérifier le chemin ; les campagnes sont dans le dossier parameters.",
            file=str(path),
        ) from failure
    except UnicodeDecodeError as failure:
        raise CampaignError.of(
            "PARAMETRES_ENCODAGE",
            "ce fichier n'est pas en UTF-8.",
            "L'enregistrer en UTF-8.",
            file=name,
        ) from failure
    try:
        content = _content(text)
    except YAMLError as failure:
        mark = failure.problem_mark if isinstance(failure, MarkedYAMLError) else None
        raise CampaignError.of(
            "PARAMETRES_YAML",
            f"ce fichier n'est pas un YAML lisible ({_yaml_reason(failure)}).",
            "Vérifier l'indentation (des espaces), les deux-points et les guillemets de cette ligne.",
            file=name,
            line=mark.line + 1 if mark else None,
        ) from failure
    except ValueError as failure:  # the YAML reader makes dates of what looks like one, whatever the calendar says
        line, value = _impossible_date(text)
        raise CampaignError.of(
            "PARAMETRES_VALEUR",
            "cette date n'existe pas dans le calendrier.",
            "La corriger, ou la mettre entre guillemets si ce n'est pas une date.",
            file=name,
            line=line,
            value=value,
        ) from failure
    if not isinstance(content, CommentedMap):
        raise CampaignError.of(
            "PARAMETRES_VIDES", "ce fichier ne contient pas de clés.", "Partir d'un exemple de parameters.", file=name
        )
    problems = list(_lost_quotes(name, content, content))
    context = {"directory": path.parent, "file": path}
    try:
        read = model.model_validate(_plain(content), context=context)
    except ValidationError as failure:
        problems += _told(name, content, model, failure, context)
    if problems:
        raise CampaignError(problems)
    return read


def _told(
    name: str, content: CommentedMap, model: type[BaseModel], failure: ValidationError, context: dict[str, Path]
) -> list[Problem]:
    """Return every problem of a file: an unknown key hides those that it would have had under its right name."""
    details = _apart(failure)
    problems = [_problem(name, content, model, detail) for detail in details]
    unknown = [tuple(one["loc"]) for one in details if one["type"] == "extra_forbidden"]
    if unknown:
        mended, known_as = _mended(_plain(content), model, unknown)
        try:
            model.model_validate(mended, context=context)
        except ValidationError as further:
            later = [{**one, "loc": known_as.get(tuple(one["loc"]), one["loc"])} for one in _apart(further)]
            problems += [_problem(name, content, model, cast("ErrorDetails", one)) for one in later]
    return list(dict.fromkeys(problems))


def _apart(failure: ValidationError) -> list[ErrorDetails]:
    """Return the errors of a failure, less those of a list said too short because its elements are wrong."""
    details = failure.errors()
    within = {tuple(one["loc"])[:depth] for one in details for depth in range(len(one["loc"]))}
    return [one for one in details if one["type"] != "too_short" or tuple(one["loc"]) not in within]


def _mended(
    content: Any, model: type[BaseModel], unknown: Iterable[tuple[int | str, ...]]
) -> tuple[Any, dict[tuple[int | str, ...], tuple[int | str, ...]]]:
    """Return a content whose unknown keys bear the nearest known name, or are left out, and what each was called."""
    known_as: dict[tuple[int | str, ...], tuple[int | str, ...]] = {}
    for place in unknown:
        node = content
        for part in (one for one in place[:-1] if not _is_union_tag(one)):
            node = node[part]
        value = node.pop(str(place[-1]))
        close = nearest(str(place[-1]), _keys_at(model, place[:-1]))
        if close is not None and close not in node:
            node[close] = value
            known_as[(*place[:-1], close)] = place
    return content, known_as


def load_unchanged(path: Path, model: type[_Model]) -> _Model:
    """Read a YAML file as :func:`load_parameters` does, once until its content changes.

    For the definitions and the lists of codes, asked for many times: parsing sixty takes longer than computing them.
    """
    loaded: _Model = _loaded(path, path.read_bytes() if path.is_file() else b"", model)
    return loaded


@lru_cache(maxsize=1024)
def _loaded(path: Path, content: bytes, model: type[BaseModel]) -> Any:  # noqa: ARG001
    return load_parameters(path, model)


@lru_cache(maxsize=512)
def _content(text: str) -> Any:
    """Parse a YAML text; the lists of codes and the definitions are asked for many times, and nobody changes them."""
    return YAML(typ="rt").load(text)


def _lost_quotes(file: str, content: CommentedMap, node: Any, *place: int | str) -> Iterator[Problem]:
    """Yield the texts that begin or end with a quotation mark alone: its twin was lost, and it would be printed."""
    texts: list[Any] = [node]
    if isinstance(node, CommentedMap):
        for key, value in node.items():
            yield from _lost_quotes(file, content, value, *place, key)
        texts = list(node)
    elif isinstance(node, CommentedSeq):
        for rank, value in enumerate(node):
            yield from _lost_quotes(file, content, value, *place, rank)
        texts = []
    for text in texts:
        if isinstance(text, str) and text.startswith('"') != text.endswith('"'):
            yield Problem(
                "PARAMETRES_VALEUR",
                "un guillemet manque au début ou à la fin de ce texte.",
                "Mettre le texte entier entre guillemets, ou retirer celui qui reste.",
                file,
                _line(content, place),
                ".".join(map(str, place)) or None,
                text,
            )


def _impossible_date(text: str) -> tuple[int | None, str | None]:
    """Return the line and the text of the first date that no calendar has."""
    for number, line in enumerate(text.splitlines(), 1):
        for found in _DATE_LIKE.finditer(line):
            try:
                dt.date(*map(int, found.groups()))
            except ValueError:
                return number, found[0]
    return None, None


def _yaml_reason(failure: YAMLError) -> str:
    said = " ".join(str(getattr(failure, part, None) or "") for part in ("context", "problem")) or str(failure)
    return next((reason for sign, reason in _YAML_REASONS if sign in said), "structure inattendue")


def _plain(node: Any) -> Any:
    if isinstance(node, CommentedMap):
        return {str(key): _plain(value) for key, value in node.items()}
    if isinstance(node, CommentedSeq):
        return [_plain(value) for value in node]
    return node


def _problem(file: str, content: CommentedMap, model: type[BaseModel], detail: ErrorDetails) -> Problem:
    place = [part for part in detail["loc"] if not _is_union_tag(part)]
    line = _line(content, place)
    key = ".".join(str(part) for part in place)
    value = detail["input"]
    shown = None if isinstance(value, dict | list) else str(value)
    if detail["type"] == "extra_forbidden":
        name = str(place[-1])
        known = _keys_at(model, place[:-1])
        close = nearest(name, known)
        remedy = f"Vouliez-vous dire « {close} » ?" if close else f"Clés connues ici : {', '.join(known)}."
        return Problem("PARAMETRES_CLE_INCONNUE", "cette clé n'existe pas.", remedy, file, line, key, None)
    if detail["type"] == "missing":
        return Problem("PARAMETRES_CLE_ABSENTE", "cette clé est obligatoire.", "L'ajouter.", file, line, key, None)
    if detail["type"] in ("value_error", "assertion_error"):
        what, _, remedy = str(detail.get("ctx", {}).get("error", detail["msg"])).partition(" → ")
        return Problem("PARAMETRES_VALEUR", what, remedy or "La corriger.", file, line, key or None, shown)
    what, remedy = _MESSAGES.get(detail["type"], ("cette valeur ne convient pas.", f"Règle : {detail['type']}."))
    bounds = {name: str(bound).replace("' or '", "' ou '") for name, bound in detail.get("ctx", {}).items()}
    return Problem("PARAMETRES_VALEUR", what, remedy.format_map(bounds), file, line, key, shown)


def _is_union_tag(part: int | str) -> bool:
    return isinstance(part, str) and (part.startswith("function-") or "[" in part)


def _line(content: Any, place: Sequence[int | str]) -> int | None:
    """Line (from 1) of the deepest part of the place that the file holds."""
    line: int | None = 1
    node = content
    for part in place:
        if isinstance(node, CommentedMap) and part in node:
            line = node.lc.key(part)[0] + 1
        elif isinstance(node, CommentedSeq) and isinstance(part, int) and part < len(node):
            found = node.lc.item(part)  # a list in a list has no place of its own
            line = line if found is None else found[0] + 1
        else:
            break
        node = node[part]
    return line


def _keys_at(model: type[BaseModel], place: Sequence[int | str]) -> list[str]:
    """Names of the keys that the model takes at a place of the file."""
    current: type[BaseModel] = model
    for part in place:
        if isinstance(part, int):
            continue
        field = current.model_fields.get(part)
        inner = model_in(field.annotation) if field else None
        if inner is None:
            return []
        current = inner
    return list(current.model_fields)


def model_in(annotation: Any) -> type[BaseModel] | None:
    """Return the model that an annotation holds, alone, in a list or optional; None when it holds none."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in getattr(annotation, "__args__", ()):
        found = model_in(argument)
        if found is not None:
            return found
    return None


# Words of the YAML reader, and what they mean to someone who writes a campaign.
_YAML_REASONS: tuple[tuple[str, str], ...] = (
    ("duplicate key", "une clé est écrite deux fois"),
    ("'\\t'", "une tabulation"),
    ("mapping values are not allowed", "un deux-points de trop, ou un texte à mettre entre guillemets"),
    ("expected ':'", "il manque un deux-points"),
    ("quoted scalar", "un guillemet n'est pas fermé"),
    ("flow sequence", "un crochet n'est pas fermé"),
    ("flow mapping", "une accolade n'est pas fermée"),
    ("block mapping", "indentation incohérente"),
    ("block collection", "indentation incohérente"),
    ("special characters", "un caractère invisible interdit"),
)

# What pydantic reports, in French: what is wrong, and how to fix it. Braces hold the bounds that pydantic gives.
_INTEGER = ("un nombre entier est attendu.", "Écrire un nombre, par exemple 2024.")
_NUMBER = ("un nombre est attendu.", "Écrire un nombre, avec un point pour les décimales.")
_TRUTH = ("oui ou non est attendu.", "Écrire true ou false.")
_LIST = ("une liste est attendue.", "Mettre un tiret devant chaque élément.")
_GROUP = ("un groupe de clés est attendu.", "Écrire les clés en dessous, décalées de deux espaces.")
_DATE = ("une date est attendue.", "Écrire AAAA-MM-JJ.")
_CHOICE = ("cette valeur n'est pas permise.", "Valeurs permises : {expected}.")
_MESSAGES: dict[str, tuple[str, str]] = {
    "int_parsing": _INTEGER,
    "int_type": _INTEGER,
    "int_from_float": _INTEGER,
    "float_parsing": _NUMBER,
    "float_type": _NUMBER,
    "decimal_parsing": _NUMBER,
    "decimal_type": _NUMBER,
    "decimal_max_places": ("ce montant a plus de deux décimales.", "L'arrondir au centime."),
    "string_type": ("un texte est attendu.", "Mettre la valeur entre guillemets."),
    "string_pattern_mismatch": ("cette valeur n'a pas la forme attendue.", "Forme attendue : {pattern}."),
    "bool_parsing": _TRUTH,
    "bool_type": _TRUTH,
    "list_type": _LIST,
    "tuple_type": _LIST,
    "model_type": _GROUP,
    "model_attributes_type": _GROUP,
    "dict_type": _GROUP,
    "greater_than_equal": ("cette valeur est trop petite.", "Minimum : {ge}."),
    "greater_than": ("cette valeur est trop petite.", "Elle doit dépasser {gt}."),
    "less_than_equal": ("cette valeur est trop grande.", "Maximum : {le}."),
    "less_than": ("cette valeur est trop grande.", "Elle doit rester sous {lt}."),
    "literal_error": _CHOICE,
    "enum": _CHOICE,
    "date_from_datetime_parsing": _DATE,
    "date_parsing": _DATE,
    "date_type": _DATE,
    "path_type": ("un chemin de fichier est attendu.", "L'écrire entre guillemets."),
    "too_short": ("il manque des éléments.", "Minimum : {min_length}."),
}

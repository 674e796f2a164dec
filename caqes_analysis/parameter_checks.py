"""Checks across the keys of a parameter file, made on what validates: a wrong key hides no other mistake."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, ClassVar, Final, NamedTuple, Self, get_origin

from pydantic import (
    BaseModel,
    ModelWrapValidatorHandler,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from caqes_analysis.parameter_files import Parameters, model_in

__all__ = ["STORED", "Checked", "Wrong", "is_stored"]

STORED: Final = {"is_stored": True}
"""Validation context of a definition that was checked as its file was read: it is not checked again."""


def is_stored(info: ValidationInfo) -> bool:
    """Say whether what is validated was checked before (:data:`STORED`)."""
    return "is_stored" in (info.context or {})


class Wrong(NamedTuple):
    """One thing that does not hold between the keys of a file.

    Parameters
    ----------
    what, how
        French sentences: what is wrong, and what to do.
    place
        Keys that lead to it, from the model that checks.
    """

    what: str
    how: str
    place: tuple[int | str, ...] = ()


class Checked(Parameters):
    """Parameters with checks across their keys, which run on what validates even where other keys are wrong.

    A model names its checks in ``checks``; each is a method that yields :class:`Wrong`. A check that reads a key which
    did not validate stops there: it has nothing to say of it.
    """

    checks: ClassVar[tuple[str, ...]] = ()

    @model_validator(mode="wrap")
    @classmethod
    def _tell_all(cls, content: Any, handler: ModelWrapValidatorHandler[Self], info: ValidationInfo) -> Self:
        if is_stored(info) or isinstance(content, cls):
            return handler(content)
        try:
            built = handler(content)
        except ValidationError as failure:
            if not isinstance(content, dict):
                raise
            wrong = _run_on_part(cls.checks, _partial(cls, content, info))
            raise ValidationError.from_exception_data(cls.__name__, [*_again(failure), *_details(wrong)]) from None
        if wrong := [one for name in cls.checks for one in getattr(built, name)()]:
            raise ValidationError.from_exception_data(cls.__name__, _details(wrong))
        return built


class _NotReadError(Exception):
    """A check asked for a key that did not validate."""


def _run_on_part(checks: Iterable[str], part: _Partial) -> list[Wrong]:
    found: list[Wrong] = []
    for name in checks:
        try:
            found.extend(getattr(part, name)())
        except (_NotReadError, ValueError):  # what it reads did not validate, which is told elsewhere
            continue
    return found


class _Partial:
    """What stands for a model some keys of which did not validate: its methods, over the keys that did."""

    def __init__(self, model: type[BaseModel], read: dict[str, Any]) -> None:
        self.__dict__.update(read)
        self._model = model

    def __getattr__(self, name: str) -> Any:
        found = None if name in self._model.model_fields else getattr(self._model, name, None)
        if isinstance(found, property) and found.fget is not None:
            return found.fget(self)
        if callable(found):
            return found.__get__(self)
        raise _NotReadError(name)


def _what_validates(model: type[BaseModel], content: Any, info: ValidationInfo) -> Any:
    """Return a model when it validates; else what stands for it."""
    try:
        return model.model_validate(content, context=info.context)
    except ValidationError:
        return _partial(model, content if isinstance(content, dict) else {}, info)


def _partial(model: type[BaseModel], content: dict[str, Any], info: ValidationInfo) -> _Partial:
    if "file" in model.model_fields:  # the name of the file is no key of it
        content = {"file": (info.context or {}).get("file", Path()), **content}
    read: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        if name not in content:
            if not field.is_required():
                read[name] = field.get_default(call_default_factory=True)
            continue
        given, inner = content[name], model_in(field.annotation)
        rule: Any = Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation
        try:
            read[name] = TypeAdapter[Any](rule).validate_python(given, context=info.context)
        except ValidationError:
            if inner is not None and isinstance(given, list) and get_origin(field.annotation) is tuple:
                read[name] = tuple(_what_validates(inner, one, info) for one in given)
            elif inner is not None and isinstance(given, dict):
                read[name] = _what_validates(inner, given, info)
    return _Partial(model, read)


def _again(failure: ValidationError) -> list[InitErrorDetails]:
    """Return the errors of a failure, to raise them with others."""
    return [
        InitErrorDetails(
            type=PydanticCustomError("value_error", "{error}", {"error": str(error.get("ctx", {}).get("error", ""))})
            if error["type"] == "value_error"
            else error["type"],
            loc=error["loc"],
            input=error["input"],
            ctx={} if error["type"] == "value_error" else error.get("ctx", {}),
        )
        for error in failure.errors(include_url=False)
    ]


def _details(wrong: Iterable[Wrong]) -> list[InitErrorDetails]:
    return [
        InitErrorDetails(
            type=PydanticCustomError("value_error", "{error}", {"error": f"{one.what}. → {one.how}"}),
            loc=one.place,
            input={},
        )
        for one in wrong
    ]

"""Reads one settings file: YAML with positions, variables of the process filled in, every fault with its line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from readiness.config.faults import Fault, SettingsError, nearest, wanted
from readiness.facts.document import Document
from readiness.model import Route, Span
from readiness.sources.manifests.reader import Limits, Problem, read_bytes
from readiness.sources.manifests.scalars import resolve

Model = TypeVar("Model", bound=BaseModel)
_PLAIN = Limits(plain_keys=True)
_VARIABLE = re.compile(r"\$(?:(\$)|\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\})")


@dataclass(frozen=True, slots=True)
class Text:
    """A settings file as read: its name for messages, its document, and its value with the variables filled in."""

    path: Path
    name: str
    document: Document
    value: dict[str, Any]
    filled: Mapping[Route, str] = field(
        default_factory=dict
    )  # what variables brought, as text, where it was read as none

    def span(self, route: Route) -> Span:
        return Span(self.name, *self.document.nearest(route))


def read_text(path: Path, variables: Mapping[str, str]) -> Text:
    """Read one file. Raises SettingsError for what is no YAML mapping, or asks for a variable that is not set."""
    name = _shown(path)
    try:
        data = path.read_bytes()
    except OSError as fault:
        raise SettingsError([Fault(Span(name, 1), f"the settings cannot be read: {fault.strerror}")]) from None
    reading = read_bytes(data, name, _PLAIN)
    faults = [Fault(Span(p.path, p.line, p.column), _said(p)) for p in reading.problems]
    if faults:
        raise SettingsError(faults)
    if len(reading.documents) != 1 or not isinstance(reading.documents[0].value, dict):
        raise SettingsError([Fault(Span(name, 1), f"wanted one mapping, found {_found(reading.documents)}")])
    document = reading.documents[0]
    filling = _Filling(document, variables, faults)
    value = filling.filled(document.value, ())
    if faults:
        raise SettingsError(faults)
    return Text(path, name, document, value, filling.texts)


def validated(model: type[Model], text: Text) -> Model:
    """The file as a model. Raises SettingsError with every fault that was found, each at its line.

    A variable has no type: `1.34` from one is a number, and where a text is wanted the text that it was.
    """
    try:
        return model.model_validate(text.value)
    except ValidationError as error:
        faults = error.errors(include_url=False)
    texts = [r for f in faults if f["type"] == "string_type" and (r := _route(f["loc"], text.value)) in text.filled]
    for route in texts:
        _put(text.value, route, text.filled[route])
    if texts:
        return validated(model, text)
    raise SettingsError(_told(model, fault, text) for fault in faults)


def _put(value: Any, route: Route, new: str) -> None:
    for step in route[:-1]:
        value = value[step]
    value[route[-1]] = new


def _told(model: type[BaseModel], error: Any, text: Text) -> Fault:
    route, field = _route(error["loc"], text.document.value), str(error["loc"][-1]) if error["loc"] else ""
    where = dotted(route) or "the file"
    if error["type"] == "extra_forbidden":
        known = _keys(model, error["loc"][:-1])
        allowed = f"; known here: {', '.join(known)}" if known and len(known) <= 12 else ""
        hint = nearest(field, known) or allowed
        return Fault(text.span(route), f"unknown key `{field}`{hint}")
    if error["type"] == "missing":
        return Fault(
            text.span(route[:-1] if route[-1:] == (field,) else route), f"`{where}` is missing; it is mandatory"
        )
    found = error.get("input")
    said = f", found {found!r}" if isinstance(found, str | int | float | bool | None) else ""
    quotes = "; put it in quotes" if error["type"] == "string_type" and isinstance(found, int | float) else ""
    return Fault(text.span(route), f"`{where}`: {wanted(error['msg'])}{said}{quotes}")


def dotted(route: Route) -> str:
    """A route as people write it: `waivers[0].owner`."""
    return "".join(f"[{s}]" if isinstance(s, int) else f".{s}" for s in route).removeprefix(".")


def _route(loc: tuple[Any, ...], value: Any) -> Route:
    """The part of an error's location that leads into the file; validators and single items leave extra steps in it."""
    route: list[str | int] = []
    for step in loc:
        inside = step in value if isinstance(value, dict) else isinstance(value, list) and step in range(len(value))
        if inside:
            value = value[step]
        elif isinstance(step, str) and step == loc[-1] and isinstance(value, dict):
            return (*route, step)
        else:
            continue
        route.append(step)
    return tuple(route)


def _keys(model: type[BaseModel], loc: tuple[Any, ...]) -> list[str]:
    """The keys that are known at a location inside a model."""
    here: Any = model
    for step in loc:
        here = _step(here, step)
        if here is None:
            return []
    models = _models(here)
    return [f.alias or n for m in models for n, f in m.model_fields.items()]


def _step(here: Any, step: Any) -> Any:
    for model in _models(here):
        for name, info in model.model_fields.items():
            if step in (name, info.alias):
                return info.annotation
    for option in _options(here):
        arguments = get_args(option)
        if get_origin(option) in (dict, list) and arguments:
            return arguments[-1]
    return here if not isinstance(step, str) or _models(here) == [] else None


def _models(kind: Any) -> list[type[BaseModel]]:
    return [o for o in _options(kind) if isinstance(o, type) and issubclass(o, BaseModel)]


def _options(kind: Any) -> list[Any]:
    if get_origin(kind) in (Union, UnionType):
        return [inner for o in get_args(kind) for inner in _options(o)]
    if hasattr(kind, "__metadata__"):
        return _options(kind.__origin__)
    return [kind]


@dataclass(slots=True)
class _Filling:
    """Puts the values of variables where a file asks for them."""

    document: Document
    variables: Mapping[str, str]
    faults: list[Fault]
    texts: dict[Route, str] = field(default_factory=dict)

    def filled(self, value: Any, route: Route) -> Any:
        if isinstance(value, dict):
            return {k: self.filled(v, (*route, k)) for k, v in value.items()}
        if isinstance(value, list):
            return [self.filled(v, (*route, i)) for i, v in enumerate(value)]
        if not isinstance(value, str) or "$" not in value:
            return value
        text = _VARIABLE.sub(lambda match: self._value(match, route), value)
        alone = _VARIABLE.fullmatch(value)
        if alone is None or alone[1]:
            return text
        made = resolve(text)
        if not isinstance(made, str):
            self.texts[route] = text
        return made

    def _value(self, match: re.Match[str], route: Route) -> str:
        if match[1]:
            return "$"
        name = match[2]
        found: str | None = self.variables.get(name)
        if not found and match[3] is not None:  # as in a shell, an empty one counts as none
            found = match[3]
        if found is None:
            span = Span(self.document.path, *self.document.nearest(route))
            advice = f"set it, or write ${{{name}:-a default}}"
            self.faults.append(Fault(span, f"the variable {name} is not set; {advice}"))
        return found or ""


def _said(problem: Problem) -> str:
    """The reader speaks of manifests; settings are none."""
    if problem.kind == "non-object":
        return problem.message.partition(";")[0] + "; settings are a mapping (`key: value` lines)"
    return problem.message.replace("no number that Kubernetes takes", "no finite number")


def _found(documents: tuple[Document, ...]) -> str:
    if not documents:
        return "nothing"
    return f"{len(documents)} documents" if len(documents) > 1 else type(documents[0].value).__name__


def _shown(path: Path) -> str:
    try:
        return path.resolve().relative_to(Path.cwd()).as_posix()
    except ValueError:
        return path.as_posix()

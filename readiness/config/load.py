"""From `readiness.yaml` to environments: policy, base, inheritance and overrides laid on top of each other."""

from __future__ import annotations

import copy
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from readiness.config import laxness
from readiness.config.checks import check_settings, legal
from readiness.config.environment import (
    BARS,
    MANDATORY,
    Environment,
    WrittenWaiver,
    is_production_by_name,
    profile_of,
)
from readiness.config.faults import Fault, SettingsError, nearest, wanted
from readiness.config.layer import Layer
from readiness.config.model import MANDATORY_KEYS, EnvironmentSettings, ServiceSettings, SettingsFile
from readiness.config.reading import Text, dotted, read_text, validated
from readiness.config.waivers import at_home, of_one_check, written
from readiness.model import Bar, Check, Route, Span

NAMES = ("readiness.yaml", "readiness.yml", ".readiness.yaml")
_LONGEST_CHAIN = 8
_Made = tuple[Environment, list[Layer]]


@dataclass(frozen=True, slots=True)
class Loaded:
    """All environments of one settings file, and the file."""

    path: Path
    environments: tuple[Environment, ...]


def find(start: Path) -> Path | None:
    """The settings file of a folder, or None. Folders above are not searched: a verdict is about what is here."""
    # A link that leads nowhere, or a folder of that name, is found too: reading it says what is wrong.
    return next((start / name for name in NAMES if os.path.lexists(start / name)), None)


def load(path: Path, checks: Mapping[str, Check], variables: Mapping[str, str], foreign: bool = True) -> Loaded:
    """All environments of a settings file. Raises SettingsError with everything that is wrong with it.

    `checks` are those whose settings are known; with `foreign`, ids of repositories' and packages' checks that are not
    among them are let through, since the caller may not have loaded them.
    """
    files = list(_chain(path, variables))
    models, faults = _models(files, checks, foreign=foreign)
    if faults:
        raise SettingsError(faults)
    faults += laxness.of_the_whole(files, models)
    faults += _unheard(files[0], models[0])
    # What a policy waives may be for an environment that is not here.
    own = written(files[:1], models[:1], variables)
    waivers = own + written(files[1:], models[1:], variables)
    environments: list[Environment] = []
    for service in _services(models[0], path):
        made = [_environment(service, name, files, models, waivers) for name in _names(service, models[0])]
        environments += [environment for environment, _ in made]
        faults += [fault for one in made for fault in (*_incomplete(*one), *_misnamed(*one))]
        faults += laxness.between(made, checks)
        faults += dict.fromkeys(_against_policies(made, files, checks))
    faults += [*of_one_check(waivers, checks, foreign=foreign), *at_home(own, environments)]
    if faults:
        raise SettingsError(faults)
    if not environments:
        raise SettingsError([Fault(Span(files[0].name, 1), "no environment is declared under `environments`")])
    return Loaded(path, tuple(environments))


def _models(files: list[Text], checks: Mapping[str, Check], *, foreign: bool) -> tuple[list[SettingsFile], list[Fault]]:
    """The files as models, and everything that is wrong in each of them, by line."""
    models, faults = [], []
    for text in files:
        found: list[Fault] = []
        try:
            models.append(validated(SettingsFile, text))
        except SettingsError as error:
            found += error.faults
        found += legal(text, checks, foreign=foreign)
        faults += sorted(found, key=lambda f: (f.span.line, f.span.column) if f.span else (0, 0))
    return models, faults


def choose(loaded: Loaded, service: str = "", environment: str = "") -> tuple[Environment, ...]:
    """The environments asked for; all where nothing is asked. Raises SettingsError for a name that is not there."""
    chosen = [e for e in loaded.environments if service in ("", e.service) and environment in ("", e.name)]
    if chosen:
        return tuple(chosen)
    services = sorted({e.service for e in loaded.environments})
    if service and service not in services:
        word, known = f"service `{service}`", services
        hint = nearest(service, known)
    else:
        known = sorted({e.name for e in loaded.environments if service in ("", e.service)})
        word, hint = f"environment `{environment}`", nearest(environment, known)
    raise SettingsError([Fault(None, f"{loaded.path.name} has no {word}{hint or '; it has ' + ', '.join(known)}")])


def _chain(path: Path, variables: Mapping[str, str]) -> Iterator[Text]:
    """The file, the policy that it extends, and so on."""
    seen: list[Path] = []
    while True:
        text = read_text(path, variables)
        yield text
        seen.append(path.resolve())
        policy = text.value.get("extends")
        if not isinstance(policy, str) or not policy:
            return
        path = path.parent / policy
        if not path.is_file():
            raise SettingsError([Fault(text.span(("extends",)), f"`extends`: there is no file {policy}")])
        if path.resolve() in seen or len(seen) >= _LONGEST_CHAIN:
            names = " → ".join(p.name for p in [*seen, path])
            raise SettingsError([Fault(text.span(("extends",)), f"policies extend each other in a circle: {names}")])


def _services(model: SettingsFile, path: Path) -> list[str]:
    if model.services:
        return list(model.services)
    return [model.service or path.resolve().parent.name]


def _names(service: str, model: SettingsFile) -> list[str]:
    return list((model.services.get(service) or model).environments)


def _layers(service: str, name: str, files: list[Text], models: list[SettingsFile]) -> list[Layer]:
    """The places that say something about an environment, the one that wins first."""
    layers: list[Layer] = []
    for text, model in zip(files, models, strict=True):
        # A policy speaks of every service alike.
        top: Route = ("services", service) if model is models[0] and service in model.services else ()
        settings = model.services[service] if top else model
        seen: list[str] = []
        current = name
        while current and current in settings.environments:
            if current in seen:
                circle = " → ".join([*seen, current])
                span = text.span((*top, "environments", current, "inherits"))
                raise SettingsError([Fault(span, f"environments inherit from each other in a circle: {circle}")])
            seen.append(current)
            layers.append(Layer(text, (*top, "environments", current)))
            parent = settings.environments[current].inherits
            if parent and parent not in settings.environments:
                span = text.span((*top, "environments", current, "inherits"))
                hint = nearest(parent, settings.environments)
                raise SettingsError([Fault(span, f"there is no environment `{parent}` to inherit from{hint}")])
            current = parent
        bases = [(*top, "base"), ("base",)] if top else [("base",)]
        layers += [Layer(text, base) for base in bases if text.document.span(base)]
    return layers


def _environment(
    service: str, name: str, files: list[Text], models: list[SettingsFile], waivers: tuple[WrittenWaiver, ...]
) -> _Made:
    layers = _layers(service, name, files, models)
    own = _merged(layers)
    top = models[0].services.get(service) or models[0]
    profile = own.profile or profile_of(name)
    environment = Environment(
        service=service,
        name=name,
        root=files[0].path.resolve().parent,
        owner=top.owner or models[0].owner,
        tier=_tier(top, models),
        profile=profile,
        kubernetes=own.kubernetes or "",
        namespace=own.namespace or (own.sources.cluster.namespace if own.sources.cluster else "") or "default",
        bar=_bar(own, BARS[profile]),
        mandatory=tuple(dict.fromkeys([*MANDATORY[profile], *(own.mandatory or ())])),
        sources=own.sources,
        checks=check_settings(own),
        deploy=own.deploy,
        rules=next((m.rules for m in models if m.rules), "") or "",
        waivers=tuple(w for w in waivers if w.environment in ("*", name)),
        waiver_owners=tuple(next((m.waiver_owners for m in models if m.waiver_owners), ())),
        written=files[0].name,
    )
    return environment, layers


def _incomplete(environment: Environment, layers: list[Layer]) -> Iterator[Fault]:
    """What no layer says and none may leave out."""
    for source, keys in MANDATORY_KEYS.items():
        said = getattr(environment.sources, source)
        for item in said if isinstance(said, list) else [said] if said else []:
            for key in keys:
                if not getattr(item, key):
                    where = next((s for layer in layers if (s := layer.span(("sources", source)))), None)
                    yield Fault(where, f"`{key}` of the source `{source}` is missing; it is mandatory")
    deploy = environment.deploy
    if deploy is not None and deploy.kubernetes is None and not deploy.run.command:
        routes: tuple[Route, ...] = (("deploy", "run"), ("deploy",))
        where = next((s for route in routes for layer in layers if (s := layer.span(route))), None)
        said = "it is mandatory, since the keeper starts the service by it; only `deploy.kubernetes` does without"
        yield Fault(where, f"`deploy.run.command` is missing; {said}")


def _merged(layers: list[Layer]) -> EnvironmentSettings:
    merged: dict[str, Any] = {}
    for layer in reversed(layers):
        _lay(merged, copy.deepcopy(dict(layer.value)))
    merged.pop("inherits", None)
    try:
        return EnvironmentSettings.model_validate(merged)
    except ValidationError as error:
        raise SettingsError(_contradiction(fault, layers) for fault in error.errors(include_url=False)) from None


def _contradiction(error: Any, layers: list[Layer]) -> Fault:
    """What each layer says is right by itself, and not together: where the winning one speaks of it."""
    route: Route = tuple(error["loc"])
    places = (layer.span(route[:depth]) for depth in range(len(route), 0, -1) for layer in layers)
    where = next((place for place in places if place), None)
    said = f"`{dotted(route)}`, as `base`, `inherits` and policies lay it together: {wanted(error['msg'])}"
    return Fault(where, f"{said}; null takes away what a lower layer says")


def _bar(own: EnvironmentSettings, default: Bar) -> Bar:
    score, covered = own.bar.score, own.bar.covered
    return Bar(default.score if score is None else score, default.covered if covered is None else covered)


def _lay(below: dict[str, Any], above: Mapping[str, Any]) -> None:
    """Lay `above` onto `below`: mappings key by key, everything else replaced; null takes away."""
    for key, value in above.items():
        if isinstance(value, dict) and isinstance(below.get(key), dict):
            _lay(below[key], value)
        elif value is None:
            below.pop(key, None)
        else:
            below[key] = value


def _against_policies(made: list[_Made], files: list[Text], checks: Mapping[str, Check]) -> Iterator[Fault]:
    """What is laxer than a policy: each one binds all that lies below it, other policies included.

    Only what a policy, and those above it, say binds.
    """
    for environment, layers in made:
        for index, text in enumerate(files[1:], 1):
            binding = [layer for layer in layers if any(layer.text is above for above in files[index:])]
            if not any(layer.text is text for layer in binding):
                continue
            said = _merged(binding)
            floor = replace(
                environment,
                profile=said.profile or environment.profile,
                bar=_bar(said, Bar(0, 0)),
                mandatory=tuple(said.mandatory or ()),
                checks=check_settings(said),
            )
            yield from laxness.compare(environment, layers, floor, binding, checks, "the policy", said_only=True)


def _misnamed(environment: Environment, layers: list[Layer]) -> Iterator[Fault]:
    """An environment that is called production and asks for less than that."""
    if environment.profile != "production" and is_production_by_name(environment.name):
        where = next((s for layer in layers if (s := layer.span(("profile",)))), None)
        said = f"`{environment.name}` is production by its name, and its profile says {environment.profile}"
        yield Fault(where, f"{said}; production is never laxer: give it another name, or that profile")


def _tier(service: ServiceSettings, models: list[SettingsFile]) -> int:
    """The tier that the service says, or else its file, or else the policy."""
    return next((m.tier for m in (service, *models) if "tier" in m.model_fields_set), service.tier)


def _unheard(text: Text, model: SettingsFile) -> Iterator[Fault]:
    """What a file with several services says and no environment would hear: nothing is left out in silence."""
    if model.services and model.environments:
        said = "`environments` beside `services` belong to no service: write them under one, or say it in `base`"
        yield Fault(text.span(("environments",)), said)
    for name, service in model.services.items():
        if not service.environments:
            yield Fault(text.span(("services", name)), f"the service `{name}` has no environment, wants one to look at")

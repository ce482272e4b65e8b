"""Finds checks. Built-in ones come in by the same door as anyone else's."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType

from readiness.model import Check, Page, Severity, Span

GROUP = "readiness.checks"
HOUSE = "readiness"  # the distribution whose checks need no prefix


@dataclass(frozen=True, slots=True)
class Broken:
    """Something that should have brought checks and could not."""

    id: str
    reason: str
    defined: Span


@dataclass(frozen=True, slots=True)
class Registry:
    """All checks by id, and what failed to load."""

    checks: dict[str, Check]
    broken: tuple[Broken, ...] = ()


def installed() -> Registry:
    """The checks of every installed package that offers some by the entry point `readiness.checks`."""
    found: list[Check | Broken] = []
    for point in _points():
        found.extend(_of_entry_point(point))
    return by_id(found)


class Offered(Mapping[str, Check]):
    """The checks that `installed` finds, for who asks about a few of them: ids of built-in ones are read off the names
    of modules, and a module is imported when its check is looked at. Those of other packages are imported at once: one
    that cannot be is not there, as with `installed`.
    """

    def __init__(self) -> None:
        self._modules: dict[str, str] = {}  # by id
        self._checks: dict[str, Check] = {}
        for point in _points():
            if _prefix(point):
                found = [one for one in _of_entry_point(point) if isinstance(one, Check)]
                self._checks = {one.id: one for one in found} | self._checks
            else:
                self._modules |= {_id(info.name, ""): info.name for info in _modules(point.load())}

    def __getitem__(self, check_id: str) -> Check:
        if check_id not in self._checks:
            (self._checks[check_id],) = (
                stand_in(one) if isinstance(one, Broken) else one
                for one in _of_module(self._modules[check_id], "")
                if one.id == check_id
            )
        return self._checks[check_id]

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys((*self._modules, *self._checks)))

    def __len__(self) -> int:
        return len({*self._modules, *self._checks})

    def __contains__(self, check_id: object) -> bool:
        return check_id in self._modules or check_id in self._checks


def in_repository(folder: Path) -> Registry:
    """A repository's own checks: `AREA/NAME.py` or `NAME.py` in `folder`, as `repo:AREA/NAME` or `repo:own/NAME`."""
    found: list[Check | Broken] = []
    for path in sorted(folder.rglob("*.py")):
        parts = path.relative_to(folder).with_suffix("").parts
        if any(part.startswith("_") for part in parts):
            continue
        if len(parts) > 2:
            deep = "repo:" + "/".join(parts).replace("_", "-")
            found.append(Broken(deep, "it lies too deep: a check is AREA/NAME.py or NAME.py", Span(str(path), 1)))
            continue
        parts = parts if len(parts) == 2 else ("own", *parts)
        check_id = "repo:" + "/".join(parts).replace("_", "-")
        try:
            module = _module_from(path, "_repository_checks." + ".".join(parts))
            checks = [replace(c, id=check_id, defined=Span(str(path), c.defined.line)) for c in _within(module)]
        except (Exception, SystemExit) as fault:  # noqa: BLE001 (whatever a plugin does wrong is its own outcome)
            found.append(Broken(check_id, _said(fault), Span(str(path), 1)))
        else:
            found.extend(checks or [Broken(check_id, "the file has no function marked @check", Span(str(path), 1))])
    return by_id(found)


def by_id(found: Iterable[Check | Broken]) -> Registry:
    """A registry of what was found. Two checks of one id: the first stays, the other is broken."""
    checks: dict[str, Check] = {}
    broken: list[Broken] = []
    for one in found:
        if isinstance(one, Broken):
            broken.append(one)
        elif one.id in checks:
            reason = f"two checks have the id {one.id}: {checks[one.id].defined} and {one.defined}"
            broken.append(Broken(one.id, reason, one.defined))
        else:
            checks[one.id] = one
    return Registry(checks, tuple(broken))


def join(*registries: Registry) -> Registry:
    """One registry of several."""
    found: list[Check | Broken] = []
    for registry in registries:
        found.extend(registry.checks.values())
        found.extend(registry.broken)
    return by_id(found)


def stand_in(broken: Broken) -> Check:
    """A check in place of one that could not be loaded, so that its unknown outcome has a name."""
    page = Page(f"The check {broken.id} can be loaded.", fix="Repair or uninstall the package that brings it.")
    return Check(broken.id, Severity.MEDIUM, lambda: iter(()), (), {}, page, broken.defined, "")


def _points() -> list[EntryPoint]:
    return sorted(entry_points(group=GROUP), key=lambda p: (p.dist.name if p.dist else "", p.name))


def _package(point: EntryPoint) -> str:
    return point.value.partition(":")[0].partition(".")[0]


def _prefix(point: EntryPoint) -> str:
    own = point.dist is not None and point.dist.name == HOUSE
    return "" if own else f"{_package(point)}:"


def _id(module: str, prefix: str) -> str:
    return prefix + "/".join(module.split(".")[1:]).replace("_", "-")


def _of_entry_point(point: EntryPoint) -> Iterator[Check | Broken]:
    package, prefix = _package(point), _prefix(point)
    try:
        root = point.load()
        names = sorted(info.name for info in _modules(root))
    except (Exception, SystemExit) as fault:  # noqa: BLE001
        yield Broken(
            f"{package}:*", f"the entry point {point.name} = {point.value} fails: {_said(fault)}", Span(point.value, 1)
        )
        return
    found = [one for name in names for one in _of_module(name, prefix)]
    if not found:
        said = f"the entry point {point.name} = {point.value} brings no check"
        wanted = "wanted functions marked @check in modules AREA/NAME.py of that package"
        found = [Broken(f"{package}:*", f"{said}: {wanted}", Span(point.value, 1))]
    yield from found


def _of_module(name: str, prefix: str) -> list[Check | Broken]:
    check_id = _id(name, prefix)
    try:
        module = importlib.import_module(name)
    except (Exception, SystemExit) as fault:  # noqa: BLE001
        return [Broken(check_id, f"importing {name} fails: {_said(fault)}", Span(name, 1))]
    return [replace(one, id=check_id) if prefix else one for one in _within(module)]


def _modules(package: ModuleType) -> Iterator[pkgutil.ModuleInfo]:
    """The modules two levels down: areas are packages, checks are modules in them. Nothing is imported."""
    for area in pkgutil.iter_modules(package.__path__, package.__name__ + "."):
        if not area.ispkg:
            continue
        path = [str(Path(p) / area.name.rpartition(".")[2]) for p in package.__path__]
        yield from (m for m in pkgutil.iter_modules(path, area.name + ".") if not m.ispkg)


def _within(module: ModuleType) -> Iterator[Check]:
    return (v for v in vars(module).values() if isinstance(v, Check) and v.ask.__module__ == module.__name__)


def _module_from(path: Path, name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no Python module")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _said(fault: BaseException) -> str:
    return f"{type(fault).__name__}: {fault}"

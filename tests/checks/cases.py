"""Reads case files: a manifest, or given facts, whose comments say what a check should say on that very line.

    spec:
      replicas: 1         # bad: keeps 1, wants 2
      replicas: 1         # bad(medium): keeps 1, wants 2   (with the severity that the finding has)
      replicas: 2         # ok                               (several on one line: # ok # bad: …)

Documents with a `kind` are the objects of one world. A document with `given` is a world of its own:

    given:                # a finding without a line of its own is expected here
      settings: {minimum: 3}
      objects: [...]      # rendered ones; `live:` for those of a cluster
      manifests: {a.yaml: |…}     # texts as a reader meets them, with what it remarks
      waivers: [{check: a/b, about: Deployment x, owner: team, expires: "2027-01-01", state: used}]
      files: {Dockerfile: |…}     # a repository; comments in the text are taken out before it is read
      service: {name: shop, tier: 1, profile: production, kubernetes: "1.34"}
      tools: {helm: {path: /usr/bin/helm, version: 3.1.0, wanted: ">=3.14"}}
      commands: [{about: test, argv: [make, test], exit_code: 1}]
      now: 2026-11-20T12:00:00Z
      git: {shallow: false, commits: [{id: abc, when: …, author: …, subject: …, paths: []}]}    # or null: no git
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from readiness.engine.run import Asked, ask
from readiness.engine.world import World
from readiness.facts.document import Document
from readiness.facts.objects import Objects, Resource, Written
from readiness.facts.repository import Commit, File, Repository
from readiness.facts.settings import Now, ServiceSettings
from readiness.facts.tools import Command, Commands, Tool, Tools
from readiness.facts.waivers import WaiverRecord, Waivers, WaiverState
from readiness.facts.writings import Remark, Writing, Writings
from readiness.model import Check, Finding, Origin, Severity, Span, Supply
from readiness.sources.manifests.reader import read_bytes

SAID = re.compile(r"#\s*(ok|bad)(?:\((\w+)\))?(?::[ \t]+(.*?))?(?=\s*(?:#\s*(?:ok|bad)\b.*)?$)")
TIME = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Expected:
    """One comment of a case file."""

    line: int
    ok: bool
    severity: str
    message: str


@dataclass(frozen=True)
class Case:
    """One world of a case file, with the first and last line it spans."""

    world: World
    settings: dict[str, Any]
    here: int
    lines: dict[str, int]  # the line of the case file before the first one of each given file


def expectations(text: str) -> list[Expected]:
    """Every expectation of a case file, in order."""
    return [
        Expected(number, m[1] == "ok", m[2] or "", (m[3] or "").strip())
        for number, line in enumerate(text.splitlines(), 1)
        for m in SAID.finditer(line)
    ]


def cases(path: Path) -> list[Case]:
    """The worlds of a case file."""
    reading = read_bytes(path.read_bytes(), path.name)
    fatal = [str(p) for p in reading.problems if p.fatal]
    assert not fatal, fatal
    plain = [d for d in reading.documents if "given" not in d.value]
    made = [_given(d, path) for d in reading.documents if "given" in d.value]
    if plain:
        objects = Objects(Resource(d.value, Written(d)) for d in plain)
        made.insert(0, Case(_world({Objects: objects}, {}), {}, 1, {}))
    return made


def said(check: Check, case: Case) -> tuple[Asked, list[Expected]]:
    """What the check says about one case, as if written in comments."""
    settings = {name: setting.default for name, setting in check.settings.items()} | case.settings
    found: list[tuple[Finding, bool]] = []

    def listen(*facts: Any, **kw: Any) -> Any:
        for finding in check.ask(*facts, **kw):
            found.append((finding, finding.ok))
            yield finding

    listening = Check(**{f: getattr(check, f) for f in check.__slots__} | {"ask": listen})
    asked = ask(listening, case.world, settings)
    return asked, [_as_expected(check, finding, case) for finding, _ in found]


def _as_expected(check: Check, finding: Finding, case: Case) -> Expected:
    span = finding.place.span
    if span is None or (span.path not in case.lines and case.lines and not span.path.endswith(".yaml")):
        line = case.here
    else:
        line = span.line + case.lines.get(span.path, 0)
    severity: Severity = finding.severity or check.severity
    return Expected(line, finding.ok, severity.value, "" if finding.ok else finding.message)


def agree(found: list[Expected], wanted: list[Expected]) -> tuple[list[Expected], list[Expected]]:
    """What was said and not expected, and what was expected and not said. A severity counts where it is written."""
    left = Counter(found)
    missing = []
    for one in wanted:
        match = next(
            (
                f
                for f in left
                if left[f]
                and (f.line, f.ok, f.message) == (one.line, one.ok, one.message)
                and one.severity in ("", f.severity)
            ),
            None,
        )
        if match is None:
            missing.append(one)
        else:
            left[match] -= 1
    return list(left.elements()), missing


def _given(document: Document, path: Path) -> Case:
    given = document.value["given"]
    here = document.nearest(("given",))[0]
    facts: dict[type, Any] = {}
    live: dict[type, Any] = {}
    lines: dict[str, int] = {}
    if "objects" in given:
        facts[Objects] = _objects(document, "objects", Origin.RENDERED)
    if "live" in given:
        live[Objects] = _objects(document, "live", Origin.LIVE)
    if "manifests" in given:
        facts[Objects], facts[Writings] = _manifests(document, given["manifests"], lines)
    if "waivers" in given:
        facts[Waivers] = _waivers(document, given["waivers"])
    if "files" in given:
        facts[Repository] = _repository(document, given, lines)
    if "service" in given:
        facts[ServiceSettings] = ServiceSettings(**given["service"])
    if "tools" in given:
        facts[Tools] = Tools({name: Tool(name, **(tool or {})) for name, tool in given["tools"].items()})
    if "commands" in given:
        made = [Command(**{**c, "argv": tuple(c.get("argv", ()))}) for c in given["commands"]]
        facts[Commands] = Commands(tuple(made))
    time = datetime.fromisoformat(given["now"]) if "now" in given else TIME
    return Case(_world(facts, live, time), dict(given.get("settings", {})), here, lines)


def _objects(document: Document, key: str, origin: Origin) -> Objects:
    bodies = document.value["given"][key]
    return Objects(Resource(b, Written(document, ("given", key, i)), origin=origin) for i, b in enumerate(bodies))


def _manifests(document: Document, texts: dict[str, str], lines: dict[str, int]) -> tuple[Objects, Writings]:
    resources, writings = [], []
    for name, text in texts.items():
        lines[name] = document.nearest(("given", "manifests", name))[0]
        reading = read_bytes(text.encode(), name)
        remarks = tuple(Remark(p.path, p.line, p.column, p.kind, p.message) for p in reading.problems if not p.fatal)
        resources += [Resource(d.value, Written(d)) for d in reading.documents]
        writings.append(Writing(name, len(reading.documents), remarks))
    return Objects(resources), Writings(tuple(writings))


def _waivers(document: Document, written: list[dict[str, Any]]) -> Waivers:
    made = []
    for index, one in enumerate(written):
        expires = date.fromisoformat(one["expires"]) if "expires" in one else None
        span = Span(document.path, *document.nearest(("given", "waivers", index)))
        state = WaiverState(one["state"])
        made.append(
            WaiverRecord(
                one.get("check", ""),
                one.get("about", ""),
                one.get("owner", ""),
                expires,
                state,
                span,
                one.get("fault", ""),
            )
        )
    return Waivers(tuple(made))


def _repository(document: Document, given: dict[str, Any], lines: dict[str, int]) -> Repository:
    from readiness.sources.repository import parse

    files = {}
    for name, text in given["files"].items():
        clean = "\n".join(
            SAID.sub("", line).rstrip() if SAID.search(line) else line for line in (text or "").split("\n")
        )
        lines[name] = document.nearest(("given", "files", name))[0]
        data = clean.encode()
        files[name] = File(name, len(data), lambda data=data: data)  # type: ignore[misc]
    git = given.get("git", {"commits": []})
    history = None
    if git is not None:
        history = tuple(
            Commit(
                c["id"],
                datetime.fromisoformat(c["when"]),
                c.get("author", ""),
                c.get("subject", ""),
                tuple(c.get("paths", ())),
            )
            for c in git.get("commits", [])
        )
    parsed, _gaps = parse(files)
    return Repository(files, parsed, history, bool(git and git.get("shallow")), git is not None)


def _world(facts: dict[type, Any], live: dict[type, Any], time: datetime = TIME) -> World:
    from readiness.sources.knowledge import knowledge

    everywhere: dict[type, Any] = {Now: Now(time), ServiceSettings: ServiceSettings("case"), **knowledge(), **facts}
    rendered = {kind: everywhere.pop(kind) for kind in (Objects, Writings) if kind in everywhere}
    supplies = [Supply("given", frozenset(everywhere), everywhere)]
    if rendered:
        supplies.append(Supply("given", frozenset(rendered), rendered, Origin.RENDERED))
    if live:
        supplies.append(Supply("given", frozenset(live), live, Origin.LIVE))
    return World("case", supplies)

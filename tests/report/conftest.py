"""Assessments for the report tests, made by the engine from small inputs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from readiness import Findings, Severity, Span, check
from readiness.engine.assess import Assessment, Terms, assess
from readiness.engine.baseline import Baseline
from readiness.engine.registry import Registry, installed
from readiness.engine.waivers import Book, Entry
from readiness.engine.world import World
from readiness.facts.objects import Objects, Resource, Written
from readiness.facts.settings import Now, ServiceSettings
from readiness.facts.texts import TextAnchor
from readiness.model import Bar, Check, Gap, Input, Origin, Outcome, Page, Place, Reading, Supply, Waiver
from readiness.sources.knowledge import knowledge
from readiness.sources.manifests.reader import read_bytes

SHOP = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: web
          image: registry.example/shop/web:latest
          securityContext: {privileged: true}
---
apiVersion: example.org/v1
kind: Gizmo
metadata: {name: one, namespace: shop}
"""
CALM = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: web
          image: registry.example/shop/web:1.2.3
          resources: {limits: {memory: 64Mi}, requests: {memory: 64Mi}}
          livenessProbe: {httpGet: {path: /alive, port: 8080}}
"""
PRIVILEGED = CALM + "          securityContext: {privileged: true}\n"
ASKED = ("availability/replicas", "images/tag", "security/privileged", "resources/memory-limit", "quality/formatter",
         "storage/claim-sharing", "governance/waivers", "availability/liveness-probe")  # fmt: skip
GAP = Gap(
    "manifests", "mapping values are not allowed here", Span("deploy/b r.yaml", 7, 3), frozenset({"Service"}), "mend it"
)
WAIVER = Waiver(
    "security/privileged",
    "Deployment shop/web",
    "the vendor needs it until 2.0",
    "team-shop",
    date(2027, 1, 1),
    "readiness.yaml:9:3",
)
BAR = Bar(80, 80)
ABOUT = {
    "tool": "readiness 1.2.3",
    "time": "2026-11-20T12:00:00+00:00",
    "owner": "team-shop",
    "tier": 1,
    "settings": "readiness.yaml",
}
Shop = Callable[..., Assessment]


@pytest.fixture(scope="session")
def registry() -> Registry:
    """A handful of real checks, and one that fails."""
    everything = installed()

    @check(Severity.HIGH)
    def broken(now: Now) -> Findings:
        """A check that fails can be seen.

        Why: a fault must not read as a verdict.
        Fix: mend the check.
        """
        raise RuntimeError("boom")
        yield

    missing = [name for name in ASKED if name not in everything.checks]
    assert not missing, missing
    asked = {name: everything.checks[name] for name in ASKED}
    return Registry(asked | {"own:broken/check": replace(broken, id="broken/check")})


@pytest.fixture(scope="session")
def shop(registry: Registry) -> Shop:
    """Makes the assessment of a small shop with faults of several severities."""

    def make(
        *,
        text: str = SHOP,
        path: str = "deploy/web.yaml",
        environment: str = "staging",
        gaps: Sequence[Gap] = (),
        waivers: Sequence[Waiver] = (),
        known: Sequence[str] = (),
        new_only: bool = False,
        fails: bool = False,
        bar: Bar = BAR,
        rules: str = "",
        live: bool = False,
        about: dict[str, Any] = ABOUT,
    ) -> Assessment:
        documents = read_bytes(text.encode(), path).documents
        origin = Origin.LIVE if live else Origin.RENDERED
        objects = Objects(Resource(d.value, None if live else Written(d), origin=origin) for d in documents)
        everywhere: dict[type, Any] = {Now: Now(datetime(2026, 11, 20, 12, tzinfo=UTC)), **knowledge()}
        everywhere[ServiceSettings] = ServiceSettings("shop", owner="team-shop")
        inputs = (
            Input(path, Reading.CHECKED, objects=len(documents)),
            Input("deploy/b r.yaml", Reading.NOT_EXAMINED, "no YAML"),
            Input("notes.txt", Reading.IGNORED, "no manifest"),
        )
        supplies = [
            Supply("settings", frozenset(everywhere), everywhere),
            Supply("manifests", frozenset({Objects}), {Objects: objects}, origin, tuple(gaps), inputs, ("a note",)),
        ]
        asked = Registry({k: c for k, c in registry.checks.items() if fails or c.id != "broken/check"})
        terms = Terms(bar=bar, baseline=Baseline(Counter(known)), new_only=new_only, rules=rules)
        book = Book([Entry(w, Span("readiness.yaml", 9, 3)) for w in waivers], date(2026, 11, 20))
        return assess("shop", World(environment, supplies), asked, terms, book, about=about)

    return make


@pytest.fixture(scope="session")
def speaking() -> Callable[..., Assessment]:
    """Makes an assessment in which every text that comes from outside is the given one."""

    def make(evil: str) -> Assessment:
        place = Place(TextAnchor(evil), (evil, 3))

        def ask() -> Findings:
            yield place.expect(False, evil, evidence=evil, more={evil: [evil, (evil,)]})
            yield place.expect(False, f"waived {evil}")

        page = Page(evil, evil, evil, evil, evil)
        checks = {
            "evil/one": Check("evil/one", Severity.HIGH, ask, (), {}, page, Span(evil, 1), "2026.11"),
            "evil/two": Check("evil/two", Severity.HIGH, _raising(evil), (), {}, page, Span(evil, 1), "2026.11"),
        }
        gap = Gap(evil, evil, Span(evil, 2, 2), frozenset({evil}), evil)
        inputs = tuple(Input(evil, reading, evil) for reading in Reading)
        objects = Objects([Resource({"kind": evil, "metadata": {"name": evil, "namespace": evil}})])
        supply = Supply(evil, frozenset({Objects}), {Objects: objects}, Origin.RENDERED, (gap,), inputs, (evil,))
        book = Book([], date(2026, 11, 20))
        done = assess(
            evil, World(evil, [supply]), Registry(checks), Terms(Bar(80, 80), missing=(evil,)), book,
            about={**ABOUT, "settings": evil, "owner": evil, "folder": evil, evil: evil},
        )  # fmt: skip
        return replace(done, outcomes=tuple(_spoken(o, evil) for o in done.outcomes), vanished=(evil,))

    return make


def _raising(evil: str) -> Callable[[], Findings]:
    def ask() -> Findings:
        raise RuntimeError(evil)
        yield

    return ask


def _spoken(outcome: Outcome, evil: str) -> Outcome:
    """The outcome with a name like a stranger's, and with a waiver for what asks for one."""
    waiver = Waiver(evil, evil, evil, evil, date(2027, 1, 1), evil)
    judged = tuple(
        replace(j, waiver=waiver if j.finding.message.startswith("waived") else None) for j in outcome.judged
    )
    return replace(outcome, check=replace(outcome.check, id=f"{outcome.check.id}{evil}"), judged=judged)


@pytest.fixture(scope="session")
def gap() -> Gap:
    return GAP


@pytest.fixture(scope="session")
def waiver() -> Waiver:
    return WAIVER


@pytest.fixture(scope="session")
def calm() -> str:
    """A manifest with nothing to complain of."""
    return CALM


@pytest.fixture(scope="session")
def every_kind(shop: Shop) -> dict[str, Assessment]:
    """One run of each kind that a report has to tell."""
    mark = next(j.fingerprint for o in shop().outcomes for j in o.judged)
    return {
        "not ready": shop(),
        "ready": shop(text=CALM),
        "ready with waivers": shop(text=PRIVILEGED, waivers=[WAIVER], bar=Bar(60, 80)),
        "incomplete": shop(text=CALM, gaps=[GAP]),
        "a check fails": shop(fails=True),
        "nothing": shop(text="kind: Gizmo\nmetadata: {name: one}\n"),
        "known": shop(known=[mark]),
        "new only": shop(known=[mark], new_only=True),
        "not adopted": shop(rules="2026.01"),
        "live": shop(live=True),
        "no settings": shop(about={}),
    }

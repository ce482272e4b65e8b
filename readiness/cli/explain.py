"""`readiness explain CHECK`: the page of one check, from the check itself, without a network."""

from __future__ import annotations

import difflib
import json
import sys
from collections.abc import Iterator

import click

from readiness.cli import contract, peers
from readiness.cli.assessing import registry
from readiness.cli.layout import paragraph
from readiness.cli.listing import REPOSITORY_CHECKS, described, format_option, trust
from readiness.config import surroundings
from readiness.config.faults import nearest
from readiness.engine.registry import Registry
from readiness.model import Check, Setting
from readiness.report.text import plain

_MARGIN = 10


def _ids(_context: click.Context, _parameter: click.Parameter, begun: str) -> list[str]:
    return [check_id for check_id in registry().checks if check_id.startswith(begun)]


@click.command(name="explain")
@click.argument("check_id", metavar="CHECK", shell_complete=_ids)
@format_option
@trust
def command(check_id: str, format_: str, trust_repository_checks: bool) -> None:
    """Explain one check: what it claims, why, how to mend what it finds, and what may be set.

    CHECK is an id such as availability/replicas, or the name that another tool gives the rule, such as CKV_K8S_9.
    """
    known = registry(REPOSITORY_CHECKS if trust_repository_checks else None)
    checks = _meant(check_id, known)
    if format_ == "json":
        value = described(checks[0]) if len(checks) == 1 else [described(c) for c in checks]
        click.echo(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False))
        return
    width = min(100, surroundings.width(sys.stdout))
    click.echo("\n\n".join("\n".join(_page(check, width)) for check in checks))


def _meant(word: str, known: Registry) -> list[Check]:
    """The check of that id, or those whose peers give a rule that name. Raises a usage error with the nearest id."""
    if word in known.checks:
        return [known.checks[word]]
    broken = next((b for b in known.broken if b.id == word), None)
    if broken:
        raise click.UsageError(f"{broken.id} could not be loaded: {broken.reason} ({broken.defined.path})")
    same = [c for c in known.checks.values() if any(rule.lower() == word.lower() for _, rule in peers.names(c))]
    if same:
        return same
    raise click.UsageError(f"there is no check `{word}`{_hint(word, known) or '; `readiness list` shows them all'}")


def _hint(word: str, known: Registry) -> str:
    """The nearest id; where only the last part is like one, all ids with that last part."""
    whole = nearest(word, known.checks)
    if whole and "/" in word:
        return whole
    last = [check_id.rpartition("/")[2] for check_id in known.checks]
    close = difflib.get_close_matches(word.rpartition("/")[2], last, n=1, cutoff=0.6)
    ids = tuple(f"`{i}`" for i in known.checks if close and i.rpartition("/")[2] == close[0])
    return f"; did you mean {contract.either(ids)}?" if ids else whole


def _page(check: Check, width: int) -> Iterator[str]:
    severity = check.severity
    yield f"{check.id} · {severity.value}, weight {severity.weight} · in the rules since {check.since}"
    yield ""
    yield paragraph(check.page.title, width)
    yield ""
    for name, text in (("Why", check.page.why), ("Fix", check.page.fix)):
        if text:
            yield paragraph(text, width, f"{name:<{_MARGIN}}")
    yield from _needs(check, width)
    yield from _settings(check, width)
    for name, text in (("Peers", check.page.peers), ("Source", check.page.source)):
        if text:
            yield paragraph(text, width, f"{name:<{_MARGIN}}")
    yield f"{'Code':<{_MARGIN}}{plain(check.defined.path)}:{check.defined.line}"


def _needs(check: Check, width: int) -> Iterator[str]:
    head = "Needs"
    for asking in contract.askings(check):
        yield paragraph(asking.said, width, f"{head:<{_MARGIN}}")
        head = ""


def _settings(check: Check, width: int) -> Iterator[str]:
    if not check.settings:
        yield f"{'Settings':<{_MARGIN}}none of its own"
        return
    head = "Settings"
    for setting in check.settings.values():
        yield paragraph(f"{setting.name}: {_about(setting)}", width, f"{head:<{_MARGIN}}")
        said = [f"{name} {contract.value_said(value)}" for name, value in contract.defaults(setting).items()]
        yield paragraph("; ".join(said), width, " " * (_MARGIN + 2))
        head = ""


def _about(setting: Setting) -> str:
    parts = (setting.about, contract.type_said(setting.type), contract.stricter_said(setting))
    return "; ".join(part for part in parts if part)

"""Production is never laxer than staging, and no file laxer than the policy that it extends."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from readiness.config.environment import PROFILES, Environment
from readiness.config.faults import Fault
from readiness.config.layer import Layer
from readiness.model import Check, Route, Severity, Span, Stricter

if TYPE_CHECKING:
    from readiness.config.model import SettingsFile
    from readiness.config.reading import Text

ANY = "*"  # in a list of what is allowed: everything
Made = tuple[Environment, list[Layer]]


def between(made: Sequence[Made], checks: Mapping[str, Check]) -> list[Fault]:
    """Every setting that some production environment has laxer than some staging environment of the same service."""
    return [
        fault
        for production, p_layers in made
        if production.profile == "production"
        for staging, s_layers in made
        if staging.profile == "staging"
        for fault in compare(production, p_layers, staging, s_layers, checks, f"`{staging.name}`")
    ]


def of_the_whole(files: Sequence[Text], models: Sequence[SettingsFile]) -> Iterator[Fault]:
    """What a file makes laxer for all its environments than a policy above it: who may waive, and which rules count."""
    for below, (text, model) in enumerate(zip(files, models, strict=True)):
        for policy_text, policy in zip(files[below + 1 :], models[below + 1 :], strict=True):
            more = [o for o in model.waiver_owners if o not in policy.waiver_owners]
            if policy.waiver_owners and more:
                there = policy_text.span(("waiver-owners",))
                said = f"the policy lets {', '.join(policy.waiver_owners)} waive ({there}), and not {', '.join(more)}"
                yield Fault(text.span(("waiver-owners",)), said)
            if policy.rules and model.rules and model.rules < policy.rules:
                there = policy_text.span(("rules",))
                yield Fault(text.span(("rules",)), f"the policy wants the rules of {policy.rules} or newer ({there})")


def compare(
    strict: Environment,
    strict_layers: Sequence[Layer],
    lax: Environment,
    lax_layers: Sequence[Layer],
    checks: Mapping[str, Check],
    called: str,
    *,
    said_only: bool = False,
) -> list[Fault]:
    """Faults for everything in which `strict` asks for less than `lax`; both places are named.

    With `said_only` a check counts only where the layers of `lax` say something about it: a policy binds no further.
    """
    faults = []
    for route, ours, theirs in _laxer(strict, lax, checks):
        if said_only and route[0] == "checks" and _where(lax_layers, route[:2]) is None:
            continue
        here, there = _where(strict_layers, route), _where(lax_layers, route)
        what = ".".join(str(step) for step in route)
        beside = f" ({there})" if there else " (by default)"
        faults.append(
            Fault(
                here,
                f"`{strict.name}` may not be laxer than {called}: {what} is {ours} here and {theirs} there{beside}",
            )
        )
    return faults


def _laxer(strict: Environment, lax: Environment, checks: Mapping[str, Check]) -> Iterator[tuple[Route, str, str]]:
    if PROFILES.index(strict.profile) > PROFILES.index(lax.profile):
        yield ("profile",), strict.profile, lax.profile
    for name in ("score", "covered"):
        ours, theirs = getattr(strict.bar, name), getattr(lax.bar, name)
        if ours < theirs:
            yield ("bar", name), f"{ours:g}", f"{theirs:g}"
    for source in lax.mandatory:
        if source not in strict.mandatory:
            yield ("mandatory",), f"without {source}", f"with {source}"
    ours, theirs = strict.sources.repository, lax.sources.repository
    if ours and theirs and not set(ours.exclude) <= set(theirs.exclude):
        yield ("sources", "repository", "exclude"), repr(ours.exclude), repr(theirs.exclude)
    for check_id in sorted({*strict.checks, *lax.checks} & checks.keys()):
        check = checks[check_id]
        yield from _laxer_check(check, strict, lax)


def _laxer_check(check: Check, strict: Environment, lax: Environment) -> Iterator[tuple[Route, str, str]]:
    ours, theirs = strict.checks.get(check.id), lax.checks.get(check.id)
    if ours and ours.skip and not (theirs and theirs.skip):
        yield ("checks", check.id, "skip"), "skipped", "asked"
    our_weight = _severity(check, ours.severity if ours else None)
    their_weight = _severity(check, theirs.severity if theirs else None)
    if our_weight.rank > their_weight.rank:
        yield ("checks", check.id, "severity"), our_weight.value, their_weight.value
    mine, yours = strict.settings_of(check), lax.settings_of(check)
    # What a check itself gives each profile is as it is meant; only what somebody wrote can be too lax.
    written = {*(ours.values if ours else ()), *(theirs.values if theirs else ())}
    for name, setting in check.settings.items():
        if name in written and setting.stricter and _less(setting.stricter, mine[name], yours[name]):
            yield ("checks", check.id, name), repr(mine[name]), repr(yours[name])


def _severity(check: Check, said: Severity | None) -> Severity:
    return said or check.severity


def _less(direction: Stricter, ours: Any, theirs: Any) -> bool:
    """Whether `ours` asks for less than `theirs`."""
    if direction is Stricter.HIGHER:
        return bool(ours < theirs)
    if direction is Stricter.LOWER:
        return bool(ours > theirs)
    if direction is Stricter.MORE:
        return not set(ours) >= set(theirs)
    if direction is Stricter.FEWER:
        return ANY not in theirs and not set(ours) <= set(theirs)
    return bool(ours) is not (direction is Stricter.TRUE) and bool(theirs) is (direction is Stricter.TRUE)


def _where(layers: Sequence[Layer], route: Route) -> Span | None:
    return next((span for layer in layers if (span := layer.span(route))), None)

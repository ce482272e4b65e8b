"""Waivers as the settings write them: in the settings file itself, and in the files that it names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date

from readiness.config.environment import Environment, WrittenWaiver
from readiness.config.faults import Fault, SettingsError, nearest
from readiness.config.model import SettingsFile, WaiverFile, WaiverSettings
from readiness.config.reading import Text, read_text, validated
from readiness.model import Check


def written(
    files: Sequence[Text], models: Sequence[SettingsFile], variables: Mapping[str, str]
) -> tuple[WrittenWaiver, ...]:
    """All waivers of a settings file and its policies. Raises SettingsError for a file or a day that is not there."""
    found: list[WrittenWaiver] = []
    faults: list[Fault] = []
    for text, model in zip(files, models, strict=True):
        sources = [(text, list(model.waivers))]
        for index, name in enumerate(model.waiver_files):
            if not (text.path.parent / name).is_file():
                faults.append(Fault(text.span(("waiver-files", index)), f"`waiver-files`: there is no file {name}"))
                continue
            more = read_text(text.path.parent / name, variables)
            sources.append((more, validated(WaiverFile, more).waivers))
        for one in (one for where, waivers in sources for one in _of(where, waivers)):
            if isinstance(one, Fault):
                faults.append(one)
            else:
                found.append(one)
    if faults:
        raise SettingsError(faults)
    return tuple(found)


def _of(text: Text, waivers: Iterable[WaiverSettings]) -> Iterator[WrittenWaiver | Fault]:
    for index, w in enumerate(waivers):
        span = text.span(("waivers", index))
        try:
            expires = date.fromisoformat(w.expires)
        except ValueError:
            yield Fault(span, f"`expires`: there is no day {w.expires}")
        else:
            yield WrittenWaiver(w.check, w.subject, w.reason, w.owner, expires, w.environment, span)


def of_one_check(waivers: Iterable[WrittenWaiver], checks: Mapping[str, Check], *, foreign: bool) -> Iterator[Fault]:
    """Waivers of a check that there is not, or of a pattern that would take in whatever check comes next."""
    for waiver in waivers:
        if "*" in waiver.check:
            yield Fault(waiver.span, f"a waiver is for one check, found `{waiver.check}`; write one for each check")
        elif waiver.check not in checks and not (foreign and ":" in waiver.check):
            hint = nearest(waiver.check, checks) or "; `readiness list` shows them"
            yield Fault(waiver.span, f"a waiver of `{waiver.check}`: there is no such check{hint}")


def at_home(waivers: Iterable[WrittenWaiver], environments: Iterable[Environment]) -> Iterator[Fault]:
    """Waivers for an environment that there is not: nothing would ever tell that they are not used."""
    names = {"*", *(e.name for e in environments)}
    for waiver in waivers:
        if waiver.environment not in names:
            hint = nearest(waiver.environment, names) or f"; there are {', '.join(sorted(names - {'*'}))}"
            yield Fault(waiver.span, f"a waiver for `{waiver.environment}`: there is no such environment{hint}")

"""The readiness gate: what `check` says of the candidate that is to be shipped, and of nothing else."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from readiness.cli.deploying.target import NoTarget
from readiness.report.text import brief, plain

if TYPE_CHECKING:
    from readiness_deploy.plan import Judged

    from readiness.cli.deploying.target import Target
    from readiness.engine.assess import Assessment

_MOST = 5


def judged(
    target: Target, version: str, *, run_commands: bool = False, override: str = ""
) -> tuple[Judged, tuple[str, ...]]:
    """Check a version as the environment's settings say, in a copy that nothing was built in. Beside the answer, what
    was not asked, and why.

    Raises Unmade for a version that cannot be had.
    """
    if target.settings.kubernetes:
        # The version is an image that was built elsewhere: what is judged is what lies beside the settings.
        answer, notes = _judged(target, target.environment.root, run_commands=run_commands)
        return replace(answer, override=override), notes
    with _staged(target, version) as (folder, tree):
        answer, notes = _judged(target, folder, run_commands=run_commands)
        return replace(answer, tree=tree, override=override), notes


def named(target: Target, version: str) -> None:
    """See that there is such a version, before anything is begun. Raises UsageError, or NoTarget where the settings
    named it. Whatever else is wrong with it is said by who makes a release of it."""
    from readiness_deploy.releases import NoVersion, source
    from readiness_deploy.releases.tree import Unfit

    release = target.settings.release
    if target.settings.kubernetes:
        return  # a version is an image, and the registry is not asked
    try:
        source.find(target.environment.root / release.source, version or release.version)
    except NoVersion as fault:
        if version:
            raise click.UsageError(f"--version: {plain(fault)}") from None
        raise NoTarget(f"`deploy.release.version` in the settings: {plain(fault)}") from None
    except (Unfit, OSError):
        return


@contextmanager
def _staged(target: Target, version: str) -> Iterator[tuple[Path, str]]:
    """The files of a version, and their digest, as a release of it would have."""
    from readiness_deploy.releases.tree import remove

    here = Path(tempfile.mkdtemp(prefix="readiness-candidate-"))
    try:
        yield here / "tree", _laid_out(target, version, here / "tree")
    finally:
        remove(here)


def _laid_out(target: Target, version: str, folder: Path) -> str:
    """Bring the files of a version into `folder`; their digest. Raises Unmade."""
    from readiness_deploy.releases import Caps, Unmade, source
    from readiness_deploy.releases.tree import Unfit, digest, listing

    release = target.settings.release
    try:
        found = source.find(target.environment.root / release.source, version or release.version)
        source.stage(found, folder, target.state, Caps(), _unheard)
        return digest(listing(folder))
    except Unfit as fault:
        raise Unmade(str(fault)) from None
    except OSError as fault:
        where = f"{fault.filename}: " if fault.filename else ""
        raise Unmade(f"the files of the version cannot be copied: {where}{fault.strerror or fault}") from None


def _unheard(_what: str, **_details: object) -> None:
    """Making the release says it again."""


def _judged(target: Target, folder: Path, *, run_commands: bool) -> tuple[Judged, tuple[str, ...]]:
    from readiness_deploy.plan import Judged

    from readiness.cli.assessing import Options, assessment, registry
    from readiness.cli.gather import Permissions

    environment, notes = target.environment, []
    if environment.sources.cluster is not None:
        # What is wrong with the release that runs must never stop the one that mends it.
        environment = replace(
            environment,
            sources=environment.sources.model_copy(update={"cluster": None}),
            mandatory=tuple(m for m in environment.mandatory if m != "cluster"),
        )
        notes.append("the cluster was not asked: it shows the release that runs, not the candidate")
    root, told = _root(target, folder)
    notes += told
    found = assessment(replace(environment, root=root), registry(), Options(Permissions(run_commands)))
    answer = found.answer
    made = Judged(
        verdict=answer.verdict.value,
        score=answer.score.value,
        covered=answer.score.covered,
        digest=_digest(found),
        reasons=tuple(brief(r, 300) for r in answer.reasons),
        summary=tuple(_worst(found)),
    )
    return made, tuple(notes)


def _root(target: Target, folder: Path) -> tuple[Path, list[str]]:
    """Where the settings' own folder lies in the release; the working folder where the release does not hold it."""
    here = target.environment.root.resolve()
    source = (target.environment.root / target.settings.release.source).resolve()
    if not here.is_relative_to(source):
        return here, [f"the release is made of {source.name} alone: manifests and repository were read in {here.name}"]
    inside = folder / here.relative_to(source)
    if inside.is_dir():
        return inside, []
    return here, ["the release does not hold the folder of the settings: they were read where they are"]


def _digest(found: Assessment) -> str:
    """The same for the same outcomes, whenever and wherever they were found."""
    outcomes = [
        (
            outcome.check.id,
            outcome.status.value,
            sorted((j.finding.place.subject, j.finding.message, j.severity.value, j.counts) for j in outcome.judged),
        )
        for outcome in found.outcomes
    ]
    said = [found.answer.verdict.value, found.answer.score.value, found.answer.score.covered, sorted(outcomes)]
    return hashlib.sha256(json.dumps(said, ensure_ascii=True).encode()).hexdigest()


def _worst(found: Assessment) -> Iterator[str]:
    from readiness.report import selection

    for item in list(selection.findings(found))[:_MOST]:
        place = item.judged.finding.place
        where = f"{place.span}: " if place.span else ""
        severity = item.judged.severity.value
        yield brief(f"{severity} {item.outcome.check.id}: {where}{place.subject} {item.judged.finding.message}", 300)
    for gap in list(found.gaps)[:_MOST]:
        yield brief(f"not readable: {gap.source}: {gap}", 300)

"""A target and records to say something about."""

from pathlib import Path

from readiness_deploy.record import Freeze, Intent, Record, Release
from readiness_deploy.states import Goal, Phase

from readiness.cli.deploying.target import Target
from readiness.config.deploy import DeploySettings
from readiness.config.environment import Environment

V1 = Release(id="v1-111111111111", version="v1", details={"environment": {"TOKEN": {"from-env": "SECRET"}}})
V2 = Release(id="v2-222222222222", version="v2")


def target(**settings: object) -> Target:
    made = DeploySettings.model_validate(settings)
    return Target(Environment("shop", "local", Path("/nowhere")), made, Path("/nowhere/state"), ("--env", "local"))


def intent(**changes: object) -> Intent:
    said = {"run": "r1", "goal": Goal.DEPLOY, "release": V2, "colour": "green", "by": "ada@host", **changes}
    return Intent(**said)  # type: ignore[arg-type]


def record(phase: Phase = Phase.STABLE, **changes: object) -> Record:
    return Record(phase=phase, **{"selected": "blue", "slots": {"blue": V1, "green": V2}, **changes})  # type: ignore[arg-type]


FROZEN = Freeze(reason="audit", owner="ada", since="2026-11-21T10:00:00Z")

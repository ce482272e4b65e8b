"""A finding that claims an absence proves nothing where the thing may stand in what could not be read."""

import pytest

from readiness.engine import registry
from readiness.engine.run import Asked, ask
from readiness.engine.world import World
from readiness.facts.objects import Objects, Resource
from readiness.model import Gap, Origin, Supply

CHECKS = registry.installed().checks
PAIR = {"kind": "Deployment", "metadata": {"name": "web"}, "spec": {"replicas": 2}}
CLAIMS = {"volumes": [{"name": "a", "persistentVolumeClaim": {"claimName": "data"}}]}
BARE = {"template": {"spec": {"containers": [{"name": "web"}]}}}
AIM = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}

# The check, what was read, and the kind whose absence the finding claims.
CLAIMED = [
    ("availability/disruption-budget", [PAIR], "PodDisruptionBudget"),
    ("availability/disruption-budget-selects-pods", [{"kind": "PodDisruptionBudget"}], "StatefulSet"),
    ("availability/stateful-set-service", [{"kind": "StatefulSet", "spec": {"serviceName": "db"}}], "Service"),
    (
        "availability/autoscaler-target",
        [{"kind": "HorizontalPodAutoscaler", "spec": {"scaleTargetRef": AIM}}],
        "Deployment",
    ),
    (
        "availability/autoscaler-requests",
        [
            {"kind": "Deployment", "metadata": {"name": "web"}, "spec": BARE},
            {"kind": "HorizontalPodAutoscaler", "spec": {"scaleTargetRef": AIM, "targetCPUUtilizationPercentage": 70}},
        ],
        "LimitRange",
    ),
    (
        "resources/quota-met",
        [{"kind": "Deployment", "spec": BARE}, {"kind": "ResourceQuota", "spec": {"hard": {"cpu": "1"}}}],
        "LimitRange",
    ),
    ("storage/claim-exists", [{"kind": "Deployment", "spec": {"template": {"spec": CLAIMS}}}], "PersistentVolumeClaim"),
    ("storage/backup-coverage", [{"kind": "PersistentVolumeClaim"}], "Schedule"),
    (
        "storage/database-backup",
        [{"apiVersion": "postgresql.cnpg.io/v1", "kind": "Cluster", "spec": {"backup": {"retentionPolicy": "30d"}}}],
        "ScheduledBackup",
    ),
]


def asked(check: str, bodies: list[dict], *hidden: str) -> Asked:
    gaps = (Gap("manifests", "a file that could not be read", kinds=frozenset(hidden)),) if hidden else ()
    objects = Objects(Resource(body) for body in bodies)
    supply = Supply("manifests", frozenset({Objects}), {Objects: objects}, Origin.RENDERED, gaps=gaps)
    settings = {name: setting.default for name, setting in CHECKS[check].settings.items()}
    return ask(CHECKS[check], World("test", [supply]), settings)


@pytest.mark.parametrize(("check", "bodies", "kind"), CLAIMED, ids=[c[0] for c in CLAIMED])
def test_a_claimed_absence_is_bad_only_where_nothing_was_hidden(check: str, bodies: list[dict], kind: str):
    open_book = asked(check, bodies)
    assert open_book.bad
    assert not open_book.unproven
    hidden = asked(check, bodies, kind)
    assert len(hidden.unproven) == len(open_book.bad)
    assert not hidden.bad


@pytest.mark.parametrize(("check", "bodies", "kind"), CLAIMED, ids=[c[0] for c in CLAIMED])
def test_a_gap_that_hides_something_else_changes_nothing(check: str, bodies: list[dict], kind: str):
    assert asked(check, bodies, "ConfigMap").bad


def test_what_is_wrong_in_itself_stands_in_spite_of_any_gap():
    two = [PAIR] + [{"kind": "PodDisruptionBudget", "metadata": {"name": n}, "spec": {"selector": {}}} for n in "ab"]
    assert asked("availability/disruption-budget", two, "PodDisruptionBudget").bad

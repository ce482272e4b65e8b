"""The schemas of Kubernetes' own kinds."""

import subprocess
import sys
from pathlib import Path

import pytest

from readiness.facts.objects import Resource
from readiness.facts.ports import SchemaFault, Schemas
from readiness.sources.knowledge import knowledge
from readiness.sources.schemas import loading

SCHEMAS: Schemas = knowledge()[Schemas]
ROOT = Path(__file__).parents[3]


def deployment(**spec: object) -> Resource:
    pod = {"containers": [{"name": "web", "image": "web:1"}]}
    filled = {"selector": {}, "template": {"spec": pod}, **spec}
    return Resource({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": filled})


def test_every_release_knows_a_deployment():
    for version in SCHEMAS.versions:
        assert SCHEMAS.faults(deployment(), version) == ()
        assert SCHEMAS.faults(deployment(replicaz=3), version) == (
            SchemaFault(("spec", "replicaz"), "`replicaz` is no field here; the nearest is `replicas`"),
        )


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        ("", loading.versions()[-1]),
        ("1.99", loading.versions()[-1]),
        ("1.2", loading.versions()[0]),
        ("v1.34.2", "1.34"),
        ("latest", loading.versions()[-1]),
    ],
)
def test_a_release_that_is_not_here_stands_for_the_nearest_one(asked: str, answered: str):
    assert loading.nearest(asked) == answered


def test_a_field_of_a_later_release_is_unknown_to_an_earlier_one():
    pod = {"containers": [{"name": "web", "image": "web:1"}], "hostnameOverride": "web"}
    later = deployment(template={"spec": pod})
    assert SCHEMAS.faults(later, "1.34") == ()
    assert SCHEMAS.faults(later, "1.30") != ()


def test_a_custom_kind_gets_no_verdict():
    assert SCHEMAS.faults(Resource({"apiVersion": "example.org/v1", "kind": "Deployment"})) is None


def test_a_secret_value_is_never_told():
    body = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}, "data": {"p": "hunter2!"}, "type": 5}
    told = " ".join(fault.message for fault in SCHEMAS.faults(Resource(body)) or ())
    assert "not base64" in told
    assert "hunter2" not in told


@pytest.mark.parametrize("odd", [float("nan"), float("inf"), 10**400, "\ud800"])
def test_values_that_json_cannot_carry_are_told_and_raise_nothing(odd: object):
    faults = SCHEMAS.faults(deployment(replicas=odd))
    assert faults


def test_many_faults_of_one_object_are_bounded():
    assert len(SCHEMAS.faults(deployment(**{f"x{i}": i for i in range(500)})) or ()) == 50


def test_the_libraries_load_only_when_something_is_judged():
    program = (
        "import sys; from readiness.sources.knowledge import knowledge; knowledge();"
        "sys.exit(len({'jsonschema_rs', 'promql_parser'} & set(sys.modules)))"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=ROOT)


def test_the_packed_files_are_what_the_tool_would_write():
    pytest.importorskip("kubernetes_validate")
    done = subprocess.run(
        [sys.executable, "tools/make_schemas.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr

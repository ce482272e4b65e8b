"""What is found where no settings say it, and the settings that are proposed for it."""

from pathlib import Path

import pytest
from config.checks import CHECKS
from hypothesis import given
from hypothesis import strategies as st

from readiness.config import discover, load
from readiness.config.faults import SettingsError
from readiness.config.proposal import names, propose
from readiness.sources.manifests.reader import read_bytes

OBJECT = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"


def lay(root: Path, *files: str) -> Path:
    """Files of the right content for their names; `name=text` says the content."""
    for file in files:
        name, _, text = file.partition("=")
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text or OBJECT)
    return root


def test_each_thing_is_found_as_what_it_is(tmp_path):
    found = discover.look(
        lay(
            tmp_path,
            "charts/web/Chart.yaml=name: web", "charts/web/templates/a.yaml", "charts/web/values.yaml=a: 1",
            "base/kustomization.yaml=resources: [a.yaml]", "base/a.yaml",
            "overlays/prod/kustomization.yaml=resources:\n- ../../base\n", "overlays/prod/patches/replicas.yaml",
            "k8s/a.yaml", "k8s/sub/b.json={\"apiVersion\": \"v1\", \"kind\": \"ConfigMap\"}",
            "Dockerfile=FROM scratch", "api/web.Dockerfile=FROM scratch",
            ".github/workflows/ci.yml=on: push", "rules/alerts.yaml=groups:\n- name: a\n  rules: []\n",
            "compose.yaml=services: {}", "catalog-info.yaml=apiVersion: backstage.io/v1alpha1\nkind: Component\n",
            "node_modules/x/k8s/a.yaml", ".hidden/a.yaml",
        )
    )  # fmt: skip
    assert found.charts == ["charts/web"]
    assert found.overlays == ["overlays/prod"], "a base is looked at through what is built on it"
    assert found.manifests == {"k8s": ["k8s"]}
    assert found.dockerfiles == ["Dockerfile", "api/web.Dockerfile"]
    assert found.workflows == [".github/workflows/ci.yml"]
    assert found.rules == ["rules/alerts.yaml"]


def test_a_folder_with_a_chart_in_it_is_named_by_its_manifests(tmp_path):
    found = discover.look(lay(tmp_path, "deploy/a.yaml", "deploy/notes.yaml=a: 1", "deploy/chart/Chart.yaml=name: a"))
    assert found.manifests == {"deploy": ["deploy/a.yaml"]}
    assert discover.look(lay(tmp_path / "top", "a.yaml")).manifests == {".": ["a.yaml"]}


def test_without_settings_there_is_an_environment_for_each_overlay_and_chart_and_one_for_the_rest(tmp_path):
    lay(tmp_path, "o/staging/kustomization.yaml=resources: []", "o/prod/kustomization.yaml=resources: []")
    lay(tmp_path, "chart/Chart.yaml=name: a", "k8s/a.yaml")
    made = {e.name: e for e in discover.here(tmp_path, "")}
    assert made.keys() == {"staging", "prod", "chart", "manifests"}
    assert made["prod"].profile == "production"
    assert made["staging"].profile == made["manifests"].profile == "staging"
    assert all("repository" in e.declared for e in made.values())
    assert [e.name for e in discover.here(tmp_path, "prod")] == ["prod"]
    with pytest.raises(SettingsError, match="did you mean `staging`"):
        discover.here(tmp_path, "stagin")


def test_where_nothing_is_the_repository_alone_is_looked_at(tmp_path):
    (only,) = discover.here(lay(tmp_path, "main.py=print()"), "")
    assert (only.name, only.declared) == ("repository", {"repository"})


def test_paths_are_what_they_are_and_nothing_else_is_declared(tmp_path):
    lay(tmp_path, "chart/Chart.yaml=name: a", "overlay/kustomization.yml=resources: []", "k8s/a.yaml")
    made = discover.given(("k8s/a.yaml", "chart", "overlay", "-"), tmp_path)
    assert [(e.name, e.declared, e.profile) for e in made] == [
        ("chart", {"helm"}, "staging"),
        ("overlay", {"kustomize"}, "staging"),
        ("manifests", {"manifests"}, "staging"),
    ]
    assert made[2].sources.manifests == ["k8s/a.yaml", "-"]


def proposed(root: Path):
    """The environments of the proposal, by the one way in which settings are read."""
    path = root / "readiness.yaml"
    path.write_text(propose(root), encoding="utf-8")
    return {e.name: e for e in load.load(path, CHECKS, {}).environments}


def test_a_proposal_names_what_is_there(tmp_path):
    lay(tmp_path, "chart/Chart.yaml=name: a", "chart/values.yaml=a: 1", "chart/values-production.yaml=a: 1")
    lay(tmp_path, "chart/dev-values.yml=a: 1", "o/staging/kustomization.yaml=resources: []", "k8s/staging/a.yaml")
    lay(tmp_path, "other/b.yaml", "pyproject.toml=[project]")
    made = proposed(tmp_path)
    assert list(made) == names(tmp_path) == ["dev", "manifests", "staging", "staging-manifests", "production"]
    assert made["production"].sources.helm[0].values == ["chart/values-production.yaml"]
    assert made["dev"].sources.helm[0].chart == "chart"
    assert made["staging"].sources.kustomize[0].path == "o/staging"
    assert made["staging-manifests"].sources.manifests == ["k8s/staging"]
    assert made["manifests"].sources.manifests == ["other"]
    assert {e.profile for e in made.values()} == {"development", "staging", "production"}
    for environment in made.values():
        assert environment.missing == ()


def test_several_charts_keep_their_names(tmp_path):
    lay(tmp_path, "charts/a/Chart.yaml=name: a", "charts/a/values-staging.yaml=a: 1")
    lay(tmp_path, "charts/b/Chart.yaml=name: b", "charts/b/values-staging.yaml=a: 1", "charts/c/Chart.yaml=name: c")
    made = proposed(tmp_path)
    assert {n: e.sources.helm[0].chart for n, e in made.items()} == {
        "c": "charts/c", "staging": "charts/a", "staging-b": "charts/b",
    }  # fmt: skip


def test_every_guess_has_a_comment(tmp_path):
    text = propose(lay(tmp_path, "k8s/a.yaml"))
    for line in text.splitlines():
        if line.strip().startswith(("service:", "owner:", "tier:", "profile:")):
            assert "# guessed: " in line or "# not found: " in line, line


def test_an_empty_repository_gets_settings_that_load(tmp_path):
    assert list(proposed(tmp_path)) == names(tmp_path) == ["staging"]


AWKWARD = ["on", "12", "1.0", "null", "a b", "a: b", "a #b", "$HOME", "${HOME}", "é", 'q"q', "a\\b", "-", "2026-01-01"]


@pytest.mark.parametrize("name", [*AWKWARD, "a\nb", "\x1b[31m"])
def test_names_that_yaml_would_read_as_something_else_stay_what_they_are(name: str, tmp_path):
    root = lay(tmp_path / name, f"prod-{name}/a.yaml")
    (only,) = proposed(root).values()
    assert only.service == name
    assert only.sources.manifests == [f"prod-{name}"]


@given(st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=12))
def test_whatever_an_owner_is_called_the_settings_can_be_read(owner: str):
    from readiness.config.proposal import _comment, _scalar

    reading = read_bytes(f"owner: {_scalar(owner)}  # {_comment(owner)}\nend: 1\n".encode(), "a.yaml")
    assert [d.value for d in reading.documents] == [{"owner": owner.replace("$", "$$"), "end": 1}]

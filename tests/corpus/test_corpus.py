"""Manifests that nobody here wrote: every run ends with a verdict, and every file is accounted for."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from components import CORPUS_VARIABLE

TOOL = Path(__file__).parents[2] / "tools" / "corpus.py"


@pytest.fixture(scope="module")
def tool() -> Iterator[ModuleType]:
    spec = importlib.util.spec_from_file_location("corpus_tool", TOOL)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


def write(corpus: Path, name: str, text: str) -> None:
    (corpus / name).parent.mkdir(parents=True, exist_ok=True)
    (corpus / name).write_text(text, encoding="utf-8")


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A corpus of one project with an overlay and a chart, neither of which has to be rendered to be listed."""
    corpus = tmp_path / "corpus"
    write(corpus, "shop/web/m.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: shop}\n")
    write(corpus, "shop/chart/Chart.yaml", "apiVersion: v2\nname: c\nversion: 1.0.0\n")
    write(corpus, "shop/chart/values.json", "{}")
    write(corpus, "shop/overlay/kustomization.yaml", "resources: [../web/m.yaml]\n")
    return corpus


def test_the_runs_are_those_that_a_corpus_asks_for(tool: ModuleType, small: Path) -> None:
    assert [(job.what, job.path) for job in tool.jobs(small)] == [
        ("folder", "shop"),
        ("no settings", "shop"),
        ("chart", "shop/chart"),
        ("kustomization", "shop/overlay"),
    ]


def test_a_small_corpus_is_accounted_for(tool: ModuleType, small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert tool.main([str(small)]) == 0
    table = capsys.readouterr().out
    assert "| folder | shop | 3 | INCOMPLETE | 1 | 1 | 2 |" in table
    assert "| no settings | shop |" in table


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("exit 70", "exit 70"),
        ("echo 'Traceback (most recent call last):' >&2; echo '{}'; exit 1", "a traceback was printed"),
        ("echo nothing; exit 1", "the report cannot be read"),
        ("""echo '{"runs": [{"environment": "e", "verdict": "READY", "exit_code": 0, "outcomes": [], "gaps": [1],"""
         """ "inputs": []}]}'""", "though something was not examined"),
        ("""echo '{"runs": [{"environment": "e", "verdict": "READY", "exit_code": 0, "outcomes": [], "gaps": [],"""
         """ "inputs": []}]}'""", "not listed: web/m.yaml"),
    ],
    ids=["internal", "traceback", "no report", "green in spite of a gap", "a file that is not listed"],
)  # fmt: skip
def test_what_is_wrong_with_the_program_is_told(
    tool: ModuleType,
    small: Path,
    program: str,
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    fake = small.parent / "readiness"
    fake.write_text(f"#!/bin/sh\n{program}\n", encoding="utf-8")
    fake.chmod(0o755)
    monkeypatch.setattr(tool, "PROGRAM", fake)
    assert tool.main([str(small)]) == 1
    assert words in capsys.readouterr().err


def test_an_empty_corpus_is_no_success(tool: ModuleType, tmp_path: Path) -> None:
    assert tool.main([str(tmp_path)]) == 1


@pytest.mark.needs("corpus", "helm", "kubectl")
def test_the_whole_corpus_is_accounted_for(tool: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    done = tool.main([os.environ[CORPUS_VARIABLE], "--jobs", "2"])
    said = capsys.readouterr()
    assert done == 0, said.err

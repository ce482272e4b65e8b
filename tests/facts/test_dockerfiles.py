"""Stages, variables and commands of Dockerfiles, and that no text makes a check raise."""

from __future__ import annotations

import random

import pytest

from readiness.engine import registry
from readiness.engine.run import ask
from readiness.engine.world import World
from readiness.facts.dockerfiles import Dockerfile, Dockerfiles
from readiness.facts.repository import File, Repository
from readiness.facts.variables import expand
from readiness.model import Supply


def repository(**texts: str) -> Repository:
    files = {path: File(path, len(text), lambda text=text: text.encode()) for path, text in texts.items()}  # type: ignore[misc]
    return Repository(files)


def dockerfile(text: str) -> Dockerfile:
    (one,) = Dockerfiles(repository(Dockerfile=text))
    return one


def test_a_stage_continues_another_by_its_name() -> None:
    read = dockerfile("FROM a AS Base\nUSER 1\nENV X=1\nARG Y=2\nFROM b\nFROM base\nRUN c\n")
    final = read.final
    assert final is not None
    assert [stage.label for stage in read.shipped] == ["base", "base"]
    assert (final.parent, final.user(), dict(final.variables)) == (read.stages[0], "1", {"X": "1"})


def test_a_name_means_the_latest_stage_before() -> None:
    read = dockerfile("FROM a AS x\nFROM b AS x\nFROM x AS x\n")
    assert [stage.parent.index if stage.parent else None for stage in read.stages] == [None, None, 1]


def test_only_arguments_before_the_first_stage_count_in_from() -> None:
    read = dockerfile("ARG A=1\nARG B=$A-x\nFROM n:$B\nARG C=2\nFROM m:${C:-3}\nFROM o:$D\nARG A\nUSER $A\n")
    assert [stage.base for stage in read.stages] == ["n:1-x", "m:3", None]
    assert read.stages[-1].user() == "1"


@pytest.mark.parametrize(
    ("instruction", "wanted"),
    [
        ('ENV A=b "C"="d e" F=\'$g\' H=i\\ j', {"A": "b", "C": "d e", "F": "$g", "H": "i j"}),
        ("ENV A b c", {"A": "b c"}),
        ("ENV A=1\nENV B=$A-${A}x", {"A": "1", "B": "1-1x"}),
        ("ARG A", {"A": None}),
        ("ARG A B=2", {"A": None, "B": "2"}),
        ("ENV A=$B", {"A": None}),
    ],
)
def test_variables(instruction: str, wanted: dict[str, str | None]) -> None:
    final = dockerfile(f"FROM x\n{instruction}\n").final
    assert final is not None
    assert final.variables == wanted


def test_commands_know_their_line_and_shell() -> None:
    final = dockerfile(
        'FROM x\nRUN a && \\\n  b\nRUN <<E\nc\nd\nE\nRUN <<E\n#!/usr/bin/python\ne\nE\nRUN ["f", "g"]\n'
        'SHELL ["powershell", "-c"]\nRUN h | i\n'
    ).final
    assert final is not None
    found = [(command.name, run.line_of(command.at)) for run in final.runs for command in run.commands]
    assert found == [("a", 2), ("b", 3), ("c", 5), ("d", 6), ("f", 12)]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a$X-${X}", "a1-1"), ("${Y:-d}", "d"), ("${E:-d}", "d"), ("${E-d}", ""), ("${X:+o}", "o"), ("${Y:+o}", ""),
        ("${Y}", None), ("$Y", None), ("${Y:?why}", None), ("${Y:-${X}}", "1"), ("${Y:-$Z}", None), ("\\$X", "$X"),
        ("$", "$"), ("${", None), ("${X", None), ("$1", "$1"), ("${Y:-{}}", "{}"),
    ],
)  # fmt: skip
def test_expand(text: str, value: str | None) -> None:
    assert expand(text, {"X": "1", "E": "", "Z": None}) == value


PIECES = (
    "FROM a AS b", "FROM $X", "FROM", "FROM --platform=x", "COPY --from=9 a", "COPY", "COPY [", "ADD http://x", "ENV",
    "ENV =", 'ENV "', "ENV A", "ARG =", "LABEL x", "USER :", "USER ", "EXPOSE x/y/z 99999", 'RUN ["sh","-c"]', "RUN []",
    "RUN <<E", "E", "RUN `", "RUN $(", "RUN pip install", "RUN apt-get install -t", "RUN sh -c", "RUN curl | ",
    "RUN git -c",
    "RUN rm -rf /", "SHELL []", 'SHELL [""]', "CMD [", "CMD []", "ENTRYPOINT exec", "HEALTHCHECK NONE", "HEALTHCHECK",
    "ONBUILD", "ONBUILD RUN", "WORKDIR ${", "MAINTAINER", "\\", "#",
)  # fmt: skip


def test_no_dockerfile_makes_a_check_raise() -> None:
    chance = random.Random(20261120)  # noqa: S311 (a sample, not a secret)
    checks = [c for c in registry.installed().checks.values() if any(n.type is Dockerfiles for n in c.needs)]
    assert checks
    for _ in range(150):
        text = "\n".join(chance.choices(PIECES, k=chance.randint(1, 10)))
        files = repository(**{"Dockerfile": text, ".dockerignore": chance.choice(["", "[", "!", "!/", "**", "../x"])})
        world = World("test", [Supply("test", frozenset({Repository}), {Repository: files})])
        for check in checks:
            asked = ask(check, world, {name: setting.default for name, setting in check.settings.items()})
            assert not asked.fault, f"{check.id}: {asked.fault}\n{text}"

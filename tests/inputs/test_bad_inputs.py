"""Every bad input is named at its place, and takes nothing from the files beside it."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from inputs import file_rows, json_rows, probe_rows, yaml_rows
from inputs.manifests import GOOD_FILES, config_map, write_good_files
from inputs.rows import Row
from inputs.running import Cost, Said, check, measured

ROWS: tuple[Row, ...] = (
    *yaml_rows.ROWS,
    *json_rows.ROWS,
    *file_rows.ROWS,
    *probe_rows.ROWS,
)
ALL = [pytest.param(row, id=row.name, marks=[pytest.mark.needs(*row.needs)] if row.needs else []) for row in ROWS]
BOUNDED = [pytest.param(row, id=row.name) for row in ROWS if row.seconds or row.mib]
GENEROUS = 4
"""A busy or slow machine may take this many times the seconds that a row states."""
SHOWN_AT_MOST = 1_000
"""Beyond so many findings a terminal shows the worst ones only."""
Found = tuple[str, str, int, str, str, str]


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Said]:
    """A folder with `good` in it, and the answer about that alone."""
    folder = tmp_path_factory.mktemp("company") / "shop"
    folder.mkdir()
    write_good_files(folder / "good")
    return folder, check(folder, ".")


def about(said: Said, part: str) -> Counter[Found]:
    """What was found in the files of one folder."""
    return Counter(
        (name, f["file"], f["line"], f["path"], f["message"], f["subject"])
        for name, f in said.findings()
        if f["file"] is not None and f["file"].startswith(f"{part}/")
    )


def readings(said: Said, part: str) -> dict[str, tuple[str, int]]:
    return {
        i["name"].removeprefix(f"{part}/"): (i["reading"], i["objects"])
        for i in said.entries("inputs")
        if i["name"].startswith(f"{part}/")
    }


def test_the_good_files_are_ready(good: tuple[Path, Said]) -> None:
    _, said = good
    assert said.code == 0, said.out
    read = readings(said, "good")
    assert len(read) == GOOD_FILES
    assert {reading for reading, _ in read.values()} == {"checked"}
    assert about(said, "good"), "there has to be something that could get lost"


@pytest.mark.parametrize("row", ALL)
def test_a_bad_input_is_named(row: Row, tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    row.write(folder / "bad")
    said = check(folder, ".")
    faults = list(faults_of(row, said))
    assert said.code == row.alone, said.out + said.err
    assert row.code or "no workload was found" in said.out
    assert not faults, "\n".join([*faults, said.out])


@pytest.mark.parametrize("row", ALL)
def test_a_bad_input_takes_nothing_from_twenty_good_files(row: Row, good: tuple[Path, Said], tmp_path: Path) -> None:
    folder, alone = good
    row.write(folder / "bad")
    try:
        said = check(folder, ".")
    finally:
        shutil.rmtree(folder / "bad")
    assert about(said, "good") == about(alone, "good")
    assert readings(said, "good") == readings(alone, "good")
    assert said.code == (row.code if row.company is None else row.company), said.out
    faults = list(faults_of(row, said))
    assert not faults, "\n".join([*faults, said.out])


def faults_of(row: Row, said: Said) -> Iterator[str]:
    """What the answer lacks of what the row wants, and what stands there that may not."""
    yield from _missing_findings(row, said)
    yield from _missing_gaps(row, said)
    read = readings(said, "bad")
    for name, wanted in row.inputs.items():
        if read.get(name, ("unlisted",))[0] != wanted:
            yield f"{name} is {read.get(name, ('unlisted',))[0]}, wanted {wanted}"
    for words in row.says:
        if words not in said.words:
            yield f"not said: {words}"
    for words in (*row.never, "Traceback (most recent"):
        if words in said.out + said.err:
            yield f"said: {words}"
    yield from (f"{name} failed" for name in said.faulty_checks())


def _missing_findings(row: Row, said: Said) -> Iterator[str]:
    found = Counter((name, f["file"], f["line"]) for name, f in said.findings())
    certain = {(o["id"], f["file"], f["line"]) for o in said.entries("outcomes") for f in o["findings"]}
    shown = certain if len(certain) < SHOWN_AT_MOST else set()
    for wanted, times in Counter((name, f"bad/{file}", line) for name, (file, line) in row.finds).items():
        if found[wanted] < times:
            yield f"not found: {wanted}; but {sorted(k for k in found if k[0] == wanted[0])}"
        elif wanted in shown and f"{wanted[1]}:{wanted[2]}:" not in said.words:
            yield f"not shown: {wanted}"
    for name, file, line in found:
        if name in row.clean and file is not None and file.startswith("bad/"):
            yield f"a false alarm: {name} at {file}:{line}"


def _missing_gaps(row: Row, said: Said) -> Iterator[str]:
    gaps = list(said.entries("gaps"))
    for (file, line), words in row.gaps:
        here = [g for g in gaps if (g["file"], g["line"]) == (f"bad/{file}", line)]
        if not any(words in g["cause"] for g in here):
            yield f"no gap at bad/{file}:{line} says {words!r}; the gaps: {[_shown(g) for g in gaps]}"
        elif f"bad/{file}:{line}:" not in said.words:
            yield f"not shown: the gap at bad/{file}:{line}"
    if not row.gaps:
        yield from (f"an unexpected gap: {_shown(g)}" for g in gaps if (g["file"] or "").startswith("bad/"))


def _shown(gap: Mapping[str, Any]) -> str:
    return f"{gap['file']}:{gap['line']}: {gap['cause']}"


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Cost:
    """What a manifest of four lines costs."""
    folder = tmp_path_factory.mktemp("small") / "shop"
    folder.mkdir()
    (folder / "m.yaml").write_text(config_map("a"), encoding="utf-8")
    return measured(folder, ["check", ".", "--format", "json"])


@pytest.mark.parametrize("row", BOUNDED)
def test_a_bad_input_costs_no_more_than_its_bound(row: Row, small: Cost, tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    row.write(folder / "bad")
    cost = measured(folder, ["check", ".", "--format", "json"])
    assert cost.code == row.alone, cost.err
    if row.seconds is not None:
        assert cost.seconds - small.seconds < GENEROUS * row.seconds
    if row.mib is not None:
        assert cost.mib - small.mib < row.mib

"""The generated pages: complete, fresh or told to be stale, and nobody else's file is touched."""

import json
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def docs(here, tmp_path: Path) -> Path:
    """Freshly written pages."""
    out = tmp_path / "docs"
    done = here.run("docs", "--out", out, folder=ROOT)
    assert done.code == 0, done.err
    return out


def test_what_was_just_written_is_fresh_and_writing_again_changes_nothing(here, docs: Path):
    before = {p: p.read_bytes() for p in docs.rglob("*") if p.is_file()}
    assert here.run("docs", "--check", "--out", docs, folder=ROOT).code == 0
    assert here.run("docs", "--out", docs, folder=ROOT).out.startswith("0 written, 0 removed, ")
    assert {p: p.read_bytes() for p in docs.rglob("*") if p.is_file()} == before


def test_a_stale_a_missing_and_a_surplus_page_are_each_named_and_then_mended(here, docs: Path):
    stale, missing = docs / "checks/availability/replicas.md", docs / "settings.schema.json"
    surplus = docs / "checks/availability/gone.md"
    surplus.write_text(stale.read_text())
    stale.write_text("something else")
    missing.unlink()
    done = here.run("docs", "--check", "--out", docs, folder=ROOT)
    assert done.code == 1
    told = {line.split(docs.name + "/", 1)[1] for line in done.out.splitlines() if docs.name + "/" in line}
    assert told == {
        "checks/availability/replicas.md: stale",
        "settings.schema.json: missing",
        "checks/availability/gone.md: surplus, no check has this page",
    }
    assert here.run("docs", "--out", docs, folder=ROOT).code == 0
    assert here.run("docs", "--check", "--out", docs, folder=ROOT).code == 0
    assert not surplus.exists()
    surplus.write_text("one page too many")
    assert here.run("docs", "--check", "--out", docs, folder=ROOT).code == 1


def test_a_page_that_somebody_wrote_by_hand_is_not_deleted(here, docs: Path):
    own = docs / "checks/notes.md"
    own.write_text("what we decided")
    done = here.run("docs", "--out", docs, folder=ROOT)
    assert done.code == 2
    assert "notes.md was not written by `readiness docs`" in done.err
    assert own.read_text() == "what we decided"


def test_every_check_has_a_page_with_both_examples_and_every_link_of_the_index_leads_somewhere(docs: Path):
    index = (docs / "checks/README.md").read_text()
    links = {part.split(")")[0] for part in index.split("](")[1:]}
    pages = {p.relative_to(docs / "checks").as_posix() for p in (docs / "checks").rglob("*.md")}
    assert links == pages - {"README.md"}
    for page in sorted(pages - {"README.md"}):
        text = (docs / "checks" / page).read_text()
        assert "# bad" in text, page
        assert "# ok" in text, page
        assert text.count("\n```") % 2 == 0, page


def test_a_user_of_another_tool_finds_ours_by_its_name(docs: Path):
    index = (docs / "checks/README.md").read_text()
    assert "| `CKV_K8S_9` | [availability/readiness-probe](availability/readiness-probe.md) |" in index
    assert "| `POP-1204` |" in index, "one that only a range (POP-1200 to POP-1208) names"


def test_the_schemas_are_the_ones_that_the_program_prints(here, docs: Path):
    assert json.loads((docs / "report.schema.json").read_text()) == json.loads(here.run("schema", "report").out)
    assert json.loads((docs / "settings.schema.json").read_text()) == json.loads(here.run("schema", "settings").out)


def test_elsewhere_it_says_what_it_needs(here, tmp_path: Path):
    assert "works in a checkout of readiness" in here.run("docs").err
    for name in ("checks/readiness_checks", "tests/checks"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "*.yaml"))
    done = here.run("docs")
    assert done.code == 2
    assert "has its checks from" in done.err


def test_the_rollout_is_drawn_where_the_page_has_room_for_it(here, docs: Path):
    page = docs / "architecture.md"
    shutil.copy(ROOT / "docs" / page.name, page)
    drawn = page.read_text()
    assert "    switching --> looking: ok\n" in drawn, "the page of this repository shows the table"
    page.write_text(drawn.replace("switching --> looking: ok", "switching --> done: ok"))
    done = here.run("docs", "--check", "--out", docs, folder=ROOT)
    assert done.code == 1
    assert "architecture.md: stale" in done.out
    assert here.run("docs", "--out", docs, folder=ROOT).code == 0
    assert page.read_text() == drawn

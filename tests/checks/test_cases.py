"""Each check's case file says, on the very line, what the check should say there."""

from pathlib import Path

import pytest
from cases import Case, agree, cases, expectations, said

from readiness.engine import registry

REGISTRY = registry.installed()
HERE = Path(__file__).parent
FILES = {p.relative_to(HERE).with_suffix("").as_posix(): p for p in HERE.rglob("*.yaml")}


def test_every_check_loads():
    assert REGISTRY.broken == ()


def test_every_check_has_a_case_and_every_case_a_check():
    assert FILES.keys() == REGISTRY.checks.keys()


@pytest.mark.parametrize("check_id", sorted(REGISTRY.checks))
def test_a_check_says_what_its_case_file_says(check_id: str):
    check, path = REGISTRY.checks[check_id], FILES[check_id]
    wanted = expectations(path.read_text())
    found = []
    for case in cases(path):
        asked, answers = said(check, case)
        assert not asked.fault, asked.fault
        assert not asked.skipped, asked.skipped
        found += answers
    surplus, missing = agree(found, wanted)
    differences = [f"said, not expected: {s}" for s in surplus] + [f"expected, not said: {m}" for m in missing]
    assert not differences, "\n".join(differences)
    assert {one.ok for one in wanted} == {True, False}, "a case file shows a good and a bad example"


@pytest.mark.parametrize("check", REGISTRY.checks.values(), ids=lambda c: c.id)
def test_every_check_explains_itself(check):
    page = check.page
    assert page.title.endswith(".")
    assert not page.title.startswith("Ensure")
    assert " should " not in page.title, "a title is a claim that is true when all is well"
    assert page.why.endswith(".")
    assert page.fix.endswith(".")
    assert page.source, "the rule says where it comes from"


def test_the_runner_notices_a_wrong_line_a_wrong_word_and_a_missing_answer(tmp_path: Path):
    check = REGISTRY.checks["availability/replicas"]
    text = "kind: Deployment\nmetadata: {name: a}\nspec:\n  replicas: 1  # bad: keeps 1, wants 2\n"
    other_word, other_line = text.replace("1, wants 2", "2, wants 2"), text.replace("\nspec:", "\n# ok\nspec:")
    for wrong in (other_word, other_line, text.split("#")[0]):
        path = tmp_path / "case.yaml"
        path.write_text(wrong)
        (case,) = cases(path)
        surplus, missing = agree(said(check, case)[1], expectations(wrong))
        assert surplus or missing


def test_a_check_survives_any_type_anywhere():
    """Each node of a case file in turn becomes something else; no check may raise."""
    for check_id, check in REGISTRY.checks.items():
        for case in cases(FILES[check_id]):
            for broken in _mutations(case):
                asked, _ = said(check, broken)
                assert not asked.fault, f"{check_id}: {asked.fault}"


def _mutations(case: Case):
    from mutations import mutated

    return mutated(case)

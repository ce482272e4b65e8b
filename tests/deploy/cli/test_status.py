"""What `status` says of what the keeper answers: nobody who is needed is left unsaid."""

import json
from typing import Any

import msgspec
import pytest
from cli.samples import FROZEN, intent, record, target
from readiness_deploy.record import Record
from readiness_deploy.states import Phase

from readiness.cli.deploying import status

LOCK = {"by": "ada@host", "host": "host", "pid": 7, "run": "r1", "since": "10:00", "guard": False, "silent": 0.1}
SILENT = {**LOCK, "silent": 12.3}


def found(of: Record, **more: Any) -> dict[str, Any]:
    ready = {"release": "v1-111111111111", "standing": "ready"}
    return {"record": msgspec.to_builtins(of), "colours": {"blue": ready}, "guard": True, "lock": None, **more}


BOTH = {c: {"release": r, "standing": "ready"} for c, r in (("blue", "v1-111111111111"), ("green", "v2-222222222222"))}


ROWS = [
    ("serves", found(record()), 0, ""),
    ("first", found(record(selected=None)), 3, "deploy"),
    ("held", found(record(Phase.HELD, held="bad", intent=intent(), previous="green"), colours=BOTH), 6, "rollback"),
    (
        "held, the one before gone",
        found(record(Phase.HELD, held="bad", intent=intent(), previous="green")),
        6,
        "promote",
    ),
    ("held, nothing before", found(record(Phase.HELD, held="no data", intent=intent())), 6, "promote"),
    ("first, waiting", found(record(Phase.AWAITING, intent=intent(), selected=None)), 8, "promote"),
    ("first, left", found(record(Phase.PREPARING, intent=intent(), selected=None)), 6, "resume"),
    ("unwatched", found(record(Phase.BAKING, intent=intent()), guard=False), 6, "resume"),
    ("unwatched on the way back", found(record(Phase.RETURNING, intent=intent()), guard=False), 6, "resume"),
    ("watched", found(record(Phase.BAKING, intent=intent())), 0, ""),
    ("walked by a deployer", found(record(Phase.BAKING, intent=intent()), guard=False, lock=LOCK), 0, ""),
    ("silent", found(record(Phase.BAKING, intent=intent()), guard=False, lock=SILENT), 6, "resume"),
    ("slow before the switch", found(record(Phase.PREPARING, intent=intent()), lock=SILENT), 0, ""),
    ("left", found(record(Phase.PREPARING, intent=intent())), 6, "resume"),
    ("at work", found(record(Phase.PREPARING, intent=intent()), lock=LOCK), 0, ""),
    ("waiting", found(record(Phase.AWAITING, intent=intent(approval="required"))), 8, "promote"),
    ("in doubt", found(record(Phase.AWAITING, intent=intent(doubt="no data"))), 8, "promote"),
    ("dead", found(record(), colours={"blue": {"standing": "dead", "why": "exit 1"}}), 6, "rollback"),
]


@pytest.mark.parametrize(("seen", "code", "verb"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_the_exit_code_says_whether_somebody_is_needed_and_the_command_what_for(seen: Any, code: int, verb: str):
    told = status.judged(seen, target())
    assert told[0] == code
    assert told[2].startswith(f"readiness {verb} ") if verb else not told[2]
    if code:
        assert told[1]


def test_who_holds_the_lock_and_what_is_frozen_is_shown():
    seen = found(record(Phase.PREPARING, intent=intent(), freeze=FROZEN), lock=LOCK, keeper={"cut": 3, "restarts": 1})
    text = "\n".join(status._text(seen, target(), *status.judged(seen, target())))
    assert "ada@host (process 7), since 10:00" in text
    assert "audit (ada, since" in text
    assert "3 requests cut" in text


def test_the_object_for_programs_holds_no_settings_of_a_release():
    data = status.data(found(record(intent=intent())), target(), 0, "", "")
    assert "details" not in json.dumps(data)
    assert "SECRET" not in json.dumps(data)
    assert data["record"]["slots"]["blue"]["version"] == "v1"


@pytest.mark.parametrize(
    ("phase", "said"), [(Phase.BAKING, "take the new version back"), (Phase.RETURNING, "the way back")]
)
def test_unwatched_is_said_in_capitals_with_what_it_means(phase: Phase, said: str):
    seen = found(record(phase, intent=intent()), guard=False)
    text = "\n".join(status._text(seen, target(), *status.judged(seen, target())))
    assert "UNWATCHED" in text
    assert said in text


def test_who_holds_the_lock_and_does_nothing_is_named_with_the_command_that_takes_over():
    seen = found(record(Phase.BAKING, intent=intent()), guard=False, lock=SILENT)
    text = "\n".join(status._text(seen, target(), *status.judged(seen, target())))
    assert "UNWATCHED: ada@host (process 7 on host), not heard for 12 s, holds the lock" in text
    assert "ada@host (process 7), since 10:00, not heard for 12 s" in text
    assert "readiness resume --env local --take-over" in text
    assert status.data(seen, target(), 6, "", "")["watched"] is False

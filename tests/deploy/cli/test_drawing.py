"""The live picture: what it knows, and that it never is wider than the terminal or obeys what a service says."""

import io

import pytest
from rich.console import Console

from readiness.cli.deploying.drawing import draw, sparkline
from readiness.cli.deploying.picture import Picture

EVIL = "\x1b[2J\u202e##[error]" + "x" * 500


def drawn(picture: Picture, now: float, width: int, *, colours: bool = False) -> str:
    stream = io.StringIO()
    system = "standard" if colours else None
    Console(file=stream, width=width, force_terminal=True, color_system=system, markup=False).print(
        draw(picture, now, width)
    )
    return stream.getvalue()


def observation(phase: str, **more: object) -> dict[str, object]:
    return {
        "record": {"selected": "green", "phase": phase, "intent": {"bake": {"seconds": 60}}},
        "guard": True,
        "colours": {
            "blue": {"release": "v1-a", "standing": "ready"},
            "green": {"release": "v2-b", "standing": "ready", "in_flight": 4},
        },
        "traffic": {"blue": {"n": 0}, "green": {"n": 5000, "errors": 40, "no_answer": 10, "p95": 0.012, "window": 10}},
        **more,
    }


def walked(*deeds: tuple[str, str]) -> Picture:
    picture = Picture("shop · production: v2", 0)
    for number, (state, event) in enumerate(deeds, 1):
        picture.note("deed", {"state": state, "event": event, "why": ""}, float(number))
    return picture


def line_of(text: str, word: str) -> str:
    return next(line for line in text.splitlines() if word in line)


def test_a_step_that_ended_has_its_mark_and_time_and_the_next_one_runs():
    picture = walked(("planned", "ok"), ("announcing", "ok"), ("expanding", "ok"), ("proving", "ok"))
    text = drawn(picture, 10, 80)
    assert "✓ migrations" in text
    assert line_of(text, "migrations").rstrip().endswith("1.0 s")
    up = line_of(text, "candidate comes up")
    assert up.rstrip().endswith("6.0 s")
    assert not up.startswith(("✓", "✗", " "))
    assert line_of(text, "gates before").startswith("  ")


def test_a_step_that_failed_says_why():
    picture = walked(("planned", "ok"), ("announcing", "ok"))
    picture.note("deed", {"state": "expanding", "event": "failed", "why": "no such table"}, 3)
    line = line_of(drawn(picture, 4, 80), "migrations")
    assert line.startswith("✗")
    assert "no such table" in line


def test_a_reply_that_was_lost_ends_no_step():
    picture = walked(("planned", "ok"), ("announcing", "ok"))
    picture.note("deed", {"state": "expanding", "event": "lost", "why": "no answer"}, 3)
    assert picture.steps["expanding"].ended is None


def test_the_route_and_the_traffic_of_each_colour_are_the_keepers():
    picture = walked(("switching", "ok"))
    picture.seen(observation("converging"), 5)
    text = drawn(picture, 6, 80)
    route = line_of(text, "█")
    assert route.index("░") < route.index("█")
    assert "500.0/s" in text
    assert "1.0% err" in text
    assert "12 ms" in text
    assert "4 in flight" in text


def test_nothing_counted_is_not_no_errors():
    picture = walked()
    picture.seen(observation("stable"), 1)
    blue = line_of(drawn(picture, 2, 80), "v1-a")
    assert "– err" in blue
    assert "0.0% err" not in blue


def test_a_bake_that_nobody_watches_is_said():
    picture = walked()
    picture.seen(observation("baking", baked=20, guard=False), 5)
    assert "nobody watches" in drawn(picture, 6, 100)
    picture.seen(observation("baking", baked=21), 7)
    assert "nobody watches" not in drawn(picture, 8, 100)


def test_the_bar_of_a_bake_grows_to_its_end():
    picture = walked()
    done = []
    for baked in (0, 15, 45, 60):
        picture.seen(observation("baking", baked=baked), baked + 1)
        bar = line_of(drawn(picture, baked + 2, 100), "of 60 s")
        done.append((bar.count("━"), bar.count("┄")))
    cells = sum(done[0])
    assert cells > 8
    assert done == [
        (0, cells),
        *((round(cells * part), cells - round(cells * part)) for part in (0.25, 0.75)),
        (cells, 0),
    ]


def test_a_bake_that_is_left_for_the_way_back_failed():
    picture = walked()
    picture.seen(observation("baking", baked=20), 5)
    picture.seen(observation("returning"), 9)
    assert picture.steps["baking"].mark == "failed"
    picture.seen(observation("stable"), 11)
    assert picture.steps["returning"].mark == "ok"


@pytest.mark.parametrize("width", [40, 50, 64, 80, 200])
@pytest.mark.parametrize("colours", [True, False])
def test_no_line_is_wider_than_the_terminal_or_obeys_a_stranger(width: int, colours: bool):
    picture = Picture(EVIL, 0)
    picture.note("deed", {"state": "expanding", "event": "failed", "why": EVIL}, 1)
    picture.note("measured", {"gate": EVIL, "verdict": "fail", "value": 0.5, "threshold": EVIL, "n": 7, "why": EVIL}, 2)
    strange = observation("baking", baked=5)
    strange["colours"]["green"] |= {"release": EVIL, "standing": "dead", "why": EVIL, "restarts": 3}
    picture.seen(strange, 3)
    text = drawn(picture, 4, width, colours=colours)
    assert "\x1b[2J" not in text
    assert "\u202e" not in text
    if not colours:
        assert max(map(len, text.splitlines())) <= width


def test_gates_show_value_threshold_samples_and_how_they_went():
    picture = walked()
    for n, value in enumerate((0.0, 0.5, 1.0, None)):
        said = {"gate": "errors", "verdict": "pass", "value": value, "threshold": "<= 1", "n": 100 + n}
        picture.note("measured", said, 1)
    line = line_of(drawn(picture, 2, 80), "errors")
    assert "▁▅█·" in line
    assert "n=103" in line
    assert "– <= 1" in line


@pytest.mark.parametrize(
    ("values", "bars"), [([], ""), ([3.0], "▁"), ([1, 1, 1], "▁▁▁"), ([0, 7], "▁█"), ([None], "·")]
)
def test_a_sparkline_of_anything(values: list[float | None], bars: str):
    assert sparkline(values) == bars

"""Selectors and the index over labels, against trying every pair."""

from hypothesis import given
from hypothesis import strategies as st

from readiness.facts.objects import Resource
from readiness.facts.selectors import LabelIndex, Selector

KEYS, VALUES = st.sampled_from("abc"), st.sampled_from("xyz")
LABELS = st.dictionaries(KEYS, VALUES, max_size=3)
LINES = st.fixed_dictionaries(
    {
        "key": KEYS,
        "operator": st.sampled_from(["In", "NotIn", "Exists", "DoesNotExist"]),
        "values": st.lists(VALUES, max_size=2),
    }
)
SELECTORS = st.fixed_dictionaries({"matchLabels": LABELS, "matchExpressions": st.lists(LINES, max_size=2)})


def read(body: object) -> Selector | None:
    return Selector.read(Resource({"spec": body}).get("spec"))


def holds(line: dict, labels: dict) -> bool:
    """The meaning of an operator, written down a second time."""
    value = labels.get(line["key"])
    return {
        "In": value is not None and value in line["values"],
        "NotIn": value is None or value not in line["values"],
        "Exists": value is not None,
        "DoesNotExist": value is None,
    }[line["operator"]]


@given(SELECTORS, LABELS)
def test_every_line_must_hold(body: dict, labels: dict):
    selector = read(body)
    assert selector is not None
    wanted = body["matchLabels"].items() <= labels.items() and all(holds(x, labels) for x in body["matchExpressions"])
    assert selector.matches(labels) == wanted


@given(SELECTORS, st.lists(st.tuples(st.sampled_from(["n", "m"]), LABELS), max_size=6))
def test_the_index_finds_what_trying_each_finds(body: dict, things: list[tuple[str, dict]]):
    selector = read(body)
    assert selector is not None
    index = LabelIndex((namespace, labels, i) for i, (namespace, labels) in enumerate(things))
    wanted = [i for i, (namespace, labels) in enumerate(things) if namespace == "n" and selector.matches(labels)]
    assert list(index.select("n", selector)) == wanted


def test_none_selects_nothing_and_an_empty_one_everything():
    index = LabelIndex([("n", {"a": "x"}, 1), ("m", {}, 2)])
    assert list(index.select("n", read(None))) == []
    assert list(index.select("n", read({}))) == [1]


def test_an_unknown_operator_matches_nothing():
    selector = read({"matchExpressions": [{"key": "a", "operator": "Like", "values": ["x"]}]})
    assert selector is not None
    assert not selector.matches({"a": "x"})

import pytest

from readiness.facts.calico import compiled

LABELS = {"app": "web", "tier": "front", "app.kubernetes.io/name": "shop"}


@pytest.mark.parametrize(
    ("selector", "matches"),
    [
        ("", True),
        ("all()", True),
        ("global()", False),
        ("app == 'web'", True),
        ('app == "web"', True),
        ("app != 'web'", False),
        ("missing != 'web'", True),
        ("has(tier)", True),
        ("!has(tier)", False),
        ("app in {'web', 'api'}", True),
        ("app not in {'web', 'api'}", False),
        ("missing not in {'web'}", True),
        ("app == 'api' || tier == 'front'", True),
        ("app == 'web' && tier == 'back' || has(app)", True),
        ("app == 'web' && (tier == 'back' || tier == 'side')", False),
        ("!(app == 'web' && tier == 'front')", False),
        ("app.kubernetes.io/name == 'shop'", True),
        ("app contains 'e'", True),
        ("app starts with 'we'", True),
        ("app ends with 'we'", False),
    ],
)
def test_a_selector_matches_as_calico_matches(selector: str, matches: bool):
    test = compiled(selector)
    assert test is not None
    assert test(LABELS) is matches


@pytest.mark.parametrize(
    "text",
    [
        "app = 'web'",
        "app ==",
        "app == web",
        "(app == 'web'",
        "app == 'web')",
        "app in {}",
        "has(",
        "&&",
        "app ~ 'x'",
        "app not 'x'",
    ],
)
def test_what_is_no_selector_is_none(text: str):
    assert compiled(text) is None


def test_ten_thousand_brackets_do_not_recurse():
    assert compiled("(" * 10_000 + "all()" + ")" * 10_000) is None
    assert compiled("!" * 10_000 + "all()") is None

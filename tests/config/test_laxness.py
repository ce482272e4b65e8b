"""Production is never laxer than staging, and no file laxer than its policy; which is which, a setting itself says."""

import pytest

TWO = "environments:\n  staging: {%s}\n  production: {%s}\n"
ONE = "extends: policy.yaml\nenvironments:\n  staging: {%s}\n"


def setting(name: str, value: str) -> str:
    return f"checks: {{area/asked: {{{name}: {value}}}}}"


# name, a value, and one that asks for more
DIRECTIONS = [
    ("higher", "4", "5"),
    ("lower", "1.5", "0.25"),
    ("more", "[a]", "[a, b]"),
    ("fewer", "[a, b]", "[b]"),
    ("fewer", '["*"]', "[a, z]"),
    ("true", "false", "true"),
    ("false", "true", "false"),
    ("severity", "low", "critical"),
]


@pytest.mark.parametrize(("name", "lax", "strict"), DIRECTIONS)
def test_production_may_ask_for_more_than_staging_and_not_for_less(faults, name: str, lax: str, strict: str):
    assert faults(TWO % (setting(name, lax), setting(name, strict))) == []
    assert faults(TWO % (setting(name, strict), setting(name, strict))) == []
    (fault,) = faults(TWO % (setting(name, strict), setting(name, lax)))
    assert f"`production` may not be laxer than `staging`: checks.area/asked.{name} is " in fault
    assert fault.startswith("3:"), "the line of what is laxer"
    assert "readiness.yaml:2:" in fault, "the line of what it is compared with"


@pytest.mark.parametrize(("name", "lax", "strict"), DIRECTIONS)
def test_a_file_may_ask_for_more_than_its_policy_and_not_for_less(faults, name: str, lax: str, strict: str):
    def under(policy: str, own: str) -> list[str]:
        return faults(ONE % setting(name, own), policy=f"base: {{{setting(name, policy)}}}\n")

    assert under(lax, strict) == []
    (fault,) = under(strict, lax)
    assert "`staging` may not be laxer than the policy" in fault
    assert "policy.yaml:1:" in fault


def test_a_setting_without_a_direction_may_be_anything(faults):
    assert faults(TWO % (setting("free", "two"), setting("free", "one"))) == []


def test_lists_that_cannot_be_compared_are_laxer(faults):
    assert len(faults(TWO % (setting("more", "[a, b]"), setting("more", "[a, c]")))) == 1


def test_a_default_of_the_profile_is_compared_as_well(faults):
    # Production's own default is 3; staging that asks for 5 makes it laxer, though production says nothing.
    (fault,) = faults(TWO % (setting("higher", "5"), ""))
    assert "higher is 3 here and 5 there" in fault
    # Staging's default is 2; production that asks for 1 is laxer, though staging says nothing.
    (fault,) = faults(TWO % ("", setting("higher", "1")))
    assert "higher is 1 here and 2 there (by default)" in fault


@pytest.mark.parametrize(
    ("staging", "production", "what"),
    [
        ("bar: {score: 95}", "", "bar.score is 90 here and 95 there"),
        ("", "bar: {score: 50}", "bar.score is 50 here and 80 there"),
        ("", "bar: {covered: 79.5}", "bar.covered is 79.5 here and 80 there"),
        ("mandatory: [tools]", "", "mandatory is without tools here and with tools there"),
        ("", "checks: {area/asked: {skip: we have none of these}}", "checks.area/asked.skip is skipped here and asked"),
    ],
)
def test_bars_sources_and_skipped_checks(faults, staging: str, production: str, what: str):
    (fault,) = faults(TWO % (staging, production))
    assert what in fault


def test_what_is_skipped_in_staging_may_be_skipped_in_production(faults):
    skipped = "checks: {area/asked: {skip: we have none of these}}"
    assert faults(TWO % (skipped, skipped)) == []
    assert faults(TWO % (skipped, "")) == []


def test_services_and_environments_of_other_profiles_are_not_compared(faults):
    text = "services:\n  a: {environments: {staging: {bar: {score: 99}}}}\n  b: {environments: {production: {}}}\n"
    assert faults(text) == []
    assert faults("environments: {dev: {bar: {score: 99}}, production: {}}\n") == []


def test_every_production_is_compared_with_every_staging(faults):
    text = "environments: {staging: {}, uat: {bar: {score: 93}}, prod-eu: {}, prod-us: {bar: {score: 94}}}\n"
    (fault,) = faults(text)
    assert "`prod-eu` may not be laxer than `uat`" in fault


def test_a_policy_binds_with_what_it_says_and_with_nothing_else(faults):
    assert faults(ONE % "bar: {score: 1, covered: 1}", policy="base: {namespace: x}\n") == []
    skipped = ONE % 'checks: {area/asked: {skip: "not needed here at all"}}'
    assert faults(skipped, policy="base: {bar: {score: 1}}\n") == []
    assert len(faults(skipped, policy="base: {checks: {area/asked: {higher: 0}}}\n")) == 1


def test_a_policy_may_not_be_taken_away_with_null(faults):
    found = faults(ONE % "bar: {score: null}", policy="base: {bar: {score: 85}}\n")
    assert found
    assert "laxer than the policy" in found[0]


def test_a_policy_of_a_policy_binds_too(faults):
    found = faults(ONE % "bar: {score: 70}", policy="extends: top.yaml\nbase: {}\n", top="base: {bar: {score: 85}}\n")
    assert len(found) == 1
    assert "top.yaml:1:" in found[0]


def test_a_policy_between_may_not_be_laxer_than_the_one_above_it(faults):
    between = "extends: top.yaml\nbase: {bar: {score: 10}, checks: {area/asked: {higher: 0}}}\n"
    top = "base: {bar: {score: 85}, checks: {area/asked: {higher: 4}}}\n"
    found = faults(ONE % "", policy=between, top=top)
    assert [("bar.score is 10 here and 85" in f, "higher is 0 here and 4" in f) for f in found] == [
        (True, False),
        (False, True),
    ]
    assert all("policy.yaml:2:" in f and "top.yaml:1:" in f for f in found)


def test_a_profile_that_the_policy_gives_is_never_laxer(faults):
    policy = "environments: {eu: {profile: production}}\n"
    own = "extends: policy.yaml\nenvironments:\n  eu: {profile: %s}\n"
    assert faults(own % "production", policy=policy) == []
    assert "profile is development here and production there" in faults(own % "development", policy=policy)[0]


@pytest.mark.parametrize("name", ["production", "prod", "prod-eu1", "eu_prd"])
def test_what_is_called_production_is_production(faults, name: str):
    (fault,) = faults(f"environments:\n  {name}: {{profile: development}}\n")
    assert fault.startswith(f"2:{len(name) + 6}: `{name}` is production by its name, and its profile says development")


@pytest.mark.parametrize("name", ["prod-test", "production-like-staging", "live", "product"])
def test_a_name_that_says_more_than_production_may_be_something_else(faults, name: str):
    assert faults(f"environments:\n  {name}: {{profile: development}}\n") == []


def test_defaults_of_a_check_are_never_too_lax(faults):
    # The lists of the two profiles have nothing in common, and nobody wrote them into a file.
    assert faults(TWO % (setting("severity", "low"), "")) == []


def test_a_file_may_narrow_who_waives_and_not_widen_it(faults):
    policy = "waiver-owners: [security, platform]\n"
    own = "extends: policy.yaml\nwaiver-owners: [%s]\nenvironments: {staging: {}}\n"
    assert faults(own % "security", policy=policy) == []
    (fault,) = faults(own % "security, me", policy=policy)
    assert fault == "2:1: the policy lets security, platform waive (policy.yaml:1:1), and not me"
    assert faults(own % "me", policy="base: {}\n") == []


def test_a_file_may_adopt_newer_rules_than_its_policy_and_not_stay_behind(faults):
    own = "extends: policy.yaml\nrules: '%s'\nenvironments: {staging: {}}\n"
    assert faults(own % "2027.01", policy="rules: '2026.11'\n") == []
    (fault,) = faults(own % "2025.01", policy="rules: '2026.11'\n")
    assert fault == "2:1: the policy wants the rules of 2026.11 or newer (policy.yaml:1:1)"

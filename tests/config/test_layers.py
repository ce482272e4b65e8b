"""Policy, base, inheritance and environment lie on top of each other; the nearest word wins."""

import pytest
from config.checks import CHECKS

from readiness.config import load
from readiness.config.environment import BARS, profile_of
from readiness.config.faults import SettingsError
from readiness.model import Bar


def only(loaded):
    (environment,) = loaded.environments
    return environment


def test_the_nearest_layer_wins_and_the_others_show_through(loads):
    policy = "base: {namespace: policy, kubernetes: '1.30', bar: {score: 61, covered: 62}}\n"
    text = """
extends: policy.yaml
base: {namespace: base, kubernetes: "1.31", bar: {score: 71}}
environments:
  shared: {kubernetes: "1.32", namespace: shared}
  staging: {inherits: shared, namespace: own}
"""
    staging = next(e for e in loads(text, policy=policy).environments if e.name == "staging")
    assert (staging.namespace, staging.kubernetes, staging.bar) == ("own", "1.32", Bar(71, 62))


def test_mappings_are_joined_lists_are_replaced_and_null_takes_away(loads):
    text = """
base:
  sources:
    manifests: [a, b]
    tools: {helm: ">=3", kubectl: ">=1.28"}
    repository: .
environments:
  staging:
    sources: {manifests: c, tools: {helm: ">=4"}, repository: null}
"""
    sources = only(loads(text)).sources
    assert sources.manifests == ["c"]
    assert sources.tools == {"helm": ">=4", "kubectl": ">=1.28"}
    assert sources.repository is None


@pytest.mark.parametrize(
    ("said", "higher", "lower"),
    [
        ("{}", 2, 2.0),
        ("{profile: production}", 3, 2.0),
        ("{profile: development}", 1, 2.0),
        ("{profile: production, checks: {area/asked: {higher: 9}}}", 9, 2.0),
    ],
)
def test_a_settings_value_is_the_files_then_the_tiers_then_the_profiles(loads, said: str, higher: int, lower: float):
    environment = only(loads(f"environments: {{staging: {said}}}\n"))
    check = CHECKS["area/asked"]
    found = environment.settings_of(check)
    assert (found["higher"], found["lower"]) == (higher, lower)
    first = only(loads(f"tier: 1\nenvironments: {{staging: {said}}}\n"))
    assert first.settings_of(check)["lower"] == 0.5


def test_a_list_reaches_a_check_as_the_tuple_that_it_is_written_for(loads):
    environment = only(loads("environments: {staging: {checks: {area/asked: {more: [a, z]}}}}\n"))
    assert environment.settings_of(CHECKS["area/asked"])["more"] == ("a", "z")


def test_each_service_has_its_own_base_and_the_top_one_below_it(loads):
    text = """
owner: everybody
base: {namespace: top, kubernetes: "1.30"}
services:
  web: {owner: us, tier: 1, base: {namespace: web}, environments: {staging: {}}}
  api: {environments: {staging: {}, production: {}}}
"""
    found = {(e.service, e.name): e for e in loads(text).environments}
    web, api = found["web", "staging"], found["api", "staging"]
    assert (web.owner, web.tier, web.namespace, web.kubernetes) == ("us", 1, "web", "1.30")
    assert (api.owner, api.tier, api.namespace) == ("everybody", 2, "top")
    assert ("api", "production") in found


def test_a_tier_at_the_top_or_in_a_policy_is_for_every_service_that_says_none(loads):
    text = "%s\nservices: {web: {tier: 3, environments: {staging: {}}}, api: {environments: {staging: {}}}}\n"
    tiers = {e.service: e.tier for e in loads(text % "tier: 1").environments}
    assert tiers == {"web": 3, "api": 1}
    tiers = {e.service: e.tier for e in loads(text % "extends: policy.yaml", policy="tier: 1\n").environments}
    assert tiers == {"web": 3, "api": 1}


def test_what_no_service_would_hear_is_a_fault(faults):
    found = faults("services:\n  web: {}\nenvironments: {staging: {}}\n")
    assert found == [
        "3:1: `environments` beside `services` belong to no service: write them under one, or say it in `base`",
        "2:3: the service `web` has no environment, wants one to look at",
    ]


@pytest.mark.parametrize("kind", ["link", "folder"])
def test_settings_that_cannot_be_read_are_not_passed_over(tmp_path, kind: str):
    if kind == "link":
        (tmp_path / "readiness.yaml").symlink_to("nowhere.yaml")
    else:
        (tmp_path / "readiness.yaml").mkdir()
    path = load.find(tmp_path)
    assert path is not None
    with pytest.raises(SettingsError, match="cannot be read"):
        load.load(path, CHECKS, {})


def test_a_service_without_a_name_is_called_like_its_folder(loads, tmp_path):
    assert only(loads("environments: {staging: {}}\n")).service == tmp_path.name


@pytest.mark.parametrize(
    ("name", "profile"),
    [
        ("production", "production"), ("prod-eu", "production"), ("eu-prd", "production"), ("live", "production"),
        ("staging", "staging"), ("stg_2", "staging"), ("preprod", "staging"), ("uat", "staging"),
        ("dev", "development"), ("local", "development"), ("preview-12", "development"), ("ci", "development"),
        ("staging-for-production", "staging"), ("blue", "staging"),
        # Whole words, or else the name of a place makes an environment laxer.
        ("qatar-production", "production"), ("devon", "staging"), ("city", "staging"), ("eu.prod", "production"),
        ("prodeu", "production"), ("test2", "development"), ("liverpool", "staging"), ("product", "production"),
    ],
)  # fmt: skip
def test_the_name_suggests_the_profile(name: str, profile: str):
    assert profile_of(name) == profile


def test_the_profile_brings_the_bar_and_what_is_mandatory(loads):
    text = "environments: {production: {}, staging: {}, dev: {mandatory: [cluster]}}\n"
    production, staging, dev = loads(text).environments
    assert (production.bar, staging.bar, dev.bar) == (BARS["production"], BARS["staging"], BARS["development"])
    assert production.missing == ("manifests", "repository")
    assert staging.missing == ()
    assert dev.missing == ("cluster",)


def test_waivers_are_for_the_environment_that_they_name(loads):
    waiver = "{{check: area/asked, subject: x, reason: long enough, owner: us, expires: '2027-01-01', environment: {}}}"
    text = f"waivers: [{waiver.format('staging')}]\nwaiver-files: more.yaml\nwaiver-owners: [us]\n"
    text += "environments: {staging: {}, production: {}}\n"
    more = f"waivers: [{waiver.format(chr(34) + '*' + chr(34))}]\n"
    found = {e.name: e for e in loads(text, more=more).environments}
    assert [w.environment for w in found["staging"].waivers] == ["staging", "*"]
    assert [(w.environment, w.span.line) for w in found["production"].waivers] == [("*", 1)]
    assert found["production"].waiver_owners == ("us",)


WAIVER = (
    "{{check: {check}, subject: x, reason: long enough, owner: us, expires: '2027-01-01', environment: {environment}}}"
)


@pytest.mark.parametrize(
    ("check", "environment", "said"),
    [
        ("'*'", "staging", "a waiver is for one check, found `*`"),
        ("area/*", "staging", "a waiver is for one check, found `area/*`"),
        ("area/aksed", "staging", "there is no such check; did you mean `area/asked`?"),
        ("area/asked", "stagign", "there is no such environment; did you mean `staging`?"),
    ],
)
def test_a_waiver_that_waives_anything_or_nothing(faults, check: str, environment: str, said: str):
    written = f"waivers:\n- {WAIVER.format(check=check, environment=environment)}\n"
    (fault,) = faults(written + "environments: {staging: {}}\n")
    assert fault.startswith("2:3: ")
    assert said in fault


def test_a_policy_may_waive_for_environments_that_are_elsewhere(faults):
    policy = f"waivers: [{WAIVER.format(check='area/asked', environment='blue')}]\n"
    assert faults("extends: policy.yaml\nenvironments: {staging: {}}\n", policy=policy) == []


def test_a_policys_owners_and_rules_hold_for_everybody_below(loads):
    policy = "rules: '2026.11'\nwaiver-owners: [security]\n"
    environment = only(loads("extends: policy.yaml\nenvironments: {staging: {}}\n", policy=policy))
    assert (environment.rules, environment.waiver_owners) == ("2026.11", ("security",))


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ("${NAME}", "shop"), ("a-${NAME}-b", "a-shop-b"), ("${NOT_SET:-other}", "other"), ("${NOT_SET:-}", "default"),
        ("$${NAME}", "${NAME}"), ("${DIGITS}", "12"), ("$NAME", "$NAME"), ("${EMPTY:-x}", "x"), ("${EMPTY}", "default"),
    ],
)  # fmt: skip
def test_variables(loads, written: str, wanted: str):
    variables = {"NAME": "shop", "DIGITS": "12", "EMPTY": ""}
    environment = only(loads(f"environments: {{staging: {{namespace: '{written}'}}}}\n", variables))
    assert environment.namespace == wanted


def test_a_variable_becomes_the_number_that_is_wanted(loads):
    text = "environments: {staging: {bar: {score: '${BAR}'}, checks: {area/asked: {higher: '${MANY:-7}'}}}}\n"
    environment = only(loads(text, {"BAR": "91.5"}))
    assert environment.bar.score == 91.5
    assert environment.settings_of(CHECKS["area/asked"])["higher"] == 7


def test_a_value_of_a_variable_is_data_and_asks_for_no_other_variable(loads):
    text = "environments: {staging: {namespace: '${NAME}'}}\n"
    assert only(loads(text, {"NAME": "${SECRET}", "SECRET": "s3cret"})).namespace == "${SECRET}"


@pytest.mark.parametrize(
    ("service", "environment", "said"),
    [
        ("", "stagin", "did you mean `staging`?"),
        ("", "xyz", "it has dev, staging"),
        ("wbe", "", "did you mean `web`?"),
        ("web", "dev", "it has staging"),
    ],
)
def test_a_name_that_is_not_there(loads, service: str, environment: str, said: str):
    loaded = loads("services: {web: {environments: {staging: {}}}, api: {environments: {dev: {}}}}\n")
    with pytest.raises(SettingsError, match=r"readiness\.yaml has no") as caught:
        load.choose(loaded, service, environment)
    assert str(caught.value).endswith(said)

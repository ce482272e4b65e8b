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


def test_a_service_without_a_name_is_called_like_its_folder(loads, tmp_path):
    assert only(loads("environments: {staging: {}}\n")).service == tmp_path.name


@pytest.mark.parametrize(
    ("name", "profile"),
    [
        ("production", "production"), ("prod-eu", "production"), ("eu-prd", "production"), ("live", "production"),
        ("staging", "staging"), ("stg_2", "staging"), ("preprod", "staging"), ("uat", "staging"),
        ("dev", "development"), ("local", "development"), ("preview-12", "development"), ("ci", "development"),
        ("staging-for-production", "staging"), ("blue", "staging"),
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

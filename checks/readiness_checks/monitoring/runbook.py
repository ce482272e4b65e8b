from typing import Annotated

from readiness import Finding, Findings, Rendered, Severity, check
from readiness.facts.monitoring import PrometheusRules, Rule, RuleFiles, alerts
from readiness.facts.repository import FileKind
from readiness.facts.runbooks import Runbooks, Target
from readiness.facts.settings import ServiceSettings


@check(Severity.MEDIUM)
def runbook(
    objects: Rendered[PrometheusRules] | None,
    files: RuleFiles | None,
    runbooks: Runbooks,
    settings: ServiceSettings | None,
    *,
    repository: Annotated[str, "address of this repository, such as git.example.com/shop/payments"] = "",
) -> Findings:
    """Every runbook that an alert names in this repository exists, with the section it names.

    Why: whoever is woken follows the link first; one that leads nowhere costs the minutes that count most.
    Fix: write the section, or correct the address in `runbook_url`.
    Peers: pint rule/link (by HTTP).
    Source: Google, "Site Reliability Engineering", practising: https://sre.google/sre-book/being-on-call/
    """
    found = [(rule, t) for rule in alerts(objects, files) if (t := runbooks.target(_address(rule))) is not None]
    # An address is this repository's where a settings file says so, the service is named like it, or others lead here.
    ours = {"", repository.partition("://")[2] or repository}
    ours |= {t.repository for _, t in found if t.file is not None and "/" in t.path and t.anchored}
    for rule, target in found:
        named = settings is not None and target.repository.rpartition("/")[2] == settings.name
        if target.repository in ours or named:
            yield _judge(rule, target)


def _address(rule: Rule) -> str:
    return rule.annotations.get("runbook_url") or rule.annotations.get("runbook") or ""


def _judge(rule: Rule, target: Target) -> Finding:
    if target.file is None:
        fault = f"its runbook {target.path} is not in the repository"
    elif target.blank:
        fault = f"its runbook {target.path} is empty"
    elif not target.anchored:
        fault = f"its runbook {target.path} has no heading #{target.anchor}"
    else:
        fault = ""
    return rule.at("annotations", "runbook_url").expect(
        not fault, f"{rule.title}: {fault or 'its runbook exists'}", absence=(FileKind.OTHER.value,) if fault else ()
    )

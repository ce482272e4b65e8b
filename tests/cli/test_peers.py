"""The names that other tools give a rule are read out of a sentence, and nothing else is."""

from dataclasses import replace

import pytest

from readiness.cli import peers
from readiness.engine.registry import installed

CHECK = next(iter(installed().checks.values()))


def named(text: str) -> list[tuple[str, str]]:
    return list(peers.names(replace(CHECK, page=replace(CHECK.page, peers=text))))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("none.", []),
        ("none (Mercari's checklist asks for it).", []),
        ("kube-score pod-probes, Polaris readinessProbeMissing.", [
            ("kube-score", "pod-probes"), ("Polaris", "readinessProbeMissing")]),
        ("Checkov CKV_K8S_152, CKV_K8S_153 and CKV2_K8S_6.", [
            ("Checkov", "CKV_K8S_152"), ("Checkov", "CKV_K8S_153"), ("Checkov", "CKV2_K8S_6")]),
        ("Popeye POP-8 to POP-11,\nTrivy KSV-0015.", [
            ("Popeye", "POP-8"), ("Popeye", "POP-9"), ("Popeye", "POP-10"), ("Popeye", "POP-11"),
            ("Trivy", "KSV-0015")]),
        ("CIS 5.1.9 to 5.1.11.", [("CIS", "5.1.9"), ("CIS", "5.1.10"), ("CIS", "5.1.11")]),
        ("kube-linter required-label (custom), Polaris (custom check).", [("kube-linter", "required-label")]),
        ("Checkov CKV_K8S_11 (all want one); KRR advises against it.", [("Checkov", "CKV_K8S_11")]),
        ("Checkov CKV_K8S_11; for read-only mounts.", [("Checkov", "CKV_K8S_11")]),
        ("OpenSSF Scorecard Dangerous-Workflow, OSSF Scorecard SAST.", [
            ("OpenSSF Scorecard", "Dangerous-Workflow"), ("OpenSSF Scorecard", "SAST")]),
        ("Trivy (secret scan), kube-linter dangling role bindings.", []),
    ],
)  # fmt: skip
def test_names(text: str, wanted: list[tuple[str, str]]):
    assert named(text) == wanted

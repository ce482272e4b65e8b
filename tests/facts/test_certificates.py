import pytest

from readiness.facts.certificates import DAY, Certificate, duration
from readiness.facts.ingress import host_matches
from readiness.facts.objects import Resource


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2160h", 90 * DAY),
        ("1h30m", 5400),
        ("1.5h", 5400),
        ("500ms", 0.5),
        ("0s", 0),
        ("90d", None),
        ("12", None),
        ("", None),
        (None, None),
        ("1h ", None),
    ],
)
def test_a_duration_is_read_as_go_reads_it(text, seconds):
    assert duration(text) == seconds


@pytest.mark.parametrize(
    ("spec", "days"),
    [
        ({}, 30),
        ({"duration": "240h"}, 10 / 3),
        ({"renewBefore": "48h"}, 2),
        ({"renewBeforePercentage": 50}, 45),
        ({"duration": "nonsense"}, 30),
    ],
)
def test_a_certificate_is_renewed_when_cert_manager_renews_it(spec, days):
    certificate = Certificate(Resource({"kind": "Certificate", "spec": spec}))
    assert certificate.renewed_before == pytest.approx(days * DAY)


@pytest.mark.parametrize(
    ("pattern", "host", "covered"),
    [
        ("a.example.com", "A.example.com", True),
        ("*.example.com", "a.example.com", True),
        ("*.example.com", "a.b.example.com", False),
        ("*.example.com", "example.com", False),
        ("*.example.com", "*.example.com", True),
        ("a.example.com", "*.example.com", False),
        ("a.example.com", "", False),
    ],
)
def test_a_wildcard_stands_for_one_label(pattern, host, covered):
    assert host_matches(pattern, host) is covered

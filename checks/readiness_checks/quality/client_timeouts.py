from readiness import Findings, Severity, check
from readiness.facts.pythoncode import Call, PythonCode

_VERBS = ("get", "post", "put", "patch", "delete", "head", "options", "request")
# Functions that wait for ever unless they are told otherwise, and the position at which they take a timeout.
_ENDLESS = {
    **{f"requests.{verb}": 99 for verb in _VERBS},
    "urllib.request.urlopen": 3,
    "socket.create_connection": 2,
    "smtplib.SMTP": 99,
    "smtplib.SMTP_SSL": 99,
    "ftplib.FTP": 99,
    "http.client.HTTPConnection": 99,
    "http.client.HTTPSConnection": 99,
}
# Functions that have a timeout until somebody takes it away.
_BOUNDED = (*(f"httpx.{verb}" for verb in _VERBS), "httpx.Client", "httpx.AsyncClient")


@check(Severity.MEDIUM)
def client_timeouts(python: PythonCode) -> Findings:
    """Every call over the network gives up after a while.

    Why: when the other side hangs, a call without a timeout holds its thread for ever; soon all threads are held.
    Fix: pass `timeout=` with the time that the caller can afford, such as `requests.get(url, timeout=(3.05, 10))`.
    Peers: ruff S113, Bandit B113 (for requests).
    Source: Requests, "Timeouts": https://requests.readthedocs.io/en/latest/user/advanced/#timeouts
    """
    for call in python.calls(*_ENDLESS, *_BOUNDED):
        bounded = _is_bounded(call)
        said = "has a timeout" if bounded else "has no timeout"
        yield call.file.at(call.name, call.line).expect(bounded, f"{call.name} {said}, wants one")


def _is_bounded(call: Call) -> bool:
    if "timeout" in call.options:
        return call.options["timeout"] is not None
    return call.spread or call.name in _BOUNDED or call.positional >= _ENDLESS[call.name]

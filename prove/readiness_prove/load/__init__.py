"""An open-model load generator for HTTP/1.1 on this machine, and the witness for "no request was lost".

Arrivals follow a schedule that is fixed before the first one and never wait for an answer. Each request carries an id
of its own and is accounted for exactly once: answered, lost (and how), or not sent (and why). Nothing is tried again.

    result = Load(Plan(parse_target("http://127.0.0.1:8080/"), rate=500, seconds=10)).run()
    result.testimony    # none lost, lost, or unknown: a generator that was too slow saw nothing
"""

from readiness_prove.load.histogram import Histogram
from readiness_prove.load.kinds import BadPlan, Lost, NotSent, Witnessed
from readiness_prove.load.plan import Arrivals, Plan
from readiness_prove.load.request import Request
from readiness_prove.load.requests_file import read_requests
from readiness_prove.load.result import Connections, Loss, Mark, Release, Result, Second
from readiness_prove.load.run import Live, Load
from readiness_prove.load.target import Target, parse_target

__all__ = [
    "Arrivals",
    "BadPlan",
    "Connections",
    "Histogram",
    "Live",
    "Load",
    "Loss",
    "Lost",
    "Mark",
    "NotSent",
    "Plan",
    "Release",
    "Request",
    "Result",
    "Second",
    "Target",
    "Witnessed",
    "parse_target",
    "read_requests",
]

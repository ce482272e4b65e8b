from datetime import timedelta
from typing import Annotated

from readiness import Findings, Severity, Stricter, check
from readiness.facts.settings import Now
from readiness.facts.supported import RuntimePins


@check(Severity.HIGH)
def runtime_supported(
    pins: RuntimePins,
    now: Now,
    *,
    days: Annotated[int, "days of support that are left at least", Stricter.HIGHER] = 0,
) -> Findings:
    """Every pinned language runtime still gets security fixes.

    Why: faults in a runtime without support are published and never mended.
    Fix: move to a version that its maker supports, in the version file and in the image.
    Peers: none.
    Source: the makers' calendars, such as https://devguide.python.org/versions/ and https://github.com/nodejs/release#release-schedule
    """
    for pin in pins:
        if pin.ends is None:
            continue
        left = (pin.ends - now.utc.date()).days
        said = f"{pin.runtime} {pin.text} is supported until {pin.ends}"
        near = Severity.MEDIUM if left >= 0 else None
        yield pin.place.expect(
            timedelta(days=left) >= timedelta(days=days), f"{said}, wants a later version", severity=near, left=left
        )

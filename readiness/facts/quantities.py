"""Kubernetes quantities (`100m`, `1.5Gi`, `2e3`) and int-or-percent values, rounded as Kubernetes rounds them."""

from __future__ import annotations

import math
import re
from decimal import Decimal

_QUANTITY = re.compile(
    r"([+-]?(?:[0-9]{1,40}(?:\.[0-9]{0,40})?|\.[0-9]{1,40}))(?:([eE][+-]?[0-9]{1,3})|([numkMGTPE]|[KMGTPE]i))?\Z"
)
_SUFFIX = {
    "n": Decimal("1e-9"),
    "u": Decimal("1e-6"),
    "m": Decimal("1e-3"),
    "k": Decimal(10**3),
    "M": Decimal(10**6),
    "G": Decimal(10**9),
    "T": Decimal(10**12),
    "P": Decimal(10**15),
    "E": Decimal(10**18),
    "Ki": Decimal(2**10),
    "Mi": Decimal(2**20),
    "Gi": Decimal(2**30),
    "Ti": Decimal(2**40),
    "Pi": Decimal(2**50),
    "Ei": Decimal(2**60),
}
_PERCENT = re.compile(r"([0-9]{1,9})%\Z")
_CACHE: dict[str, Decimal | None] = {}


def quantity(value: object) -> Decimal | None:
    """The amount `value` stands for, in cores, bytes or pieces; None where it is not a quantity.

    The grammar is that of `k8s.io/apimachinery/pkg/api/resource`: decimal and binary suffixes, or an exponent.
    """
    if isinstance(value, bool) or value is None:
        return None
    text = str(value).strip() if isinstance(value, int | float) else value if isinstance(value, str) else ""
    if text not in _CACHE:
        if len(_CACHE) > 10_000:
            _CACHE.clear()
        _CACHE[text] = _parse(text)
    return _CACHE[text]


def _parse(text: str) -> Decimal | None:
    match = _QUANTITY.match(text)
    if not match:
        return None
    number, exponent, suffix = match.groups()
    amount = Decimal(number)
    if exponent:
        return amount.scaleb(int(exponent[1:]))
    return amount * _SUFFIX[suffix] if suffix else amount


def scaled(value: object, total: int, *, round_up: bool) -> int | None:
    """An int-or-percent field against `total`, as intstr.GetScaledValueFromIntOrPercent; None where it is neither.

    PodDisruptionBudgets round both of their fields up; a Deployment rounds maxSurge up and maxUnavailable down.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    match = _PERCENT.match(value) if isinstance(value, str) else None
    if not match:
        return None
    exact = int(match[1]) * total
    return math.ceil(exact / 100) if round_up else exact // 100


def written(amount: Decimal, resource: str) -> str:
    """`amount` of `resource` as a person writes it: `250m`, `1.5`, `512Mi`; odd numbers of bytes by three digits."""
    if resource.rpartition(".")[2] not in {"memory", "ephemeral-storage", "storage"}:
        return f"{(amount * 1000).normalize():f}m" if 0 < amount < 1 else f"{amount.normalize():f}"
    for suffix in ("Ti", "Gi", "Mi", "Ki"):
        if amount >= _SUFFIX[suffix]:
            exact = amount / _SUFFIX[suffix]
            return f"{exact:f}{suffix}" if exact == int(exact) else f"{exact:.3g}{suffix}"
    return f"{amount.normalize():f}"

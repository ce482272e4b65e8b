"""Durations in buckets that grow with them: exact below 256 µs, within 0.8 % above, and as mergeable as counts are."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

_LINEAR_BITS = 8  # this many bits of a value are kept
_HALF = 1 << (_LINEAR_BITS - 1)


class Histogram:
    """Counts of durations. Given and told in seconds, kept in whole microseconds; what is negative counts as none."""

    __slots__ = ("_buckets", "count", "largest", "smallest", "total")

    def __init__(self) -> None:
        self._buckets: dict[int, int] = {}
        self.count = 0
        self.total = 0.0
        self.smallest = math.inf
        self.largest = 0.0

    def add(self, seconds: float) -> None:
        """Count one duration."""
        seconds = max(seconds, 0.0)
        micros = int(seconds * 1e6)
        shift = max(micros.bit_length() - _LINEAR_BITS, 0)
        bucket = shift * _HALF + (micros >> shift)
        self._buckets[bucket] = self._buckets.get(bucket, 0) + 1
        self.count += 1
        self.total += seconds
        self.smallest = min(self.smallest, seconds)
        self.largest = max(self.largest, seconds)

    def merge(self, other: Histogram) -> None:
        """Take in all that `other` counted, as if it had been counted here."""
        for bucket, count in other._buckets.items():
            self._buckets[bucket] = self._buckets.get(bucket, 0) + count
        self.count += other.count
        self.total += other.total
        self.smallest = min(self.smallest, other.smallest)
        self.largest = max(self.largest, other.largest)

    def percentile(self, percent: float) -> float | None:
        """The duration that `percent` of 100 do not exceed, rounded up to the end of its bucket; None without any."""
        if not self.count:
            return None
        wanted = max(math.ceil(self.count * percent / 100), 1)
        for bucket in sorted(self._buckets):
            wanted -= self._buckets[bucket]
            if wanted <= 0:
                return min(_end(bucket) / 1e6, self.largest)
        raise AssertionError("the counts of the buckets add up to the count")

    def to_json(self) -> dict[str, Any]:
        """Seconds, and the buckets from which `from_json` makes the same histogram again."""
        numbers = {f"p{percent:g}": self.percentile(percent) for percent in (50, 90, 95, 99, 99.9)}
        return {
            "count": self.count,
            "min": self.smallest if self.count else None,
            "mean": self.total / self.count if self.count else None,
            **numbers,
            "max": self.largest if self.count else None,
            "total": self.total,
            "buckets": {str(bucket): self._buckets[bucket] for bucket in sorted(self._buckets)},
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Histogram:
        """The histogram that `to_json` wrote."""
        made = cls()
        made._buckets = {int(bucket): int(count) for bucket, count in value["buckets"].items()}
        made.count = sum(made._buckets.values())
        if made.count:
            made.total, made.smallest, made.largest = value["total"], value["min"], value["max"]
        return made


def _end(bucket: int) -> int:
    """The first microsecond after a bucket."""
    shift = max(bucket // _HALF - 1, 0)
    return (bucket - shift * _HALF + 1) << shift

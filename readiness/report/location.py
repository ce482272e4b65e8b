"""Where a finding stands, as other programs want to be told: paths from the root of the repository, encoded as URIs."""

from __future__ import annotations

import posixpath
from urllib.parse import quote

from readiness.engine.assess import Assessment
from readiness.model import Span

_LONGEST = 4_096  # no system opens a longer path


def in_repository(assessment: Assessment, path: str) -> str:
    """The path from the root of the repository that holds the settings; as it is where that is not known.

    Empty for what is no file: standard input.
    """
    if path in ("", "-", "<stdin>"):
        return ""
    path = path[:_LONGEST]
    folder = str(assessment.about.get("folder", ""))[:_LONGEST]
    return posixpath.normpath(path if posixpath.isabs(path) else posixpath.join(folder, path))


def uri(path: str) -> str:
    """The path as a URI, percent-encoded: a relative one stays relative, an absolute one becomes `file:`."""
    encoded = quote(path.encode("utf-8", "surrogatepass"), safe="/")
    return f"file://{encoded}" if path.startswith("/") else encoded


def line(span: Span | None) -> int | None:
    """The line in the file; None where the line is one of rendered output, which no editor can open."""
    return None if span is None or span.rendered else span.line

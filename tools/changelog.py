"""Gathers the sentences in ``changelog.d`` into CHANGELOG.md.

A fragment is a file ``changelog.d/NAME.KIND.md``: NAME is free (small letters, digits, hyphens), KIND is one of
``KINDS``, and the content is one sentence or a few that a user of the program understands. Each change brings its own
file, so that two changes never meet in the same line.

    python tools/changelog.py check              say which fragments are wrong (exit 1), or how many there are
    python tools/changelog.py release VERSION    move them into CHANGELOG.md under VERSION and today's date
"""

from __future__ import annotations

import argparse
import datetime
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = "changelog.d"
KINDS = {"added": "Added", "changed": "Changed", "fixed": "Fixed", "removed": "Removed", "security": "Security"}
NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
VERSION = re.compile(r"\d+\.\d+\.\d+((a|b|rc)\d+)?")
MARK = "<!-- releases -->"


class ChangelogError(Exception):
    """Something that a person has to mend; the text says where and how."""


@dataclass(frozen=True, slots=True)
class Fragment:
    path: Path
    kind: str
    text: str


def read(root: Path) -> list[Fragment]:
    """The fragments, by name. Raises ``ChangelogError`` with one line per file that is no fragment."""
    fragments, faults = [], []
    for path in sorted((root / FOLDER).iterdir()):
        if path.name == "README.md":
            continue
        fault = _fault(path)
        if fault:
            faults.append(f"{FOLDER}/{path.name}: {fault}")
        else:
            fragments.append(Fragment(path, path.name.split(".")[1], " ".join(path.read_text("utf-8").split())))
    if faults:
        raise ChangelogError("\n".join(faults))
    return fragments


def _fault(path: Path) -> str | None:
    parts = path.name.split(".")
    if len(parts) != 3 or parts[2] != "md" or not NAME.fullmatch(parts[0]):
        return "wanted a name like pdb-percentages.fixed.md"
    if parts[1] not in KINDS:
        return f"{parts[1]!r} is no kind of change; wanted one of {', '.join(KINDS)}"
    text = path.read_text("utf-8").strip()
    if not text:
        return "is empty; wanted a sentence for users"
    if text.startswith(("#", "-", "*")):
        return "wanted plain sentences, without a heading or list mark: the release adds those"
    if not text.endswith((".", "!", "?")):
        return "wanted a whole sentence, with a full stop at its end"
    return None


def section(version: str, date: datetime.date, fragments: Sequence[Fragment]) -> str:
    """The Markdown of one release: a heading, then a list for each kind that occurs, in the order of ``KINDS``."""
    lines = [f"## {version} ({date.isoformat()})", ""]
    for kind, title in KINDS.items():
        texts = [fragment.text for fragment in fragments if fragment.kind == kind]
        if texts:
            lines += [f"### {title}", "", *(f"- {text}" for text in texts), ""]
    return "\n".join(lines)


def release(root: Path, version: str, date: datetime.date) -> int:
    """Write the release at the top of CHANGELOG.md, take the fragments away, and return how many there were.

    The file is written before the first fragment goes, so that an interrupted run loses no sentence.
    """
    if not VERSION.fullmatch(version):
        raise ChangelogError(f"wanted a version like 1.2.3 or 1.2.3rc1, found {version!r}")
    fragments = read(root)
    if not fragments:
        raise ChangelogError(f"{FOLDER} holds no fragment: there is nothing to release")
    path = root / "CHANGELOG.md"
    before = path.read_text("utf-8")
    if before.count(MARK) != 1:
        raise ChangelogError(f"CHANGELOG.md: wanted the line {MARK} once, found it {before.count(MARK)} times")
    if f"\n## {version} (" in before:
        raise ChangelogError(f"CHANGELOG.md: version {version} is there already")
    path.write_text(before.replace(MARK, f"{MARK}\n\n{section(version, date, fragments)}".rstrip()), "utf-8")
    for fragment in fragments:
        fragment.path.unlink()
    return len(fragments)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="changelog.py", description="Gathers changelog.d into CHANGELOG.md.")
    parser.add_argument("--root", type=Path, default=ROOT, help="the repository; default: the one this file is in")
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("check", help="say which fragments are wrong")
    verbs.add_parser("release", help="move the fragments into CHANGELOG.md").add_argument("version")
    options = parser.parse_args(arguments)
    try:
        if options.verb == "check":
            print(f"changelog: {len(read(options.root))} fragments, all of them whole sentences")
        else:
            today = datetime.datetime.now(datetime.UTC).date()
            print(f"changelog: {release(options.root, options.version, today)} fragments moved into CHANGELOG.md")
    except (ChangelogError, OSError, UnicodeDecodeError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Whatever stands in the input, a report stays a report: valid, escaped, bounded, and no command to anything."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema_rs
import pytest
from markdown_it import MarkdownIt

from readiness.engine.assess import Assessment
from readiness.report import FORMATS, Style, render
from readiness.report.json_report import schema

EVIL = {
    "terminal sequences": "\x1b]0;owned\x07\x1b[2J\x1b[1;1HREADY",
    "carriage return": "fine\rREADY",
    "line ends": "one\ntwo\r\n::error::three\x0b\x0c\x85four",
    "separators": "a\u2028b\u2029c",
    "reordering": "\u202egnp.exe\u2066\u200b\u2069",
    "script": "</script><img src=x onerror=alert(1)><script>alert(1)</script>",
    "end of style": "</style></title></svg><iframe src=//evil.example>",
    "attribute": '" onmouseover="alert(1)" x=\'',
    "workflow command": "::error file=a,line=1::stolen",
    "indented workflow command": "   ::add-mask::x",
    "old workflow command": "##[add-mask]x ##vso[task.complete result=Succeeded]x ##teamcity[status='SUCCESS']",
    "escapes of commands": "%0A::error::x%0D%25",
    "markdown": "[click](javascript:alert(1)) ![x](http://evil.org/x.png) <b> | a | `b` ``c @team #1 www.evil.org",
    "markdown blocks": "# title\n- item\n\n```\ncode\n1. one\n> quote\n<details>\n|a|\n|-|",
    "reference": "https://evil.example/x https://evil.example <https://evil.example> [a]: http://evil.example",
    "end of data": "]]><evil/><!-- -- --> <?xml?> &lt; &#0; &evil;",
    "nothing": "a\x00b",
    "surrogates": "a\udc80\ud800b",
    "eight bit controls": "\x9b31m\x9d0;x\x9c",
    "noncharacters": "\ufffe\uffff\U000e0041\U0001f600",
    "templates": "{{ 7 * 191 }}{% raw %}{0} {{1}} ${{ secrets.X }} %s",
    "path": "../../etc/passwd",
    "absolute path": "/etc/a b?c#d%20:e",
    "drive": "C:\\windows\\system32:1",
    "standard input": "-",
    "empty": "",
    "blank": " \t ",
    "long": "x" * 2**20,
    "long lines": "y\n" * 2**18,
    "long markup": "`<[" * 2**18,
}
CONTROLS = re.compile(
    r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff\U000e0000-\U000e0fff]"
)
OLD_COMMAND = re.compile(r"##\w*\[")
DATA = Path(__file__).parent / "data"


@pytest.fixture(scope="module", params=EVIL, ids=str)
def hostile(request, speaking) -> Any:
    return speaking(EVIL[request.param])


@pytest.fixture(scope="module")
def sarif_schema() -> jsonschema_rs.Draft4Validator:
    return jsonschema_rs.Draft4Validator(
        json.loads((DATA / "sarif-schema-2.1.0.json").read_text()), validate_formats=True
    )


@pytest.mark.parametrize("name", FORMATS)
def test_no_format_lets_a_control_or_a_command_through(hostile, name):
    text = render(name, [hostile, hostile], Style(width=80, verbose=True))
    text.encode()
    assert not CONTROLS.search(text)
    assert not OLD_COMMAND.search(text)
    assert text.endswith("\n")
    assert len(text) < 1_000_000


def test_a_coloured_terminal_gets_colours_and_nothing_else(hostile):
    text = render("terminal", [hostile], Style(width=80, colour=True, verbose=True))
    assert not CONTROLS.search(re.sub(r"\x1b\[[0-9;]*m", "", text))


@pytest.mark.parametrize("width", [1, 40, 47, 80, 200])
def test_no_line_of_a_terminal_is_a_workflow_command(hostile, width):
    lines = render("terminal", [hostile], Style(width=width, verbose=True)).split("\n")
    assert not [line for line in lines if line.strip().startswith("::error") or line.strip().startswith("::add-mask")]
    assert max(map(len, lines)) <= max(40, width) + 4  # an escaped command may stand over


def test_json_is_valid(hostile):
    report = json.loads(render("json", [hostile]), parse_constant=pytest.fail)
    assert jsonschema_rs.Draft202012Validator(json.loads(schema())).is_valid(report)
    assert report["runs"][0]["counts"]["waived"] == 1


def test_json_keeps_the_value(speaking):
    evil = EVIL["reordering"] + EVIL["terminal sequences"] + EVIL["old workflow command"] + EVIL["noncharacters"]
    run = json.loads(render("json", [speaking(evil)]))["runs"][0]
    assert run["service"] == evil
    assert run["outcomes"][0]["findings"][0]["message"] == evil


def test_sarif_is_valid(hostile, sarif_schema):
    log = json.loads(render("sarif", [hostile, hostile]), parse_constant=pytest.fail)
    assert [f"{e.instance_path}: {e.message[:200]}" for e in sarif_schema.iter_errors(log)] == []
    for run in log["runs"]:
        for result in run["results"]:
            text = result["message"]["text"]
            assert not re.search(r"(?<!\\)\[[^\]]*(?<!\\)\]\(", text)
            assert not re.search(r"(?<!\{)\{\d+\}(?!\})", text)
            assert re.fullmatch(
                r"[A-Za-z0-9._~%/:-]+", result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
            )


def test_junit_is_xml_without_strangers(hostile):
    tree = ET.fromstring(render("junit", [hostile]))  # noqa: S314 (our own)
    known = "testsuites testsuite properties property testcase failure error skipped system-out".split()
    assert {element.tag for element in tree.iter()} <= set(known)
    suite = tree[0]
    for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        assert int(suite.get(attribute, "")) == len(suite.findall(f"testcase/{tag}"))
    assert int(suite.get("tests", "")) == len(suite.findall("testcase"))


def test_markdown_has_no_link_no_markup_and_no_mention(hostile):
    text = render("markdown", [hostile])
    assert len(text.encode()) <= 65_536
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    inline = [child for token in tokens for child in token.children or []]
    kinds = {token.type for token in [*tokens, *inline]}
    assert not kinds & {"link_open", "image", "fence", "code_block", "hr", "blockquote_open", "ordered_list_open"}
    html = "".join(token.content for token in [*tokens, *inline] if token.type in ("html_block", "html_inline"))
    assert set(re.findall(r"</?(\w+)", html)) <= {"details", "summary"}
    assert "on" not in re.findall(r"<\w+\s+(\w\w)", html)
    plain = "".join(child.content for child in inline if child.type == "text")
    assert not re.search(r"@\w|https?://|www\.(?=\w)|(?<!&)#\d", plain)


class Page(HTMLParser):
    """The tags, attributes and texts that a browser would see."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str, str]] = []
        self.texts: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes.extend((tag, name, value or "") for name, value in attrs)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_html_has_our_tags_only(hostile, shop):
    page = Page(render("html", [hostile, hostile]))
    ours = Page(render("html", [shop(), shop(live=True, fails=True)]))
    assert page.tags - ours.tags <= {"code", "details", "summary", "small"}
    names = {name for _, name, _ in page.attributes}
    assert not {name for name in names if name.startswith("on")} | names & {"style", "src", "action", "srcset"}
    links = [value for _, name, value in page.attributes if name in ("href", "xlink:href")]
    assert all(re.fullmatch(r"#run-\d+|data:image/svg\+xml,[A-Za-z0-9%._/-]+", link) for link in links)
    assert "1337" not in "".join(page.texts)


def test_github_says_our_commands_only(hostile):
    lines = render("github", [hostile]).split("\n")[:-1]
    said = [line.strip() for line in lines if line.strip().startswith("::")]
    known = re.compile(
        r"::(error|warning|notice) ((file|line|title)=[^:,\r\n]*,?)+::.*|::group::[^:]*: GitHub.*|::endgroup::"
    )
    assert [line for line in said if not known.fullmatch(line)] == []
    assert lines[-1].startswith("::error title=readiness%3A NOT READY::")
    assert sum("title=readiness%3A" in line for line in lines) == 1


def crowded(assessment: Assessment, count: int) -> Assessment:
    """The assessment with one finding that stands there `count` times."""
    outcomes = (replace(o, judged=o.judged * count) if o.check.id == "images/tag" else o for o in assessment.outcomes)
    return replace(assessment, outcomes=tuple(outcomes))


@pytest.mark.parametrize("name", FORMATS)
def test_a_million_findings_and_the_report_stays_small_and_says_so(shop, name):
    text = render(name, [crowded(shop(), 1_000_000)], Style(verbose=True))
    assert len(text) < 100 * 2**20
    if name == "json":
        assert json.loads(text)["truncated"]["findings"] > 0
    else:
        assert "truncated" in text


@pytest.mark.parametrize("name", FORMATS)
def test_the_worst_findings_are_kept(shop, name):
    """A critical finding whose check comes late is told before a crowd of lesser ones, of which not all are told."""
    text = render(name, [crowded(shop(), 100_000 if name == "json" else 30_000)])
    assert "container web runs privileged" in text


@pytest.mark.parametrize("runs", [1, 2, 20, 300])
def test_a_crowd_of_runs_still_fits_into_a_comment(shop, calm, runs):
    many = "---\n".join(calm.replace("name: web, n", f"name: {'w' * 60}{n}, n").replace("3", "1") for n in range(300))
    text = render("markdown", [shop(text=many)] * runs)
    assert len(text.encode()) <= 65_536
    assert "truncated" in text

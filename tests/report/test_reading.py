"""Reports for people: terminal, markdown and the page."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace

import pytest
from markdown_it import MarkdownIt

from readiness.model import Answer, Bar, Score
from readiness.report import Style, render
from readiness.report.text import plain, whole


def terminal(*assessments, width: int = 80, verbose: bool = False, colour: bool = False) -> str:
    return render("terminal", assessments, Style(width, colour, verbose))


def scored(assessment, value: float):
    answer = Answer(assessment.answer.verdict, Score(value, value, value), Bar(80, 80), assessment.answer.reasons)
    return replace(assessment, answer=answer)


def test_the_verdict_comes_first(shop):
    lines = terminal(shop()).split("\n")
    assert lines[0] == "shop · staging: NOT READY"
    assert lines[1].startswith("  score 0 (bar 80), covered 100 % (bar 80), 0 waived, ")
    assert lines[2] == "  because 1 critical finding"


def test_a_finding_says_what_where_and_how_to_mend_it(shop):
    text = terminal(shop())
    assert "  high     availability/replicas  Deployment shop/web\n           deploy/web.yaml:5:3\n" in text
    assert "\n           keeps 1, wants 2\n           fix: set `spec.replicas`" in text


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_lines_keep_to_the_width_and_to_their_indent(shop, gap, waiver, width):
    lines = terminal(shop(gaps=[gap], fails=True, waivers=[waiver]), width=width, verbose=True).split("\n")
    assert max(map(len, lines)) <= width
    titles = (
        "shop",
        "Findings",
        "Waived",
        "Unknown",
        "Gaps",
        "Skipped",
        "Passed",
        "Not ",
        "Read",
        "Kinds",
        "Ignored",
        "Notes",
    )
    assert [line for line in lines if line and not line.startswith(("  ", *titles))] == [] or width == 40


def test_colours_are_only_where_they_are_wanted(shop):
    assert "\x1b" not in terminal(shop())
    assert "\x1b[1;31mNOT READY" in terminal(shop(), colour=True)


def test_what_could_not_be_known_is_told(shop, gap):
    text = terminal(shop(gaps=[gap], fails=True))
    assert "broken/check: the check itself failed: RuntimeError: boom" in text
    assert "deploy/b r.yaml:7:3: mapping values are not allowed here (mend it)" in text
    assert "Not examined (1)\n  deploy/b r.yaml: no YAML" in text
    assert "Gizmo (1)" in text


def test_long_lists_are_cut_and_said_so(shop, calm):
    many = "---\n".join(
        calm.replace("name: web, namespace", f"name: web{n}, namespace").replace("replicas: 3", "replicas: 1")
        for n in range(15)
    )
    short, long = terminal(shop(text=many)), terminal(shop(text=many), verbose=True)
    assert "Findings, worst first (12 of 15)" in short
    assert "… and 3 more: --verbose shows them" in short
    assert "(15 of 15)" in long


def test_several_runs_end_in_their_verdicts(shop, calm):
    text = terminal(shop(), shop(text=calm, environment="production"))
    assert text.endswith("Verdicts\n  NOT READY           shop · staging\n  READY               shop · production\n")


@pytest.mark.parametrize("name", ["terminal", "markdown", "html", "github"])
def test_a_score_just_below_the_bar_never_reads_as_the_bar(shop, name):
    text = render(name, [scored(shop(), 79.996)])
    assert "79" in text
    assert not re.search(r"score \**80|>80</text>", text)


@pytest.mark.parametrize(("value", "shown"), [(79.999, "79"), (80.0, "80"), (99.99999999999, "100"), (0.4, "0")])
def test_whole(value, shown):
    assert whole(value) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b[2Jb", "a\\x1b[2Jb"),
        ("a\nb\tc\rd", "a\\nb\\tc\\rd"),
        ("\u202egnp", "\\u202egnp"),
        ("\U000e0041", "\\U000e0041"),
        ("##[error]x", "\\x23#[error]x"),
        ("::error::x", "\\x3a:error::x"),
        ("::1 is an address, std::io a path", "::1 is an address, std::io a path"),
        ("grüße 日本 😀", "grüße 日本 😀"),
    ],
)
def test_plain_writes_out_what_acts_and_leaves_what_reads(text, shown):
    assert plain(text) == shown


def test_markdown_puts_the_verdict_first_and_counts_by_area(shop):
    lines = render("markdown", [shop()]).split("\n")
    assert lines[0] == "## ❌ NOT READY: shop · staging"
    assert "| availability | 0 | 2 |  |  |" in lines
    assert "- 🟠 **high** `availability/replicas` Deployment shop/web: keeps 1, wants 2 `deploy/web.yaml:5:3`" in lines


def test_markdown_is_what_a_renderer_makes_of_it(shop, gap, waiver):
    text = render("markdown", [shop(gaps=[gap], waivers=[waiver], fails=True), shop()])
    html = MarkdownIt("commonmark").enable("table").render(text)
    assert html.count("<table>") == 3
    assert html.count("<details>") == html.count("</details>") == text.count("<details>")
    assert "<code>spec.replicas</code>" in html
    assert "\\" not in re.sub(r"<code>.*?</code>", "", html)


def test_the_page_asks_for_nothing(shop):
    page = render("html", [shop()])
    assert "default-src 'none'" in page
    assert "<script" not in page
    assert not re.search(r"""(?:src|href|action)=["'](?!data:image/svg|#)""", page)
    assert "url(" not in page
    assert "@import" not in page


def test_the_page_tells_all_of_a_run(shop, gap, waiver):
    page = render("html", [shop(gaps=[gap], fails=True, waivers=[waiver])])
    told = ["NOT READY", "keeps 1, wants 2", "deploy/web.yaml:5:3", "replicas: 1", "Set <code>spec.replicas</code>"]
    told += ["mapping values are not allowed here", "broken/check", "boom", waiver.reason, "quality/formatter"]
    told += ["Gizmo", "storage/claim-sharing", "team-shop", "a note", "notes.txt"]
    for part in told:
        assert part in page, part


@pytest.mark.needs("chromium")
def test_a_browser_obeys_the_page_and_finds_nothing_to_refuse(shop, speaking, tmp_path):
    """The style sheet is let in by its hash, nothing is fetched, and text that would be a script stays text."""
    evil = "</script></style><img src=x onerror=document.title='owned'><svg onload=document.title='owned'>"
    (tmp_path / "page.html").write_text(render("html", [shop(), speaking(evil)]), encoding="utf-8")
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    done = subprocess.run(
        [browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync", "--enable-logging=stderr",
         f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", (tmp_path / "page.html").as_uri()],
        capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == 0
    assert "<title>NOT READY: shop" in done.stdout
    said = [line for line in done.stderr.splitlines() if "CONSOLE" in line or "Content Security Policy" in line]
    assert said == []
    assert "<img" not in done.stdout

"""What `--version` may name. A name that means nothing is a mistake in the call, and nothing is begun for it."""

from __future__ import annotations

import resource
import subprocess

import pytest
from cli.shop import Shop

GIT = ["git", "-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "init.defaultBranch=main"]


def git(shop: Shop, *words: str) -> None:
    subprocess.run([*GIT, *words], cwd=shop.folder, check=True, capture_output=True)


def committed(shop: Shop, *tags: str) -> None:
    git(shop, "init", "-q")
    git(shop, "add", "-A")
    git(shop, "commit", "-q", "-m", "one")
    for tag in tags:
        git(shop, "tag", tag)


@pytest.mark.parametrize(
    ("version", "said"),
    [
        ("nope", "found none called nope; what there is: v1, v2\n"),
        ("v11", "found none called v11; did you mean `v1`?\n"),
        ("./nope", "found none called ./nope; what there is: v1, v2\n"),
        ("/nowhere/v1", "wanted a folder or an archive in "),
        ("~no-such-user/v1", "found none called ~no-such-user/v1"),
        ("v" * 5000, "vvv…; what there is: v1, v2\n"),
        ("v1\x1b[31m", r"v1\x1b[31m"),
    ],
)
def test_a_version_that_is_not_there_is_a_mistake_in_the_call(shop: Shop, version: str, said: str):
    done = shop.deploy(version)
    assert done.code == 2, done.out
    assert said in done.err
    assert "\x1b" not in done.err
    assert not done.out
    assert not shop.state.exists()


def test_a_source_without_any_version_says_so(shop: Shop):
    (shop.folder / "versions").rename(shop.folder / "elsewhere")
    (shop.folder / "versions").mkdir()
    assert "no version is there yet" in shop.deploy("v1").err


def test_a_version_that_the_settings_name_is_a_mistake_in_the_settings(shop: Shop):
    shop.settings(**{"source: versions": "source: versions, version: v9"})
    done = shop.run("deploy", "--plan")
    assert done.code == 2
    assert "`deploy.release.version`" in done.err
    assert shop.run("deploy", "--plan", "--version", "v1").code == 0


def test_refs_of_a_repository_are_among_the_names(shop: Shop):
    committed(shop, "release-7", "v2")
    near = shop.deploy("release-8")
    assert near.code == 2
    assert "wanted a git ref, a folder or an archive in" in near.err
    assert "did you mean `release-7`?" in near.err
    far = shop.deploy("nope")
    assert "main" in far.err
    assert "release-7" in far.err
    both = shop.deploy("v2")
    assert both.code == 2
    assert "write ./v2 for the path" in both.err
    assert shop.run("deploy", "--plan", "--version", "./v2").code == 0


def test_migrations_of_a_version_that_is_not_there_are_a_mistake_too(shop: Shop):
    shop.settings(more="      migrations: {database: 'sqlite:///shop.db', sql: sql}")
    done = shop.run("migrate", "--yes", "--version", "nope")
    assert done.code == 2
    assert "what there is: v1, v2" in done.err


def test_a_version_that_is_there_and_cannot_be_made_is_an_abort(shop: Shop):
    (shop.folder / "versions" / "empty").mkdir()
    (shop.folder / "versions" / "broken.tar.gz").write_bytes(b"\x1f\x8bxxxx")
    (shop.folder / "versions" / "notes.tar").write_text("no archive")
    for version in ("empty", "broken.tar.gz", "notes.tar"):
        done = shop.deploy(version)
        assert (done.code, done.end["outcome"]) == (4, "aborted"), done.err
        assert version in done.end["why"] or "holds no file" in done.end["why"]


def test_a_copy_that_the_disk_does_not_take_is_an_abort_and_no_fault_of_ours(shop: Shop):
    shop.version("v3", page="x" * 200_000)
    committed(shop, "large")

    def small() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    running = shop.begin("deploy", "--version", "large", "--yes", "--format", "json", preexec_fn=small)
    done = shop.end(running)
    assert (done.code, done.end["outcome"]) == (4, "aborted"), done.out
    assert "File too large" in done.end["why"]

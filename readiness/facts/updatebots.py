"""Bots that propose updates: what Dependabot and Renovate are told to watch."""

from __future__ import annotations

from collections.abc import Iterator

from readiness.facts.objects import Node
from readiness.facts.paths import is_foreign, is_test
from readiness.facts.repository import File, FileKind, Repository
from readiness.facts.texts import root

# Dependabot's names for ecosystems, and the files that show that a repository uses them.
_SHOWN = {
    "pip": ("requirements*.txt", "requirements*.in", "pyproject.toml", "Pipfile", "setup.py"),
    "npm": ("package.json",),
    "gomod": ("go.mod",),
    "cargo": ("Cargo.toml",),
    "maven": ("pom.xml",),
    "gradle": ("build.gradle", "build.gradle.kts"),
    "bundler": ("Gemfile",),
    "composer": ("composer.json",),
    "nuget": ("*.csproj", "packages.config"),
    "mix": ("mix.exs",),
    "terraform": ("*.tf",),
    "docker": ("Dockerfile", "Dockerfile.*", "*.Dockerfile", "Containerfile"),
}
# Other names under which Dependabot watches the same files.
_SAME = {"uv": "pip", "docker-compose": "docker-compose", "bun": "npm", "opentofu": "terraform"}
_DEPENDABOT = (".github/dependabot.yml", ".github/dependabot.yaml")
_RENOVATE = ("renovate.json", "renovate.json5", ".renovaterc", ".renovaterc.json", ".renovaterc.json5",
             ".github/renovate.json", ".github/renovate.json5", ".gitlab/renovate.json")  # fmt: skip


class UpdateBots:
    """What a repository uses, and what its update bot watches. Renovate watches everything that it knows by default."""

    kinds = frozenset({FileKind.TOOLING.value})

    def __init__(self, repository: Repository) -> None:
        self.repository = repository
        self.dependabot = next((f for p in _DEPENDABOT if (f := repository.get(p)) is not None), None)
        self.renovate = next((f for p in _RENOVATE if (f := repository.get(p)) is not None), None)

    def used(self) -> dict[str, File]:
        """The ecosystems that the repository uses, with a file that shows it."""
        found: dict[str, File] = {}
        for ecosystem, names in _SHOWN.items():
            for file in self.repository.named(*names):
                if not is_foreign(file.path) and not is_test(file.path):
                    found.setdefault(ecosystem, file)
        workflow = next(self.repository.glob(".github/workflows/*.yml", ".github/workflows/*.yaml"), None)
        return found | ({"github-actions": workflow} if workflow else {})

    def rules(self) -> Iterator[tuple[str, Node]]:
        """Each rule of Dependabot with the ecosystem it watches."""
        for document in self.repository.documents([self.dependabot] if self.dependabot else []):
            for node in root(document).each("updates"):
                name = node.text("package-ecosystem") or ""
                yield _SAME.get(name, name), node

    def switched_off(self) -> frozenset[str]:
        """The managers that Renovate leaves alone, by Dependabot names; everything where it is switched off."""
        off: set[str] = set()
        for document in self.repository.documents([self.renovate] if self.renovate else []):
            node = root(document)
            if node.boolean("enabled") is False:
                return frozenset({*_SHOWN, "github-actions"})
            off.update(name for name, manager in _MANAGERS.items() if node.boolean(manager, "enabled") is False)
            only = {m for m in node.sequence("enabledManagers") if isinstance(m, str)}
            if only:
                off.update(name for name, manager in _MANAGERS.items() if manager not in only and name not in _FOLLOWED)
        return frozenset(off)


_MANAGERS = {
    "npm": "npm", "gomod": "gomod", "cargo": "cargo", "maven": "maven", "gradle": "gradle", "bundler": "bundler",
    "composer": "composer", "nuget": "nuget", "mix": "mix", "terraform": "terraform", "docker": "dockerfile",
    "github-actions": "github-actions",
}  # fmt: skip
# Renovate has several managers for these: which one reads which file is not told apart here.
_FOLLOWED = frozenset({"pip"})

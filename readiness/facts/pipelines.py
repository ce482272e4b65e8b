"""What pipelines do: run tests, deploy, look afterwards, take back: judged by commands and actions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from readiness.facts.commandlines import CommandLine, command_lines
from readiness.facts.repository import Repository
from readiness.facts.shell import SHELLS
from readiness.facts.workflows import Job, Step, Workflow, Workflows

_RUNS_FILE = SHELLS | {"source", "."}


def _starts(listed: str) -> tuple[tuple[str, ...], ...]:
    """Commands by how they begin, written with commas between them."""
    return tuple(tuple(command.split()) for command in listed.split(","))


def _names(listed: str) -> frozenset[str]:
    return frozenset(listed.split(", "))


_TEST_STARTS = _starts(
    "pytest, py.test, tox, nox, unittest, go test, gotestsum, ginkgo, cargo test, cargo nextest, npm test, npm t, "
    "yarn test, pnpm test, bun test, deno test, jest, vitest, mocha, cypress, playwright test, dotnet test, "
    "phpunit, rspec, rake test, rake spec, rails test, ctest, bazel test, mix test, sbt test, swift test, bats, "
    "helm unittest, flutter test, dart test, stack test, cabal test, lein test, zig test"
)
_TASKS = _names(
    "ant, bun, composer, dagger, earthly, gradle, gradlew, hatch, invoke, just, make, mvn, mvnw, npm, pdm, pnpm, "
    "poe, rake, task, yarn"
)
_TEST_TASKS = _names("build, check, ci, coverage, install, package, spec, test, tests, unit, verify")
_PREFIXES = _names(
    "-m, bundle, bunx, coverage, exec, hatch, npx, pdm, pipenv, pipx, pnpm, poetry, python, python3, run, rye, "
    "uv, uvx, yarn"
)
_DEPLOY_STARTS = _starts(
    "kubectl apply, kubectl create, kubectl replace, kubectl patch, kubectl set, oc apply, helm upgrade, helm "
    "install, helmfile apply, helmfile sync, argocd app sync, flux reconcile, skaffold run, skaffold deploy, werf "
    "converge, aws ecs update-service, aws ecs deploy, gcloud run deploy, gcloud app deploy, az webapp deploy, az "
    "containerapp update, docker stack deploy, fly deploy, flyctl deploy, serverless deploy, sls deploy, cdk "
    "deploy, sam deploy, terraform apply, tofu apply, pulumi up, ansible-playbook, kapp deploy, readiness deploy, "
    "nomad job run, cf push, heroku container:release"
)
_DEPLOY_ACTIONS = _names(
    "azure/k8s-deploy, azure/webapps-deploy, aws-actions/amazon-ecs-deploy-task-definition, "
    "google-github-actions/deploy-cloudrun, google-github-actions/deploy-appengine, superfly/flyctl-actions, "
    "akhileshns/heroku-deploy"
)
_TRIAL_STARTS = _starts("kind create, k3d cluster create, minikube start, k3s, ctlptl create")
_TRIAL_ACTIONS = _names(
    "abdgrossmann/setup-k3d, absaoss/k3d-action, debianmaster/actions-k3s, engineerd/setup-kind, "
    "helm/kind-action, medyagh/setup-minikube, nolar/setup-k3d-k3s"
)
_VERIFY_STARTS = _starts(
    "kubectl rollout status, oc rollout status, kubectl wait, helm test, argocd app wait, aws ecs wait, curl, wget, "
    "http, https, k6 run, newman run, grpcurl, readiness check, flux get, flux reconcile, kapp deploy, readiness "
    "deploy, kubectl argo rollouts status, skaffold verify"
)
_BACK_STARTS = _starts(
    "kubectl rollout undo, oc rollout undo, helm rollback, argocd app rollback, kubectl argo rollouts undo, "
    "readiness rollback, readiness deploy"
)
_BACK_WORDS = ("rollback", "roll-back", "roll_back", "rollout undo", "revert release")
_DEPLOY_WAITS = frozenset({"aws-actions/amazon-ecs-deploy-task-definition", "azure/k8s-deploy"})
_DEPTH = 2


@dataclass(frozen=True, slots=True)
class Deploy:
    """A job that brings something to an environment, with the first command or action that shows it."""

    workflow: Workflow
    job: Job
    step: Step
    said: str


class Pipelines:
    """The pipelines of a repository by what they do."""

    def __init__(self, workflows: Workflows) -> None:
        self.workflows = workflows
        self._repository: Repository = workflows.repository
        self._deploys: tuple[Deploy, ...] | None = None

    def commands(self, step: Step) -> Iterator[CommandLine]:
        """The commands of a step, and those of the scripts in this repository that it calls."""
        yield from self._followed(step.commands(), _DEPTH)

    def _followed(self, lines: Iterable[CommandLine], depth: int) -> Iterator[CommandLine]:
        for line in lines:
            yield line
            script = self._script(line) if depth else ""
            if script:
                yield from self._followed(command_lines(script), depth - 1)

    def _script(self, line: CommandLine) -> str:
        plain = line.plain
        path = plain[1] if plain[0] in _RUNS_FILE and len(plain) > 1 else plain[0] if plain else ""
        path = path.removeprefix("./")
        file = self._repository.get(path) or self._repository.get(path.removeprefix("${GITHUB_WORKSPACE}/"))
        shell = file is not None and (file.name.endswith((".sh", ".bash")) or "sh" in file.text[:64].partition("\n")[0])
        return file.text if file is not None and shell else ""

    def tests(self, job: Job) -> bool:
        """Whether a job runs tests, by a command, or by the name that it or a step carries."""
        if any(_means_test(t) for t in (job.id, job.name, job.action.name.rpartition("/")[2] if job.action else "")):
            return True
        for step in self.workflows.steps(job):
            if _means_test(step.name) or any(is_test(line) for line in self.commands(step)):
                return True
        return False

    @property
    def deploys(self) -> tuple[Deploy, ...]:
        """Every job that deploys. A job that makes a cluster of its own tries something out and deploys nothing."""
        if self._deploys is None:
            found = (self._deploy(w, j) for w in self.workflows for j in w.jobs)
            self._deploys = tuple(d for d in found if d is not None)
        return self._deploys

    def _deploy(self, workflow: Workflow, job: Job) -> Deploy | None:
        first: Deploy | None = None
        for step in job.steps:
            used = step.action.name if step.action else ""
            if used in _TRIAL_ACTIONS:
                return None
            if first is None and used in _DEPLOY_ACTIONS:
                first = Deploy(workflow, job, step, used)
            for line in self.commands(step):
                if _one_of(line, _TRIAL_STARTS):
                    return None
                if first is None and _deploys(line):
                    first = Deploy(workflow, job, step, " ".join(line.plain[:3]))
        return first

    def verifies(self, deploy: Deploy) -> bool:
        """Whether the job, or one that waits for it, looks at what it deployed: what comes before does not count."""
        steps = deploy.job.steps
        place = next(i for i, step in enumerate(steps) if step.node.route == deploy.step.node.route)
        later = [
            *steps[place + 1 :],
            *(s for j in deploy.workflow.following(deploy.job) for s in self.workflows.steps(j)),
        ]
        lines = list(self.commands(deploy.step))
        first = next((i for i, line in enumerate(lines) if _deploys(line)), 0)
        if deploy.step.action_name in _DEPLOY_WAITS or any(_looks(line) for line in lines[first:]):
            return True
        return any(
            _mentions(step.name, ("verify", "smoke", "health", "post-deploy")) or any(map(_looks, self.commands(step)))
            for step in later
        )

    def takes_back(self) -> str:
        """The workflow in which a release can be taken back, or empty."""
        for workflow in self.workflows:
            if _mentions(workflow.path + " " + (workflow.node.text("name") or ""), _BACK_WORDS):
                return workflow.path
            for job in workflow.jobs:
                if _mentions(f"{job.id} {job.name}", _BACK_WORDS) or any(map(self._takes_back, job.steps)):
                    return workflow.path
        return ""

    def _takes_back(self, step: Step) -> bool:
        if _mentions(step.name, _BACK_WORDS):
            return True
        return any(
            _one_of(line, _BACK_STARTS)
            or (line.program == "helm" and line.has("--atomic", "--rollback-on-failure"))
            or _mentions(" ".join(line.words[:2]), _BACK_WORDS)
            for line in self.commands(step)
        )


def is_test(line: CommandLine) -> bool:
    """Whether a command runs tests."""
    words = [w.rpartition("/")[2] for w in line.words]
    while len(words) > 1 and words[0] in _PREFIXES and tuple(words[:2]) not in _TEST_STARTS:
        words = words[1:]
    plain = tuple(w for w in words if not w.startswith("-"))
    if any(plain[: len(start)] == start for start in _TEST_STARTS):
        return True
    if plain and plain[0] in _TASKS:
        compiles = plain[0] in {"mvn", "mvnw", "gradle", "gradlew"}  # their build runs the tests
        names = {part for word in plain[1:] for part in word.replace("_", "-").replace(":", "-").split("-")}
        wanted = _TEST_TASKS if compiles else _TEST_TASKS - {"build", "install", "package"}
        return not names.isdisjoint(wanted)
    return bool(plain) and _means_test(plain[0].partition(".")[0])


def is_dry(line: CommandLine) -> bool:
    """Whether a command only says what it would do."""
    dry = [w.partition("=")[2] or "client" for w in line.words if w.partition("=")[0] == "--dry-run"]
    return bool(dry and dry[0] != "none") or line.has("--check", "--diff-only")


def _deploys(line: CommandLine) -> bool:
    return _one_of(line, _DEPLOY_STARTS) and not is_dry(line)


def _looks(line: CommandLine) -> bool:
    if _one_of(line, _VERIFY_STARTS) or (line.program == "helm" and line.has("--wait", "--atomic")):
        return True
    return _mentions(line.program, ("smoke", "verify", "healthcheck"))


def _one_of(line: CommandLine, starts: tuple[tuple[str, ...], ...]) -> bool:
    return any(line.starts(*start) for start in starts)


def _mentions(text: str, words: tuple[str, ...]) -> bool:
    lower = text.lower()
    return any(word in lower for word in words)


def _means_test(text: str) -> bool:
    parts = text.lower().replace("_", " ").replace("-", " ").replace("/", " ").replace(",", " ").split()
    return not {"test", "tests", "testing", "unittest", "pytest", "e2e"}.isdisjoint(parts)

from readiness import Findings, Severity, check
from readiness.facts.dockerfiles import Dockerfiles
from readiness.facts.shell import Command


@check(Severity.MEDIUM)
def dockerfile_locked_install(dockerfiles: Dockerfiles) -> Findings:
    """Dependencies are installed as the lock file says, or not at all.

    Why: `npm install` and its like resolve anew where manifest and lock disagree: what was tested is not what is
    shipped.
    Fix: use `npm ci`, `yarn install --immutable`, `pnpm install --frozen-lockfile`, `uv sync --locked`, `bundle
    install` with `BUNDLE_FROZEN=true`, `cargo build --locked`.
    Peers: Scorecard Pinned-Dependencies.
    Source: npm, "npm ci": https://docs.npmjs.com/cli/commands/npm-ci
    """
    for stage, run in dockerfiles.runs():
        for command in run.commands:
            wanted = _wanted(command)
            if wanted:
                locked = any(word.partition("=")[0] in wanted for word in command.arguments)
                told = f"{command.name} may change what is locked, wants {' or '.join(wanted[:2])}"
                yield stage.at_command(run, command).expect(locked, told)


def _wanted(command: Command) -> tuple[str, ...]:
    """The words one of which makes the command keep to the lock; none where it installs no locked dependencies."""
    plain = [word for word in command.arguments if not word.startswith("-")]
    if any(option in command.arguments for option in ("-g", "--global", "--version")):
        return ()
    match command.name, plain[:1], len(plain):
        case "npm", ["ci" | "clean-install"], _:
            return ("ci", "clean-install")
        case "npm", ["install" | "i"], 1:
            return ("ci", "clean-install")
        case "yarn", ([] | ["install"]), 0 | 1:
            return ("--immutable", "--frozen-lockfile")
        case "pnpm", ["install" | "i"], 1:
            return ("--frozen-lockfile", "--offline")
        case "uv", ["sync"], 1:
            return ("--locked", "--frozen")
        case "pipenv", ["install" | "sync"], 1:
            return ("sync", "--deploy")
        case "cargo", ["build" | "install"], _ if len(plain) == 1 or "--path" in command.arguments:
            return ("--locked", "--frozen")
    return ()

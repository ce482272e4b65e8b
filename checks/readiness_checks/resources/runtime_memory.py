from readiness import Findings, Severity, check
from readiness.facts.runtimes import memory_settings, runtime
from readiness.facts.workloads import Workloads


@check(Severity.LOW)
def runtime_memory(workloads: Workloads) -> Findings:
    """A runtime that manages its own memory knows the container's limit.

    Why: Java and Node.js size their heap by themselves; where that does not fit the limit, the container is killed at
    its peak although the heap could have been collected.
    Fix: for Java set `-XX:MaxRAMPercentage` (75 or less) or `-Xmx` in JAVA_TOOL_OPTIONS; for Node.js set
    `--max-old-space-size` in NODE_OPTIONS, to three quarters of the limit.
    Peers: none.
    Source: OpenJDK, "The java Command", and Node.js, "Command-line API": https://nodejs.org/api/cli.html
    """
    for workload in workloads:
        for container in workload.running():
            name = runtime(container)
            if not name or not container.limit("memory"):
                continue
            # Values that come from elsewhere (envFrom, valueFrom) may hold the setting.
            found = memory_settings(container, name)
            if found is None:
                continue
            said = f"says {found}" if found else "says nothing of the limit"
            yield container.at("env").expect(
                bool(found), f"{container.title}: {name} {said}, wants a heap bound below the memory limit"
            )

"""Which language runtime a container is known to start, and what it was told of its memory."""

from __future__ import annotations

from collections.abc import Mapping

from readiness.facts.pods import Container

_BY_IMAGE: Mapping[str, str] = {
    "openjdk": "Java",
    "eclipse-temurin": "Java",
    "amazoncorretto": "Java",
    "ibm-semeru-runtimes": "Java",
    "sapmachine": "Java",
    "tomcat": "Java",
    "jetty": "Java",
    "node": "Node.js",
}
_BY_PROGRAM: Mapping[str, str] = {"java": "Java", "node": "Node.js", "nodejs": "Node.js"}
_VARIABLES: Mapping[str, tuple[str, ...]] = {
    "Java": ("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS", "JAVA_OPTS", "CATALINA_OPTS"),
    "Node.js": ("NODE_OPTIONS",),
}
_OPTIONS: Mapping[str, tuple[str, ...]] = {
    "Java": ("-XX:MaxRAMPercentage=", "-Xmx", "-XX:MaxRAM=", "-XX:MaxHeapSize="),
    "Node.js": ("--max-old-space-size=", "--max_old_space_size=", "--max-old-space-size-percentage="),
}


def runtime(container: Container) -> str:
    """`Java` or `Node.js` where the program or the image's own name says so, else empty."""
    words = container.command_line
    if words:
        return _BY_PROGRAM.get(words[0].rpartition("/")[2], "")
    reference = container.reference
    return _BY_IMAGE.get(reference.repository.rpartition("/")[2], "") if reference else ""


def memory_settings(container: Container, name: str) -> str | None:
    """The option that bounds the heap, empty where there is none, None where values come from outside the container."""
    words = list(container.command_line)
    if container.node.get("envFrom").exists:
        return None
    for variable in container.environment():
        if variable.text("name") in _VARIABLES[name]:
            if variable.get("valueFrom").exists:
                return None
            words += (variable.text("value") or "").split()
    return next((word for word in words if word.startswith(_OPTIONS[name])), "")

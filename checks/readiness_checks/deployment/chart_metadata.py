from readiness import Findings, Severity, check
from readiness.facts.charts import Charts, is_semantic_version


@check(Severity.LOW)
def chart_metadata(charts: Charts) -> Findings:
    """Every chart says what it is: API version, semantic version, and the version of the program.

    Why: Helm orders releases and resolves dependencies by the chart's version; without appVersion nobody sees what
        runs.
    Fix: write `apiVersion: v2`, a `version` such as 1.4.2 and an `appVersion` into Chart.yaml.
    Peers: helm lint.
    Source: Helm, "Charts", the Chart.yaml file: https://helm.sh/docs/topics/charts/#the-chartyaml-file
    """
    for chart in charts:
        node = chart.node
        api = node.text("apiVersion") or "nothing"
        yield node.at("apiVersion").expect(api == "v2", f"has apiVersion {api}, wants v2")
        version = node.text("version") or ""
        yield node.at("version").expect(
            is_semantic_version(version), f"has version `{version[:40]}`, wants one such as 1.4.2"
        )
        if not chart.library:
            app = node.scalar("appVersion")
            yield node.at("appVersion").expect(
                app not in (None, ""), "has no appVersion, wants one" if app in (None, "") else "has an appVersion"
            )

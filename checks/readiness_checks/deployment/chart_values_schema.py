import json

from readiness import Findings, Severity, check
from readiness.facts.charts import Charts


@check(Severity.LOW)
def chart_values_schema(charts: Charts) -> Findings:
    """Every chart with values has a schema for them.

    Why: a misspelt key in a values file is ignored in silence; with a schema, Helm refuses it before anything is
        rendered.
    Fix: put a values.schema.json beside Chart.yaml, with `additionalProperties: false` where keys are known.
    Peers: none.
    Source: Helm, "Charts", schema files: https://helm.sh/docs/topics/charts/#schema-files
    """
    for chart in charts:
        if chart.library or not any(values.mapping() for values in chart.values):
            continue
        if chart.schema is None:
            yield chart.node.expect(False, "has values and no values.schema.json, wants one")
        else:
            fault = _fault(chart.schema.text)
            yield chart.schema.at("schema", 1).expect(not fault, fault or "is a schema of the values")


def _fault(text: str) -> str:
    try:
        schema = json.loads(text)
    except (ValueError, RecursionError):
        return "is not JSON, so that Helm fails on it"
    if not isinstance(schema, dict) or not schema.get("properties"):
        return "describes no property, wants the keys of values.yaml"
    return ""

"""What watches a release: gates measure, and a judge that knows no world says what follows."""

from __future__ import annotations

from readiness_deploy.gates.live import LiveGates
from readiness_deploy.gates.probe import Outside
from readiness_deploy.gates.vetting import problems, warnings

__all__ = ["LiveGates", "Outside", "problems", "warnings"]

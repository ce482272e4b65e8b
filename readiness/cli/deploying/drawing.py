"""Draws a rollout for a terminal: the route, the steps, the gates and the traffic. 80 columns are enough, 40 do."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from readiness.cli.deploying.ending import duration
from readiness.cli.deploying.picture import Gate, Picture, Slot, Step
from readiness.report.text import plain, shortened

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

_BARS = "▁▂▃▄▅▆▇█"
_SPIN = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_MARKS = {"ok": ("✓", "green"), "approved": ("✓", "green"), "failed": ("✗", "bold red"), "timeout": ("✗", "bold red")}
_VERDICTS = {"pass": "green", "fail": "bold red", "inconclusive": "yellow"}
_COLOURS = {"blue": "bold blue", "green": "bold green"}
_NARROW = 64


def sparkline(values: Iterable[float | None]) -> str:
    """Values as bars from the least to the greatest of them; a dot where there was none."""
    known = list(values)
    numbers = [v for v in known if v is not None]
    low, high = (min(numbers), max(numbers)) if numbers else (0.0, 0.0)
    span = high - low
    return "".join(
        "·" if v is None else _BARS[round((v - low) / span * (len(_BARS) - 1)) if span > 0 else 0] for v in known
    )


def draw(picture: Picture, now: float, width: int) -> RenderableType:
    """The whole picture, no wider than `width`."""
    from rich.console import Group
    from rich.text import Text

    parts: list[Text] = [_title(picture, now, width)]
    if picture.slots:
        parts += [_route(picture, width), *_slots(picture, width)]
    parts.append(Text(""))
    parts += [_step(step, now, width, picture) for step in picture.steps.values()]
    if picture.gates:
        parts += [Text(""), *(_gate(g, width) for g in picture.gates.values())]
    if picture.last:
        parts += [Text(""), Text(shortened(plain(picture.last), width), style="dim")]
    for part in parts:
        part.no_wrap, part.overflow = True, "ellipsis"
        part.truncate(width, overflow="ellipsis")
    return Group(*parts)


def _title(picture: Picture, now: float, width: int) -> Text:
    from rich.text import Text

    took = duration(now - picture.started)
    title = shortened(plain(picture.title), max(10, width - len(took) - 1))
    return Text.assemble((title, "bold"), " " * max(1, width - len(title) - len(took)), (took, "dim"))


def _route(picture: Picture, width: int) -> Text:
    """Where requests go: the bar is on the side of the colour that is selected."""
    from rich.text import Text

    half = max(6, min(24, (width - 16) // 2))
    line = Text("blue  ", style=_COLOURS["blue"] if picture.selected == "blue" else "dim")
    for colour in ("blue", "green"):
        chosen = picture.selected == colour
        line.append(("█" if chosen else "░") * half, style=colour if chosen else "dim")
    line.append("  green", style=_COLOURS["green"] if picture.selected == "green" else "dim")
    return line


def _slots(picture: Picture, width: int) -> Iterable[Text]:
    for colour in ("blue", "green"):
        if slot := picture.slots.get(colour):
            yield _slot(slot, width)


def _slot(slot: Slot, width: int) -> Text:
    from rich.text import Text

    well = {"ready": "green", "starting": "yellow", "stopping": "yellow", "absent": "dim"}.get(
        slot.standing, "bold red"
    )
    line = Text.assemble((f"{slot.colour:<6}", _COLOURS[slot.colour]), (f"{slot.standing:<9}", well))
    if slot.rate is not None and slot.standing != "absent":
        errors = "–" if slot.errors is None else f"{slot.errors:.1%}"
        line.append(f"{slot.rate:7.1f}/s")
        line.append(f" {errors:>6} err", style="bold red" if slot.errors else "")
        if width >= _NARROW:
            p95 = "–" if slot.p95 is None else f"{slot.p95 * 1000:.0f} ms"
            line.append(f"  p95 {p95:>7}  {slot.in_flight:>4} in flight")
    restarts = f"  {slot.restarts} restarts" if slot.restarts else ""
    name = plain(slot.why) if slot.why and slot.standing not in ("ready", "absent") else plain(slot.release)
    line.append(f"{restarts}  {name}", style="dim")
    return line


def _step(step: Step, now: float, width: int, picture: Picture) -> Text:
    from rich.text import Text

    if step.started is None:
        return Text(f"  {step.name}", style="dim")
    if step.ended is None:
        mark, style = _SPIN[int(now * 8) % len(_SPIN)], "cyan"
    else:
        mark, style = _MARKS.get(step.mark, ("?", "yellow"))
    line = Text.assemble((mark, style), f" {step.name:<30}", (f"{duration(step.seconds(now)):>8}", "dim"))
    if step.ended is None and step.name == "bake" and picture.bake:
        baked, whole = picture.bake
        cells = max(4, min(20, width - 62))
        done = min(cells, round(baked / whole * cells)) if whole else cells
        line.append("  " + "━" * done, style="green")
        line.append("┄" * (cells - done), style="dim")
        line.append(f" of {whole:g} s", style="dim")
        line.append("" if picture.guard else "  nobody watches", style="bold red")
    if step.said:
        line.append(f"  {plain(step.said)}", style="dim")
    return line


def _gate(gate: Gate, width: int) -> Text:
    from rich.text import Text

    value = "–" if gate.value is None else f"{gate.value:.4g}"
    measured = f"{value} {plain(gate.threshold)}".strip()
    line = Text.assemble(
        (f"{gate.verdict or '…':<12}", _VERDICTS.get(gate.verdict, "dim")), f" {shortened(plain(gate.name), 18):<18}"
    )
    if width >= _NARROW:
        line.append(f" {shortened(measured, 20):<20}")
        line.append(f" n={gate.n if gate.n is not None else '–'}".ljust(9))
    else:
        line.append(f" {value:<9}")
    room = max(0, width - line.cell_len - 1)
    line.append(" " + sparkline(list(gate.values)[-room:] if room else []), style="cyan")
    return line

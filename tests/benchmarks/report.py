"""The table that `make bench` prints, and those of docs/performance.md."""

from __future__ import annotations

import re
import statistics
from collections.abc import Sequence
from typing import Any

from tests.benchmarks import layers
from tests.benchmarks.figures import Figure, Row, number
from tests.benchmarks.processes import ROOT

__all__ = ["as_text", "faults", "write"]

PAGE = ROOT / "docs" / "performance.md"


def as_text(rows: Sequence[Row], found: dict[str, Any]) -> str:
    lines = [_heading(found["surroundings"])]
    for row in rows:
        begin = f"{row.key:3} {row.title}"
        for figure in row.figures:
            lines.append(f"{begin:42}{figure.shown:18}{figure.unit:38}{figure.aim:9}{figure.verdict}".rstrip())
            begin = ""
        if row.left_out:
            lines.append(f"{'':42}{row.left_out}")
    return "\n".join([*lines, *_server(found)])


def _heading(made: dict[str, Any]) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in made["versions"].items())
    tied = "client and server on a core each" if made["tied to cores"] else "processes not tied to cores"
    quick = ", quick" if made["quick"] else ""
    return f"CPython {made['python']}, {made['system']}, {tied}{quick}\n{versions}\n"


def _server(found: dict[str, Any]) -> list[str]:
    """How far the server is ahead: figures are of the clients only as long as it is."""
    if "one" not in found:
        return []
    out = []
    for mode, rate in found["one"]["server"].items():
        name, fastest = max(_medians(found["one"]["rate"][mode]).items(), key=lambda one: one[1])
        out.append(f"{mode}: the server sends {rate:,.0f} events/s, the fastest client ({name}) takes {fastest:,.0f}/s")
    return ["", *out]


def _medians(found: dict[str, list[float]]) -> dict[str, float]:
    return {name: statistics.median(values) for name, values in found.items()}


def faults(found: dict[str, Any]) -> list[str]:
    """What makes figures worthless."""
    return [fault for section in found.values() if isinstance(section, dict) for fault in section.get("faults", ())]


# -- the page ----------------------------------------------------------------------------------------------------------


def write(rows: Sequence[Row], found: dict[str, Any]) -> None:
    """Puts tables between the marks of the page."""
    tables = {"goals": _goals(rows), "machine": _machine(found)}
    tables |= {"events": _events(found["one"])} if "one" in found else {}
    tables |= {"layers": _layers(found)} if {"one", "layers"} <= found.keys() else {}
    tables |= {"many": _many(found["many"])} if "many" in found else {}
    tables |= {"bus": _bus(found["bus"])} if "publish" in found.get("bus", ()) else {}
    page = PAGE.read_text("utf-8")
    for name, table in tables.items():
        begin, end = f"<!-- {name}: written by make bench -->\n", f"<!-- {name}: end -->"
        page, count = re.subn(f"(?s)(?<={re.escape(begin)}).*?(?={re.escape(end)})", lambda _, table=table: table, page)
        assert count == 1, name
    PAGE.write_text(page, "utf-8")


def _table(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    return "".join(f"| {' | '.join(line)} |\n" for line in (head, ["---"] * len(head), *lines))


def _goals(rows: Sequence[Row]) -> str:
    lines = [
        [
            row.key,
            row.title,
            f"{figure.shown} {figure.unit}",
            *_judged(figure),
        ]
        for row in rows
        for figure in row.figures
    ]
    return _table(("", "what", "figure", "goal", ""), lines)


def _judged(figure: Figure) -> tuple[str, str]:
    return figure.aim.replace("<=", "≤").replace(">=", "≥"), figure.verdict


def _machine(found: dict[str, Any]) -> str:
    first, versions, *_ = _heading(found["surroundings"]).splitlines()
    return f"{first}; {versions}.\n"


def _events(found: dict[str, Any]) -> str:
    modes = {mode: _medians(costs) for mode, costs in found["cost"].items()}
    lines = []
    for name in modes["bulk"]:
        cells = [
            f"{costs[name]:.1f} ({number(costs[name] / costs['openai'])})" if name in costs else ""
            for costs in modes.values()
        ]
        lines.append([name, *cells])
    return _table(("µs of CPU an event (x openai)", *modes), lines)


def _layers(found: dict[str, Any]) -> str:
    return _table(("layer", "µs"), [[name, f"{cost:.1f}"] for name, cost in layers.costs(found).items()])


def _many(found: dict[str, Any]) -> str:
    head = ("client, loop", "events/s", "µs of CPU an event", "p50 ms", "p99 ms", "µs of CPU to open", "KiB")
    out = []
    for crowd in ("hundred", "thousand", "open"):
        for name, rounds in found[crowd].items():
            keys = ("rate", "cpu", "p50", "p99", "set-up", "memory")
            medians = [number(statistics.median(one[key] for one in rounds)) for key in keys]
            out.append([f"{CROWDS[crowd]}: {name}", *medians])
    return _table(head, out)


def _bus(found: dict[str, Any]) -> str:
    lines = []
    for name, rounds in found["followers"].items():
        medians = [number(statistics.median(one[key] for one in rounds)) for key in ("p50", "p99", "cpu")]
        lines.append([f"100 followers of a reply: {name}", *medians])
    for replies, rounds in found["crowd"].items():
        medians = [number(statistics.median(one[key] for one in rounds)) for key in ("p50", "p99", "cpu")]
        lines.append([f"{replies} replies with a follower each", *medians])
    return _table(("", "p50 ms", "p99 ms", "µs of CPU an event and follower"), lines)


CROWDS = {"hundred": "100", "thousand": "1,000", "open": "opened"}

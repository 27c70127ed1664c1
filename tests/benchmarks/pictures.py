"""The pictures of docs/performance.md, drawn from the figures of a run."""

from __future__ import annotations

import statistics
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Sheet

from tests.benchmarks.processes import ROOT

__all__ = ["draw"]

FOLDER = ROOT / "docs" / "pictures"
OURS, OTHERS, BASE = "#0072b2", "#8c8c8c", "#d55e00"
"""Colours that can be told apart with any kind of sight."""
TITLES = {
    "bulk": "32 events an HTTP chunk",
    "framed": "an event an HTTP chunk",
    "paced": "an event every millisecond",
}
SHOWN = ("openai", "streamkit", "httpx", "streamkit on aiohttp", "httpx on aiohttp", "aiohttp", "floor")
SETTINGS = {
    "svg.hashsalt": "streamkit",
    "svg.fonttype": "none",
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
}


def draw(found: dict[str, Any]) -> None:
    FOLDER.mkdir(exist_ok=True)
    with mpl.rc_context(SETTINGS):
        if "one" in found:
            _save(_events(found["one"]["cost"]), "bench-events")
        if "many" in found:
            _save(_opened(found["many"]["open"]), "bench-opened")


def _save(sheet: Sheet, name: str) -> None:
    sheet.savefig(FOLDER / f"{name}.svg", metadata={"Date": None})
    sheet.savefig(FOLDER / f"{name}.png", dpi=144)


def _events(costs: dict[str, dict[str, list[float]]]) -> Sheet:
    sheet = Sheet(figsize=(11, 3.4), layout="constrained")
    sheet.suptitle("CPU time of the client for an event, where the openai package takes 1 (logarithmic)", fontsize=12)
    names = [name for name in SHOWN if all(name in cost for cost in costs.values())]
    for axes, (mode, cost) in zip(sheet.subplots(1, len(costs), sharey=True), costs.items(), strict=True):
        ratios = [statistics.median(cost[name]) / statistics.median(cost["openai"]) for name in names]
        axes.set_title(TITLES[mode], fontsize=10, loc="left")
        axes.set_xscale("log")
        axes.set_xlim(0.007, 3)
        axes.set_xticks([0.01, 0.1, 1], ["0.01", "0.1", "1"])
        axes.grid(axis="x", color="#e6e6e6")
        axes.set_axisbelow(True)
        for place, (name, ratio) in enumerate(zip(names, ratios, strict=True)):
            axes.plot(ratio, place, "o", color=_colour(name), markersize=9)
            axes.annotate(f"{ratio:.2g}", (ratio, place), (8, 0), textcoords="offset points", va="center")
        axes.set_yticks(range(len(names)), names)
        axes.set_ylim(len(names) - 0.5, -0.5)
        axes.tick_params(axis="y", left=False)
    return sheet


def _colour(name: str) -> str:
    return BASE if name == "openai" else OURS if name.startswith("streamkit") else OTHERS


def _opened(found: dict[str, list[dict[str, float]]]) -> Sheet:
    sheet = Sheet(figsize=(11, 2.6), layout="constrained")
    sheet.suptitle("One of many replies that are read at once", fontsize=12)
    left, right = sheet.subplots(1, 2)
    for axes, key, scale, title, form in (
        (left, "set-up", 1e-3, "CPU time to open it, ms", "{:.2g} ms"),
        (right, "memory", 1, "memory at most, KiB", "{:.0f} KiB"),
    ):
        values = {
            name.split(", ")[0]: statistics.median(one[key] for one in all) * scale for name, all in found.items()
        }
        _bars(axes, values, title, form)
        axes.set_xlim(0, max(values.values()) * 1.25)
    return sheet


def _bars(axes: Axes, values: dict[str, float], title: str, form: str) -> None:
    names = sorted(values, key=lambda name: -values[name])
    bars = axes.barh(names, [values[name] for name in names], color=[*map(_colour, names)], height=0.7)
    axes.bar_label(bars, [form.format(values[name]) for name in names], padding=3)
    axes.set_title(title, fontsize=10, loc="left")
    axes.invert_yaxis()
    axes.tick_params(left=False)

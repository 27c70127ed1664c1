"""The command behind `make bench`: measures, prints the table, and writes the pictures if it is told to.

``python -m tests.benchmarks --help`` names the options. What has been measured is kept in a file, from which the table
and the pictures can be made again.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import ModuleType
from typing import Any

from tests.benchmarks import bus, counting, imports, layers, long_text, many_replies, one_reply, operators, report
from tests.benchmarks.figures import Plan
from tests.benchmarks.processes import ROOT, cores

SECTIONS: dict[str, tuple[str, ModuleType]] = {
    "one": ("A", one_reply),
    "layers": ("A", layers),
    "many": ("BC", many_replies),
    "tokens": ("D", counting),
    "import": ("E", imports),
    "operators": ("F", operators),
    "text": ("G", long_text),
    "bus": ("H", bus),
}
PACKAGES = (
    "openai",
    "httpx",
    "httpx2",
    "aiohttp",
    "httpx-aiohttp",
    "orjson",
    "uvloop",
    "reactivex",
    "pydantic",
    "redis",
)
KEPT = ROOT / "build" / "bench.json"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description="Print what streamkit costs next to other clients.")
    parser.add_argument("--quick", action="store_true", help="two minutes, and less sure")
    parser.add_argument("--rounds", type=int, help="how often everything is measured")
    parser.add_argument("--only", default="ABCDEFGH", metavar="ABC", help="the rows to measure; others stay as kept")
    parser.add_argument("--kept", type=Path, default=KEPT, metavar="FILE", help="where figures are kept")
    parser.add_argument(
        "--plot", action="store_true", help="rewrite the pictures, and the tables of docs/performance.md"
    )
    return parser.parse_args()


def surroundings(plan: Plan) -> dict[str, Any]:
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "tied to cores": cores() is not None,
        "versions": {name: _version(name) for name in PACKAGES},
        "quick": plan.quick,
    }


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def main() -> int:
    args = arguments()
    plan = Plan(args.quick, args.rounds)
    found: dict[str, Any] = json.loads(args.kept.read_text()) if args.kept.exists() else {}
    for name, (keys, section) in SECTIONS.items():
        if {*keys} & {*args.only}:
            print(f"measuring {', '.join(keys)}", file=sys.stderr, flush=True)
            found[name] = section.measure(plan)
            found["surroundings"] = surroundings(plan)
            args.kept.parent.mkdir(exist_ok=True)
            args.kept.write_text(json.dumps(found, indent=1))
    rows = [row for name, (_, section) in SECTIONS.items() if name in found for row in section.rows(found[name])]
    print(report.as_text(rows, found))
    if faults := report.faults(found):
        print("".join(f"FAULT: {fault}\n" for fault in faults) + "These figures are worthless; nothing has been drawn.")
    elif args.plot:
        from tests.benchmarks import pictures  # which needs matplotlib

        pictures.draw(found)
        report.write(rows, found)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())

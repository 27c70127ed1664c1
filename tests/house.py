"""The rooms of the house, and what each may import: the rules that `tests.layers` checks.

A room is a folder of ``streamkit``, or a file that lies directly in it. The face of a folder is its ``__init__.py``:
other rooms import from there.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Floor:
    """Rooms of one height. Packages of others may be imported ``anywhere``, or ``inside`` functions (``*``: all). The
    standard library is free, but for what comes ``never``. ``apart`` are rooms below that it must not import."""

    rooms: str
    anywhere: str = ""
    inside: str = ""
    never: str = ""
    apart: str = ""


APIS = "wire.anthropic wire.gemini wire.ollama wire.openai"
ASKING = "wire tokens stages.usage"  # what an engine does not know: it moves items, whatever they are
FLOORS = (
    Floor("clean json_values lazy mathematics runtimes wording"),
    Floor("checks event_class"),
    Floor("files messages usage"),
    Floor("errors events reply_repr tool_calls validation", inside="pydantic"),
    Floor("json_form protocols worker"),
    Floor("stages", inside="regex sentencex", never="asyncio"),
    Floor("wire", "pydantic_core", never="asyncio"),
    Floor(APIS, "pydantic_core", never="asyncio"),
    Floor("tokens", inside="tiktoken", apart=APIS),
    Floor("stages.usage", never="asyncio", apart=f"wire {APIS}"),
    Floor("engine.loops", apart=f"stages {ASKING} {APIS}"),
    Floor("engine.upstream", "reactivex", apart=f"stages {ASKING} {APIS}"),
    Floor("engine.streams", "reactivex", apart=f"stages {ASKING} {APIS}"),
    Floor("engine.branches", "reactivex", apart=f"{ASKING} {APIS}"),
    Floor("engine.runs", "reactivex", apart=f"stages {ASKING} {APIS}"),
    Floor("sinks", inside="*", never="httpx httpx2 reactivex", apart=f"{ASKING} {APIS} engine.streams engine.runs"),
    Floor("sources.tools", inside="pydantic", apart=f"{APIS} sinks engine.branches engine.runs"),
    Floor("sources.http", "httpx", apart=f"{APIS} sinks engine.branches engine.runs"),
    Floor("sources", "reactivex", apart=f"{APIS} sinks engine.branches engine.runs"),
    Floor("combine", "reactivex", apart=f"{APIS} sinks engine.branches engine.runs"),
    Floor("operators", "reactivex", never="asyncio", apart=f"{APIS} sinks engine.runs"),
    Floor("batch", "reactivex", "*", apart=f"{APIS} sinks operators"),
    Floor("scripted", "h11 httpx", apart=f"{APIS} sinks operators combine batch engine.runs"),
    Floor("testing edges", "reactivex", "*", apart=APIS),
    Floor("__main__"),
)
"""From the lowest to the highest. A room may import from those below it, and from none beside it."""
INNER = {
    *("stages.rewriting", "stages.rewriting.ready", "stages.segments", "stages.segments.markdown", "stages.structure"),
    *("edges.cli", "edges.relay", "engine.streams.fluent"),
}
"""Rooms that stand where the room around them does: the two use each other, the outer one by the face."""

PUBLIC = {"batch", "errors", "events", "operators", "protocols", "sinks", "stages", "testing", "tokens", "wire"}
"""What users may import besides ``streamkit`` itself: the names in ``__all__``."""
EDGES = {"testing", "edges", "__main__"}
"""These may use ``streamkit`` itself, as a user does."""
KNOT = {"errors", "events", "reply_repr", "tool_calls", "validation", "validation.parse", "validation.partial"}
"""They import each other in a circle, as an error carries a Reply, and a Reply that is parsed may raise one."""
BY_NAME = {
    **dict.fromkeys(APIS.split(), "the table in wire/apis.py"),
    "edges.cli": "the command in pyproject.toml",
    "edges.relay": "`sk.sse`, which gives a Relay",
}
"""Faces of which names are taken in another way than by an import, and where."""
WHOLE = {"", "*", "ops", "sinks", "testing"}
"""All of a room, also under the names by which the package gives it."""
COMPUTED = {"wire/apis.py", "lazy.py"}
"""Files that import what a table names; everywhere else the name of a module must be written where it is imported."""

_ROWS = {room: number for number, row in enumerate(FLOORS) for room in row.rooms.split()}


def height(room: str) -> int | None:
    """The number of its floor; None if the house has no place for it."""
    if room in {"", "engine"}:  # the package itself; a folder with a face that offers nothing
        return len(FLOORS)
    return height(room.rpartition(".")[0]) if room in INNER else _ROWS.get(room)


def outer(room: str) -> str:
    """The room itself, or the one around it whose place it shares."""
    return outer(room.rpartition(".")[0]) if room in INNER else room

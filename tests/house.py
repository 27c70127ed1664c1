"""The rooms of the package, and what each may import: the rules that `tests.layers` checks.

A room is a folder of ``streamkit``, or a file that lies directly in it. The face of a folder is its ``__init__.py``:
other rooms import from there. The house is the list of floors: a room imports only from rooms on lower floors.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Floor:
    """Rooms of one height, and what they import besides the rooms below them.

    Third-party packages may be imported ``anywhere`` in a file, or only ``inside`` functions (``*``: all packages). The
    standard library may be imported. What ``never`` names must not be imported, nor the rooms below in ``apart``."""

    rooms: str
    anywhere: str = ""
    inside: str = ""
    never: str = ""
    apart: str = ""


APIS = "wire.anthropic wire.gemini wire.ollama wire.openai"
ASKING = "wire tokens stages.usage"  # what the engine does not import, as it moves items of any kind
FLOORS = (
    Floor("awaitables clean file_lock json_values lazy mathematics patience reasons runtimes wording"),
    Floor("checks event_class", inside="pydantic_core"),
    Floor("blocks files rate_limits timing turns usage"),
    Floor("messages"),
    Floor("errors events reply reply_repr tool_calls validation", inside="pydantic"),
    Floor("error_form json_form prelude protocols worker"),
    Floor("stages", inside="regex sentencex", never="asyncio"),
    Floor("wire", "pydantic_core", never="asyncio"),
    Floor(APIS, "pydantic_core", never="asyncio"),
    Floor("tokens", inside="genai_prices tiktoken", apart=APIS),
    Floor("stages.usage", never="asyncio", apart=f"wire {APIS}"),
    Floor("engine.failures", apart=f"stages {ASKING} {APIS}"),
    Floor("engine.loops", apart=f"stages {ASKING} {APIS}"),
    Floor("engine.upstream", "reactivex", apart=f"stages {ASKING} {APIS}"),
    Floor("engine.streams", "reactivex", apart=f"stages {ASKING} {APIS}"),
    Floor("engine.branches", "reactivex", apart=f"{ASKING} {APIS}"),
    Floor("engine.runs", "reactivex", apart=f"stages {ASKING} {APIS}"),
    Floor("sinks", inside="*", never="httpx httpx2 reactivex", apart=f"{ASKING} {APIS} engine.streams engine.runs"),
    Floor("sources.tools", inside="pydantic", apart=f"{APIS} sinks engine.branches engine.runs"),
    Floor("sources.http", "aiohappyeyeballs aiohttp httpx", apart=f"{APIS} sinks engine.branches engine.runs"),
    Floor("sources", "reactivex", apart=f"{APIS} sinks engine.branches engine.runs"),
    Floor("combine", "reactivex", apart=f"{APIS} sinks engine.branches engine.runs"),
    Floor("operators", "reactivex", never="asyncio", apart=f"{APIS} sinks engine.runs"),
    Floor("batch", "reactivex", "*", apart=f"{APIS} sinks operators"),
    Floor("bus", "pydantic_core", "redis hiredis", apart=f"{APIS} operators combine batch"),
    Floor("scripted", "h11 httpx", apart=f"{APIS} sinks operators combine batch engine.runs"),
    Floor("testing edges", "reactivex", "*", apart=APIS),
    Floor("__main__"),
)
"""From the lowest to the highest. A room may import from rooms on lower floors, not from those on its own floor."""
INNER = {
    *("stages.rewriting", "stages.rewriting.ready", "stages.segments", "stages.segments.markdown", "stages.structure"),
    *("edges.cli", "edges.relay", "engine.streams.fluent"),
}
"""Rooms on the floor of the room around them. The two import each other; the outer one imports from the face."""

PUBLIC = {"batch", "bus", "errors", "events", "operators", "protocols", "sinks", "stages", "testing", "tokens", "wire"}
"""Rooms that users may import from besides ``streamkit`` itself: the names in their ``__all__``."""
EDGES = {"testing", "edges", "__main__"}
"""Rooms that may import from ``streamkit`` itself, as users do."""
KNOT = {"errors", "events", "reply", "reply_repr", "tool_calls", "validation", "validation.parse", "validation.partial"}
"""Modules that import each other in a circle: an error has a Reply, and parsing a Reply may raise an error."""
BY_NAME = {
    **dict.fromkeys(APIS.split(), "the table in wire/apis.py"),
    "edges.cli": "the command in pyproject.toml",
    "edges.relay": "`sk.sse`, which gives a Relay",
}
"""Faces whose names are used without an import, and where they are used."""
COMPUTED = {"wire/apis.py", "lazy.py"}
"""Files that import modules named by a table. In all others the import itself must name the module."""

_ROWS = {room: number for number, row in enumerate(FLOORS) for room in row.rooms.split()}


def height(room: str) -> int | None:
    """The number of the floor of ``room``; None if it is on no floor."""
    if room in {"", "engine"}:  # the package itself; a folder whose face exports nothing
        return len(FLOORS)
    return height(room.rpartition(".")[0]) if room in INNER else _ROWS.get(room)


def outer(room: str) -> str:
    """``room`` itself, or the room around it if they share a floor."""
    return outer(room.rpartition(".")[0]) if room in INNER else room

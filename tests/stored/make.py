"""Makes one small file of every kind that outlives a process, with the version of streamkit that it is run with::

    git worktree add /tmp/released <tag>
    PYTHONPATH=/tmp/released python tests/stored/make.py tests/stored/<version>

The folders beside it were made so, each by the version of its name, and are never made again: what a version wrote is
what later ones must read. New kinds of events go to the end of `EVENTS`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamkit as sk
from streamkit import operators as ops, sinks, testing

CALL = sk.ToolCall("call_1", "weather", '{"city": "Oslo"}')
SECOND = sk.ToolCall("call_2", "clock", "{}", index=1)
USAGE = sk.Usage(12, 34, 46, cached_tokens=5, reasoning_tokens=6, origin="partial", cost=0.25, requests=2)
TEXT = "Grüße aus Oslo: 晴れ 😀\u2028\n\x1b[1m\ud83d"
"""Line ends, escapes and half a character among it."""
REPLY = sk.Reply(
    (
        sk.Choice(0, TEXT, "Hm.", tool_calls=(CALL,), finish_reason="tool_calls", logprobs=({"content": []},)),
        sk.Choice(1, "", refusal="No.", tool_calls=(SECOND,), finish_reason="stop"),
    ),
    usage=USAGE,
    outcome="stopped",
    stopped_by="tool_loop",
    id="r-1",
    model="m",
    request_id="req-1",
    attempts=2,
    rounds=3,
    earlier=(sk.assistant("Let me see."), CALL.result("fine")),
    answers=(SECOND.result({"hour": 12}),),
)
EVENTS: tuple[sk.Event, ...] = (
    sk.Start("r-1", "m", "req-1"),
    sk.ReasoningDelta("Hm."),
    sk.TextDelta(TEXT),
    sk.RefusalDelta("No.", 1),
    sk.ToolCallDelta('{"city":', 0, "call_1", "weather"),
    sk.ToolCallDelta(' "Oslo"}'),
    CALL,
    sk.ToolResult(CALL, {"sky": ["clear", None, 1.5]}),
    sk.ToolResult(SECOND, error="TimeoutError", index=1),
    sk.LogprobsDelta({"content": [{"token": "a", "logprob": -0.5}]}),
    sk.UsageUpdate(USAGE),
    sk.Finish("tool_calls"),
    sk.Restart("stalled", "Grüße"),
    sk.Other("response.new", raw={"type": "response.new", "deep": [{"x": None}]}),
    REPLY,
)


@dataclass
class Note:
    about: str
    stars: int


ITEMS: tuple[Any, ...] = ("a str", {"own": [1, None]}, Note("Oslo", 5), ["a", "list"], 7)
"""What is no event."""

PROMPTS: tuple[Any, ...] = ("Why?", {"question": "Where?", "of": ["Oslo", 1]}, ["a", "list"], "calls", "fails")
PRICES = sk.Prices(input=1.0, output=2.0)

SCRIPTS: dict[str, Any] = {
    "text": testing.Script(("Grüße ", "aus ", "Oslo 😀"), reasoning="Hm, hm.", usage=sk.Usage(3, 4, 7), split=23),
    "calls": testing.Script(("Let me see.",), tool_calls=[("weather", {"city": "Oslo"}), ("clock", {})]),
    "refusal": testing.Script((), refusal="No, never."),
    "choices": testing.Script((sk.TextDelta("a"), sk.TextDelta("b", 1), sk.TextDelta("c"))),
    "error": testing.Script(("half ", "a reply"), fail=sk.ApiError("overloaded", code="busy")),
    "cut": testing.Script(("half ", "a reply"), drop_after=1),
    "status": sk.StatusError("slow down", status=429, retry_after=7.0),
}


def answer(prompt: Any) -> Any:
    """The stream that answers a prompt of the ledger."""
    if prompt == "fails":
        return testing.script("half", fail=sk.ApiError("overloaded"))
    calls = [("weather", {"city": "Oslo"})] if prompt == "calls" else []
    return testing.script(f"An answer to {json.dumps(prompt)}", tool_calls=calls, usage=sk.Usage(3, 4, 7))


def lines(folder: Path) -> None:
    """Two runs, the second appended, and a file whose writer was killed in the middle of its last line."""
    path = folder / "events.jsonl"
    sk.run(sk.stream(EVENTS), sinks.jsonl(path))
    sk.run(sk.stream([*ITEMS, REPLY]), sinks.jsonl(path, mode="append"))
    (folder / "killed.jsonl").write_bytes(path.read_bytes()[:-20])


def tables(folder: Path) -> None:
    sk.run(sk.stream(EVENTS), sinks.sqlite(folder / "events.db"))
    sk.run(sk.stream([*ITEMS, REPLY]), sinks.sqlite(folder / "events.db", table="items", stream="mine"))


def recordings(folder: Path) -> None:
    """Replies of each API, and beside them what the version itself read in them."""
    told: dict[str, Any] = {}
    for name, played in SCRIPTS.items():
        for api in ("chat", "complete", "respond") if name == "text" else ("chat",):
            path = folder / f"{name}-{api}.recording.jsonl"
            with testing.client(played, retry=sk.Retry(attempts=0)) as client:
                finish(getattr(client, api)("Hi").pipe(ops.record(path, note=f"{name}, made by make.py")))
            told[path.name] = finish(sk.replay(path, 0))
    whole = (folder / "text-chat.recording.jsonl").read_bytes()
    (folder / "killed.recording.jsonl").write_bytes(whole[: len(whole) * 2 // 3])
    told["killed.recording.jsonl"] = finish(sk.replay(folder / "killed.recording.jsonl", 0))
    (folder / "recordings.json").write_text(json.dumps(told, indent=1) + "\n")


def finish(stream: sk.Stream[Any]) -> dict[str, Any]:
    """The events as JSON text, and the kind of the error that ended them."""
    events: list[sk.Event] = []
    try:
        sk.run(stream, events.append)
        kind = None
    except sk.StreamkitError as exc:
        kind = exc.kind
    return {"error": kind, "events": [sk.to_json(event).decode() for event in events]}


def ledgers(folder: Path) -> None:
    """All is answered but the last; once under hashes of the prompts, once under keys of the caller's own."""
    for name, key in (("hashed", None), ("keyed", own_key)):
        path = folder / f"{name}.ledger.jsonl"
        list(sk.batch(PROMPTS, answer, ledger=path, key=key, prices=PRICES, concurrency=1))
    (folder / "killed.ledger.jsonl").write_bytes((folder / "hashed.ledger.jsonl").read_bytes() + b'{"asked":"ab')


def own_key(prompt: Any) -> str:
    return f"prompt {PROMPTS.index(prompt)}"


def spools(folder: Path) -> None:
    """Two batches that could not be sent, and what a kill left of a third."""

    def refuse(items: list[Any], *, key: str) -> None:
        raise ConnectionError("nobody takes it")

    path = folder / "unsent.spool.jsonl"
    try:
        sk.run(sk.stream([*EVENTS, *ITEMS[:3]]), sinks.batched(refuse, size=100, retry=(), spool=path))
    except sk.SinkError:
        pass
    (folder / "killed.spool.jsonl").write_bytes(path.read_bytes()[:-5])


MAKERS: tuple[Callable[[Path], None], ...] = (lines, tables, recordings, ledgers, spools)


if __name__ == "__main__":
    place = Path(sys.argv[1])
    place.mkdir()
    for maker in MAKERS:
        maker(place)
    print(f"{len(list(place.iterdir()))} files, made by streamkit {sk.__version__} in {Path(sk.__file__).parent}")

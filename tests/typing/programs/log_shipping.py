"""Every reply goes into a file, a database and a warehouse; the warehouse is slow, and it fails once."""

import asyncio
import json
import sqlite3
import tempfile
from collections.abc import Sequence
from pathlib import Path

import streamkit as sk
from streamkit import ops, sinks


class Warehouse:
    """Takes batches; the same key comes again with the same items."""

    def __init__(self) -> None:
        self.rows: dict[str, int] = {}
        self.calls = 0

    async def insert(self, items: Sequence[sk.Event], *, key: str) -> None:
        self.calls += 1
        if self.calls == 1:
            raise OSError("the warehouse is closed")
        self.rows[key.partition(":")[2]] = len(items)


class Tally:
    """An own sink: what it needs is ``write``, the rest is as it likes."""

    def __init__(self) -> None:
        self.tokens = 0

    def write(self, event: sk.UsageUpdate, /) -> None:
        self.tokens = event.usage.total_tokens or 0

    def close(self, reply: sk.Reply) -> None:
        print("closed", reply.outcome, self.tokens > 0)


async def main(folder: Path) -> None:
    warehouse, client = Warehouse(), sk.Client(model="small")
    shipped = sinks.batched(warehouse.insert, size=50, every=0.2, retry=[0.01], spool=folder / "unsent.jsonl")
    run = sk.start(
        client.chat("Hi").pipe(ops.meter()),
        sinks.jsonl(folder / "replies.jsonl", sync="close"),
        sinks.sqlite(folder / "replies.db", table="events"),
        sk.branch(into=shipped, name="warehouse", max_wait=30),
        sk.branch(ops.of_type(sk.UsageUpdate), into=Tally()),
    )
    reply = await run
    lines = [json.loads(line) for line in (folder / "replies.jsonl").read_text("utf-8").splitlines()]
    with sqlite3.connect(folder / "replies.db") as database:
        (rows,) = database.execute("select count(*) from events").fetchone()
    print(len(lines) == rows == sum(warehouse.rows.values()), warehouse.calls, run.stats["warehouse"].delivered == rows)
    print(reply.text)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        asyncio.run(main(Path(name)))

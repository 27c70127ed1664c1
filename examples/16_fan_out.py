"""One request, three sinks: the console shows the text, a file keeps every event, a coroutine gets whole sentences."""

import asyncio
import os
import tempfile
from pathlib import Path

import streamkit as sk
from streamkit import operators as ops, sinks, testing

script = testing.Script("It rained all day. Then it stopped. We went out.", every=0.01)
client = sk.Client(model="gpt-4o-mini") if "OPENAI_API_KEY" in os.environ else testing.client(script)


async def speak(sentence: str) -> None:
    await asyncio.sleep(0.05)  # what comes meanwhile waits in the mailbox of this branch, and only there


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "story.jsonl"
        run = sk.start(
            client.chat("Tell me a story."),
            sk.branch(into=sinks.console(), name="console"),
            sk.branch(into=sinks.jsonl(log), name="log"),
            sk.branch(ops.sentences(), into=speak, name="speech"),
        )
        await run
        print(f"[{len(log.read_text().splitlines())} lines in {log.name}]")
    for name, sink in run.stats.items():
        print(f"[{name}: {sink.delivered} items]")


asyncio.run(main())

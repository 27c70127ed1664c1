"""Many prompts, a few at a time. The ledger remembers what is finished: run this twice, and nothing is asked again."""

import os
import tempfile
from pathlib import Path

import streamkit as sk
from streamkit import testing

client = sk.Client(model="gpt-4o-mini") if "OPENAI_API_KEY" in os.environ else testing.client("A scripted answer.")
ledger = Path(tempfile.mkdtemp()) / "ledger.jsonl"  # keep it beside the prompts in real life
prompts = ["Why is the sky blue?", "Why is grass green?", "Why are bananas curved?"]


def ask_all() -> None:
    batch = sk.batch(prompts, client.chat, ledger=ledger, concurrency=2, requests_per_minute=600, ordered=True)
    for item in batch:
        known = " (from the ledger)" if item.from_ledger else ""
        print(f"{item.prompt} {item.text if item.reply else item.error}{known}")


ask_all()
ask_all()

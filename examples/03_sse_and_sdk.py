"""One conversation, streamed directly over SSE and through the official library: the pipeline is the same.

Needs the extra openai: pip install "streamkit-rx[openai]"
"""

import os
from typing import Any

from openai import OpenAI

import streamkit as sk
from streamkit import operators as ops, testing

MODEL = "gpt-4o-mini"
conversation: list[Any] = [
    {"role": "system", "content": "You are a helpful assistant."},
    {"role": "user", "content": "Who won the world series in 2020?"},
    {"role": "assistant", "content": "The Los Angeles Dodgers won the World Series in 2020."},
    {"role": "user", "content": "Where was it played?"},
]


def show(stream: sk.Stream[sk.Event]) -> None:
    for piece in stream.pipe(ops.text()):
        print(piece, end="", flush=True)
    print()


def ask_both(base_url: str | None = None, key: str | None = None) -> None:
    with sk.Client(base_url, key) as client, OpenAI(base_url=base_url, api_key=key) as library:
        show(client.chat(conversation, model=MODEL))
        show(sk.from_sdk(lambda: library.chat.completions.create(model=MODEL, messages=conversation, stream=True)))


if "OPENAI_API_KEY" in os.environ:
    ask_both()
else:
    with testing.Server("It was played in Arlington, Texas.").running() as url:
        ask_both(url, "no key")

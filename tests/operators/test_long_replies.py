"""A long reply through redact, meter, text and sentences together: linear, and nothing of its text is kept."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest

import streamkit as sk
from streamkit import ops
from tests.costs import check_linear_time, memory

PIECE = 40
"""Characters of a delta."""
TEXTS = {
    "English": "The kettle on the stove began to sing, and nobody minded. ",
    "Chinese": "水壶开始唱歌，谁也不在意。为什么呢？",
    "Markdown": "## Tea\n\n- Boil the *water*.\n- See [more](https://tea.example/a).\n\n```\npour(1)\n```\n\n",
    "addresses": "ask bob@example.org or @ann, ",
    "one word": "a",
}


async def body(text: str, size: int) -> AsyncIterator[bytes]:
    whole = text * (2 * PIECE)
    for at in range(0, size, PIECE):
        begin = at % len(text)
        chunk = {"choices": [{"index": 0, "delta": {"content": whole[begin : begin + PIECE]}}]}
        yield f"data: {json.dumps(chunk)}\n\n".encode()
    yield b"data: [DONE]\n\n"


def through_all(text: str, size: int) -> None:
    stream = sk.from_bytes(lambda: body(text, size), keep_text=False)
    sk.run(stream.pipe(ops.redact("email"), ops.meter(), ops.text(), ops.sentences()), lambda sentence: None)


@pytest.mark.slow
@pytest.mark.parametrize("name", TEXTS)
def test_a_long_reply_takes_no_more_memory_than_a_short_one(name: str):
    """Except for one word without an end, of which the meter keeps the tokens."""
    through_all(TEXTS[name], 8_000)  # it makes what is made once
    short, _ = memory(lambda: through_all(TEXTS[name], 8_000))
    long, _ = memory(lambda: through_all(TEXTS[name], 40_000))
    allowed = 8 * 32_000 if name == "one word" else 16_000
    assert long < short + allowed


@pytest.mark.slow
@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", TEXTS)
def test_the_cost_of_a_long_reply_is_linear(name: str):
    check_linear_time(lambda size: through_all(TEXTS[name], size), 8_000, 80_000)

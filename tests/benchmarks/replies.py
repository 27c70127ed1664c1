"""Replies as OpenAI sends them: about 320 bytes an event, an event about a token."""

from __future__ import annotations

__all__ = ["CLOCK", "END", "HEAD", "event_at", "finish", "framed", "opening", "reply"]

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked\r\n\r\n"
END = b"0\r\n\r\n"
DONE = b"data: [DONE]\n\n"
WORDS = (
    *("The", " sky", " is", " blue", " because", " air", " scatters", " short", " waves", " more", ".", "\\n\\n"),
    *(" A", " sun", "set", " is", " red", ":", " caf\u00e9", " \u2014", ' \\"', "quoted", '\\"', " x", " =", " 3", "."),
    *(" \u4e2d", "\u6587", " **", "bold", "**", " and", " so", " on", ";"),
)
OBFUSCATIONS = ("aB3dE5fG7hI", "x9", "Qm0Zr", "LpW2vTb", "f", "R7yUq1k", "nB5c", "Zt8Hs2JkM4")
CHUNK = (
    'data: {"id":"chatcmpl-Cx41fTq9ZbW7kLmN2pRs8vYdEaHg","object":"chat.completion.chunk","created":1790000000,'
    '"model":"gpt-4o-2024-08-06","service_tier":"default","system_fingerprint":"fp_4a331a0222","choices":[{"index":0,'
    '"delta":%s,"logprobs":null,"finish_reason":%s}],"usage":null,"obfuscation":"%s"}\n\n'
)
CLOCK = 19
"""Digits of a clock in nanoseconds."""


def _chunk(delta: str, finish: str = "null", obfuscation: str = OBFUSCATIONS[0]) -> bytes:
    return (CHUNK % (delta, finish, obfuscation)).encode()


def opening() -> bytes:
    return _chunk('{"role":"assistant","content":"","refusal":null}')


def event_at(place: int) -> bytes:
    content = f'{{"content":"{WORDS[place % len(WORDS)]}"}}'
    return _chunk(content, obfuscation=OBFUSCATIONS[place % len(OBFUSCATIONS)])


def clocked() -> tuple[bytes, bytes]:
    """An event whose text is a clock: what stands before it, and what follows."""
    before, after = framed(_chunk('{"content":"%s"}' % ("?" * CLOCK))).split(b"?" * CLOCK)
    return before, after


def finish() -> list[bytes]:
    return [_chunk("{}", '"stop"'), DONE]


def framed(data: bytes) -> bytes:
    """One HTTP chunk."""
    return b"%x\r\n%s\r\n" % (len(data), data)


def reply(events: int, events_a_chunk: int, chunks_a_write: int) -> list[bytes]:
    """The writes of a whole reply with ``events`` texts."""
    blocks = [opening(), *map(event_at, range(events)), *finish()]
    chunks = [framed(b"".join(part)) for part in _parts(blocks, events_a_chunk)]
    writes = [b"".join(part) for part in _parts(chunks, chunks_a_write)]
    return [HEAD, *writes[:-1], writes[-1] + END]


def _parts(items: list[bytes], size: int) -> list[list[bytes]]:
    return [items[at : at + size] for at in range(0, len(items), size)]

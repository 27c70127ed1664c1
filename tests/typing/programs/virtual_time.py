"""Tests of an own operator and an own stage, in virtual time: nothing is waited for, and every moment is exact."""

from collections.abc import Iterable, Iterator

from reactivex import Observable, operators as rxo

import streamkit as sk
from streamkit import ops, testing


class Paragraphs:
    """str pieces → whole paragraphs."""

    def __init__(self) -> None:
        self.waiting = ""

    def feed(self, piece: str) -> Iterator[str]:
        *whole, self.waiting = (self.waiting + piece).split("\n\n")
        yield from whole

    def flush(self) -> Iterable[str]:
        return [self.waiting] if self.waiting else []


def calm(seconds: float) -> sk.Op[sk.Event, str]:
    def operator(source: Observable[sk.Event]) -> Observable[str]:
        return source.pipe(ops.throttle_text(seconds), ops.text())

    return operator


def test_paragraphs() -> None:
    for pieces in testing.every_split("one\n\ntwo"):
        assert list(sk.from_text(pieces).pipe(ops.text(), ops.stage(Paragraphs))) == ["one", "two"]


def test_calm() -> None:
    stream = testing.script("a", "b", "c", "d", every=0.4).pipe(calm(1.0), rxo.map(str.upper))
    recorded = testing.clock().run(stream, until=60)
    assert recorded.error is None
    assert recorded.reply.text == "abcd"
    assert list(zip(recorded.times, recorded.items, strict=True)) == [(0.0, "A"), (1.0, "BC"), (1.2, "D")]


def test_a_silent_server() -> None:
    client = testing.client(testing.Script("a b", stall_after=1), limits=sk.Limits(byte_idle=30))
    with testing.clock() as clock:
        recorded = clock.run(client.chat("Hi"))
    assert isinstance(recorded.error, sk.StalledError)
    assert recorded.error.partial.text == "a"
    assert clock.now == 30


if __name__ == "__main__":
    test_paragraphs()
    test_calm()
    test_a_silent_server()
    print("3 passed")

"""A pipeline and its test. Time is virtual: the test takes milliseconds and is exact."""

import streamkit as sk
from streamkit import operators as ops, testing


def preview(stream: sk.Stream[sk.Event]) -> sk.Stream[str]:
    """The text so far, at most twice a second: what to put into a chat message that is edited."""
    return stream.pipe(ops.snapshots(every=0.5))


def test_shows_the_first_word_at_once_and_then_twice_a_second() -> None:
    stream = testing.script("one ", "two ", "three ", "four", first=60, every=0.3)
    recorded = testing.clock().run(preview(stream))
    assert recorded.items == ["one ", "one two ", "one two three four"]
    assert recorded.times == [60.0, 60.5, 60.9]


def test_shows_all_there_was_when_the_reply_breaks() -> None:
    recorded = testing.clock().run(preview(testing.script("one ", "two ", "three", drop_after=2)))
    assert recorded.items[-1] == "one two "
    assert isinstance(recorded.error, sk.BrokenError)
    assert recorded.reply.text == "one two "


if __name__ == "__main__":
    test_shows_the_first_word_at_once_and_then_twice_a_second()
    test_shows_all_there_was_when_the_reply_breaks()
    print("both tests passed")

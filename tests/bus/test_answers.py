"""The answers of a server are read the same, whatever the pieces in which they come."""

from __future__ import annotations

import pytest

from streamkit.bus.redis_answers import Answers

SAID = (
    b"+ok 1 0\r\n:-7\r\n$-1\r\n*-1\r\n*0\r\n$0\r\n\r\n$4\r\na\r\nb\r\n"
    b"*1\r\n*2\r\n$1\r\nk\r\n*2\r\n*2\r\n+1-1\r\n*2\r\n$1\r\nd\r\n$3\r\n1 2\r\n*2\r\n$3\r\n1-2\r\n*0\r\n"
    b"-NOSCRIPT none\r\n"
)
FOUND = [b"ok 1 0", -7, None, None, [], b"", b"a\r\nb", [[b"k", [[b"1-1", [b"d", b"1 2"]], [b"1-2", []]]]]]


@pytest.mark.parametrize("size", [1, 2, 3, 7, len(SAID)])
def test_answers_come_in_any_pieces(size: int) -> None:
    answers = Answers(KeyError)
    pieces = [SAID[at : at + size] for at in range(0, len(SAID), size)]
    *found, error = [answer for piece in pieces for answer in answers.feed(piece)]
    assert found == FOUND
    assert repr(error) == repr(KeyError("NOSCRIPT none"))


@pytest.mark.parametrize("said", [b"HTTP/1.1 400 Bad Request\r\n", b"\r\n\r\n", b":one\r\n", b"*1\r\n?\r\n"])
def test_what_is_no_answer_is_an_error(said: bytes) -> None:
    with pytest.raises(ValueError):
        Answers(KeyError).feed(said)

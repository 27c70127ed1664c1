"""One JSON object a line: each case at every split, and what is no such body."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from streamkit.errors import BrokenError, MalformedError, StreamkitError, TooLargeError
from streamkit.testing import every_split
from streamkit.wire import Parser
from streamkit.wire.framing import LINES, SSE
from streamkit.wire.lines import LineDecoder
from tests.costs import check_linear_time
from tests.wire.bodies import read

CASES: dict[str, tuple[bytes, list[bytes], list[bytes]]] = {  # the lines, and the last one without its end
    "one": (b'{"a":1}\n', [b'{"a":1}'], []),
    "several": (b"1\n2\n3\n", [b"1", b"2", b"3"], []),
    "crlf": (b"1\r\n2\r\n", [b"1", b"2"], []),
    "blank lines": (b"\n\r\n1\n \t\n\n2\n\n", [b"1", b"2"], []),
    "a lone cr ends nothing": (b"[1,\r2]\n", [b"[1,\r2]"], []),
    "bom": (b"\xef\xbb\xbf1\n\xef\xbb\xbf2\n", [b"1", b"\xef\xbb\xbf2"], []),
    "bom alone": (b"\xef\xbb\xbf\n1\n", [b"1"], []),
    "no end": (b"1\n2", [b"1"], [b"2"]),
    "no end after bom": (b"\xef\xbb\xbf[2]", [], [b"[2]"]),
    "blanks at the end": (b"1\n \r", [b"1"], []),
    "cut": (b'1\n{"a"', [b"1"], [b'{"a"']),
    "nothing": (b"", [], []),
}


def lines_of(pieces: list[bytes]) -> tuple[list[bytes], list[bytes]]:
    """Whole lines without the white space around them, and the last one, whether it may be cut or not."""
    lines = LineDecoder(100)
    found = [line.strip() for piece in pieces for line in lines.split(piece)]  # type: ignore[union-attr]  # all bytes
    last = [item.data.encode() for item in (*lines.flush(), *([lines.rest] if lines.rest else []))]
    return found, last


@pytest.mark.parametrize("case", CASES)
def test_lines_at_every_split(case: str):
    data, lines, last = CASES[case]
    for pieces in every_split(data) if data else [[b""]]:
        assert lines_of(pieces) == (lines, last), pieces


def test_only_an_object_may_be_cut():
    for data, rest, given_out in ((b'{"a', '{"a', []), (b"<html", None, ["<html"])):
        lines = LineDecoder(100)
        assert lines.split(data) == []
        assert [item.data for item in lines.flush()] == given_out
        assert (lines.rest.data if lines.rest else None) == rest


def test_a_reused_buffer_is_copied():
    lines, buffer = LineDecoder(100), bytearray(b"[1")
    assert lines.split(buffer) == []  # type: ignore[arg-type]  # sockets read into such buffers
    buffer[:] = b"xx"
    assert lines.split(b"]\n") == [b"[1]"]
    with pytest.raises(TypeError):
        lines.split("text")  # type: ignore[arg-type]  # a mistake


@pytest.mark.parametrize("end", [b"\n", b""])
def test_a_line_beyond_the_limit(end: bytes):
    for pieces in every_split(b"12\n1234\n12345" + end):
        lines, out = LineDecoder(4), []
        for piece in pieces:
            out += lines.split(piece) if lines.error is None else []
        assert out == [b"12", b"1234"]
        with pytest.raises(TooLargeError, match="a line of more than 4 bytes"):
            lines.split(b"")
        with pytest.raises(TooLargeError):
            lines.flush()


@pytest.mark.slow
def test_a_long_line_in_small_pieces_takes_linear_time():
    def feed_all(size: int) -> None:
        lines = LineDecoder(10**9)
        for _ in range(size // 10):
            lines.split(b"0123456789")
        assert len(lines.split(b"\n")[0]) == size  # type: ignore[arg-type]  # bytes

    check_linear_time(feed_all, 500_000, 8_000_000)


def test_a_payload_is_written_as_one_line():
    assert LINES.block(b'{\r\n"a": 1\n}', "name") == b'{ "a": 1 }\n'


@pytest.mark.parametrize(
    ("start", "lines", "sse"),
    [
        (b"", None, None),
        (b"\xef\xbb", None, None),
        (b" \r\n", None, None),
        (b"{", None, True),
        (b"{ \r", None, True),
        (b'\xef\xbb\xbf\n{"a"', False, True),
        (b"{}", False, True),
        (b"{\r\n", True, True),
        (b"[", True, True),
        (b"data: {", False, False),
        (b"<html>", False, False),
    ],
)
def test_how_a_document_begins(start: bytes, lines: bool | None, sse: bool | None):
    assert (LINES.is_document(start), SSE.is_document(start)) == (lines, sse)


# -- through the parser ------------------------------------------------------------------------------------------------

WORD = b'{"model":"m","message":{"role":"assistant","content":"Hi"},"done":false}\n'
END = b'{"model":"m","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop"}\n'


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        (b"<html>busy</html>", MalformedError, "not JSON: <html>busy"),
        (b"<html>\nbusy\n</html>\n", MalformedError, "not JSON: <html>"),
        (WORD + b"Internal Server Error\n", MalformedError, "not JSON: Internal Server Error"),
        (WORD + b"Internal Server Error", MalformedError, "not JSON: Internal Server Error"),
        (WORD + b"data: {}\n", MalformedError, "not JSON: data"),
        (WORD + b'{"model"\n', MalformedError, "not JSON: {"),
        (WORD + b"[1]\n", MalformedError, "a chunk that is not an object"),
        (WORD + b"[1]", MalformedError, "a chunk that is not an object"),
        (WORD + b'{"a":"\xff"}\n', MalformedError, "not UTF-8"),
        (WORD + b"upstream", MalformedError, "a word that is not a chunk: upstream"),
        (WORD + END[:-5], BrokenError, "was cut"),
        (WORD, BrokenError, "was cut"),
        (b"\n", BrokenError, "was cut"),
        (b"", BrokenError, "was cut"),
    ],
)
def test_what_is_no_whole_reply(data: bytes, error: type[StreamkitError], message: str):
    for pieces in every_split(data) if data else [[b""]]:
        _, found = read(pieces, "ollama")
        assert type(found) is error
        assert message in str(found)
        assert found.partial is not None
        assert found.partial.text == ("Hi" if WORD in data else "")


@pytest.mark.parametrize(
    "data", [WORD + END, WORD + END[:-1], b"\xef\xbb\xbf" + WORD + b"\r\n" + END, WORD + b"[DONE]"]
)
def test_what_is_a_whole_reply(data: bytes):
    for pieces in every_split(data):
        events, error = read(pieces, "ollama")
        assert error is None
        assert events[-1].text == "Hi"  # type: ignore[union-attr]  # a Reply


def test_nothing_is_read_after_the_end():
    assert read(WORD + END + b"<html>", "ollama")[1] is None


def test_the_limit_of_an_event_is_that_of_a_line():
    _, error = read(WORD + b" " * 100 + END, "ollama", event_bytes=100)
    assert type(error) is TooLargeError
    assert error.partial is not None
    assert error.partial.text == "Hi"


@pytest.mark.parametrize("data", [END, WORD + END, b'{\n"message":{"content":""},\n"done":true}', b"[" + END + b"]"])
def test_a_body_that_was_announced_as_a_document(data: bytes):
    events = list(Parser("ollama").body(data))
    assert events[-1].text == ("Hi" if WORD in data else "")  # type: ignore[union-attr]  # a Reply


@given(st.lists(st.sampled_from([WORD, END, b"\n", b"\r", b"{", b"[DONE]", b"\xef\xbb\xbf", b"x", b" "]) | st.binary()))
def test_the_cuts_do_not_matter(parts: list[bytes]):
    data = b"".join(parts)
    whole, one = read(data, "ollama"), read([data[i : i + 1] for i in range(len(data))], "ollama")
    assert (one[0], repr(one[1])) == (whole[0], repr(whole[1]))

"""The checks of an HTTP response before any event is read: errors, redirects, media types, compression."""

from __future__ import annotations

import sys
import zlib
from collections.abc import Mapping

from ...errors import ApiError, MalformedError, StatusError, TooLargeError
from ...wire import BOM, SSE, Framing, api_error, is_hopeless, load_json, without_lead
from ...wording import excerpt, said
from .limits import Limits
from .rates import retry_after

__all__ = ["Inflate", "Sniffer", "inflater", "request_id", "status_error"]

RETRYABLE = frozenset({408, 409, 425, 429})
REDIRECT = "redirects are refused: they would carry the key and the prompt elsewhere"
CODINGS = {"gzip": 31, "x-gzip": 31, "deflate": 15}
"""Content codings that zlib can read, with the ``wbits`` that select them."""
UNREADABLE = frozenset(
    {"aes128gcm", "br", "brotli", "bzip2", "compress", "dcb", "dcz", "lz4", "lzma", "pack200-gzip", "snappy"}
    | {"x-brotli", "x-bzip2", "x-compress", "x-lzma", "x-snappy", "x-xz", "x-zstd", "xz", "zstd"}
)
"""Content codings that zlib cannot read: those in the registry of IANA, and others in use."""
LAYERS = 3
"""The most compressions on top of each other: more are an attempt to make little data expand to very much."""


def status_error(status: int, reason: str, headers: Mapping[str, str], body: bytes) -> StatusError:
    """The error for a response that is not a reply; ``body`` is as much of its body as was read."""
    text = body.decode("utf-8", "replace")
    reported = _server_error(text)
    message = excerpt(REDIRECT if 300 <= status < 400 else str(reported))
    coding = "" if message else _unreadable(headers.get("content-encoding", ""))
    if coding:
        message = f"what it says is encoded as {coding}, though only identity was asked for"
    passes = (status in RETRYABLE or status >= 500) and not is_hopeless(reported.code, reported.error_type)
    return StatusError(
        f"HTTP {status} {excerpt(reason)}".rstrip() + (f": {message}" if message else ""),
        status=status,
        request_id=request_id(headers),
        retryable={"true": True, "false": False}.get(headers.get("x-should-retry", "").strip().lower(), passes),
        retry_after=retry_after(headers),
        body=text,
        code=reported.code,
        error_type=reported.error_type,
        param=reported.param,
    )


def request_id(headers: Mapping[str, str]) -> str | None:
    return headers.get("x-request-id") or headers.get("apim-request-id") or headers.get("request-id")


def _server_error(text: str) -> ApiError:
    """The error that a server describes in the body of its response."""
    try:
        value = load_json(text)
    except MalformedError:
        value = None
    if isinstance(value, (dict, list, str)):
        return api_error(value)
    words = _without_tags(text)
    return api_error(words) if words.strip() else ApiError("")


def _without_tags(text: str) -> str:
    """The words of an HTML page, roughly: they go into a message that people read."""
    out, depth = [], 0
    for char in text[:4000]:
        depth += char == "<"
        if not depth:
            out.append(char)
        if char == ">" and depth:
            depth -= 1
            out.append(" ")
    return "".join(out)


class Sniffer:
    """A stage that holds back the first bytes of a body until they show its ``kind``: a ``"stream"`` of ``framing``,
    or one JSON document (``"json"``).

    Servers send streams under any media type, so the type is trusted only if it is that of ``framing``; otherwise the
    first bytes decide. HTML is never a reply (`MalformedError`); a body with the media type of HTML is a reply if it
    begins like a stream or an object. White space before the first word is dropped.
    """

    def __init__(self, content_type: str, framing: Framing = SSE) -> None:
        self.kind = "stream"
        self._framing = framing
        self._media = content_type.partition(";")[0].strip().lower()
        self._is_decided = False
        self._held = b""

    def feed(self, data: bytes) -> bytes:
        """The bytes that may be read by now."""
        if self._is_decided:
            return data
        self._held = without_lead(self._held + data)
        return b"" if self._is_doubtful else self.flush()

    def flush(self) -> bytes:
        """The rest of the bytes held back, after the last read."""
        held, self._held, self._is_decided = self._held, b"", True
        if self._is_honest:
            return held
        if held.startswith(b"<") or (held and self._is_html and not held.startswith((*self._framing.begins, b"{"))):
            words = excerpt(_without_tags(held.decode("utf-8", "replace")))
            raise MalformedError(f"the answer is {self._media or 'HTML'}, not {self._framing.called}: {words}")
        if self._framing.is_document(held):
            self.kind = "json"
        return held

    @property
    def _is_honest(self) -> bool:
        return self._media == self._framing.media

    @property
    def _is_html(self) -> bool:
        return self._media == "text/html"

    @property
    def _is_doubtful(self) -> bool:
        start = self._held
        if self._is_honest:
            return BOM.startswith(start)
        may_become = self._is_html and any(mark.startswith(start) and mark != start for mark in self._framing.begins)
        return may_become or self._framing.is_document(start) is None


class _Layer:
    """One compression of a body: a read may expand to at most ``limit`` bytes, the whole body to at most ``total``."""

    def __init__(self, wbits: int, limit: int, total: int) -> None:
        self._zlib, self._wbits = zlib.decompressobj(wbits), wbits
        self._limit, self._remaining = limit, total

    def feed(self, data: bytes) -> bytes:
        """The decompressed bytes; raises `TooLargeError` for a read that would expand beyond a limit."""
        room = min(self._limit, self._remaining)
        out: list[bytes] = []
        try:
            while data and room > 0:
                if self._zlib.eof:
                    if data[:1] != b"\x1f":  # padding
                        break
                    self._zlib = zlib.decompressobj(self._wbits)  # a gzip file may have several members (RFC 1952, 2.2)
                out.append(self._zlib.decompress(data, room))
                room -= len(out[-1])
                self._remaining -= len(out[-1])
                data = self._zlib.unconsumed_tail or self._zlib.unused_data
        except zlib.error as exc:
            raise MalformedError(f"the answer's compression is broken: {said(exc)}") from exc
        if room <= 0:
            raise TooLargeError("a compressed answer expands beyond the limits")
        return b"".join(out)


class Inflate:
    """A compressed body, which may have been compressed more than once: the last coding comes off first."""

    def __init__(self, layers: list[_Layer]) -> None:
        self._layers = layers

    def feed(self, data: bytes) -> bytes:
        for layer in self._layers:
            data = layer.feed(data)
        return data


def inflater(encoding: str, limits: Limits) -> Inflate | None:
    """The decompressor for a body with this ``content-encoding``, or None; ``reply_bytes`` bounds all of its output.

    Servers also write words there that are not codings (none, utf-8, chunked): these are ignored. Raises
    `MalformedError` for codings that zlib cannot read.
    """
    unreadable = _unreadable(encoding)
    if unreadable:
        raise MalformedError(f"the answer is encoded as {unreadable}, though only identity was asked for")
    codings = [CODINGS[word] for word in _words(encoding) if word in CODINGS]
    if not codings:
        return None
    limit, total = limits.event_bytes or sys.maxsize, limits.reply_bytes or sys.maxsize
    return Inflate([_Layer(wbits, limit, total) for wbits in reversed(codings)])


def _unreadable(encoding: str) -> str:
    """The first coding in a ``content-encoding`` that zlib cannot read; all codings if there are too many; else an
    empty string."""
    words = _words(encoding)
    if sum(word in CODINGS for word in words) > LAYERS:
        return excerpt(encoding)
    return next((word for word in words if word in UNREADABLE), "")


def _words(encoding: str) -> list[str]:
    return [word.partition(";")[0].strip().lower() for word in encoding.split(",")]

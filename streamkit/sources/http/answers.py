"""What an HTTP answer means before any event is read: errors, redirects, media types, compression."""

from __future__ import annotations

import email.utils
import sys
import time
import zlib
from collections.abc import Mapping
from datetime import UTC

from ...errors import ApiError, MalformedError, StatusError, TooLargeError
from ...wire import BOM, SSE, Framing, api_error, is_hopeless, load, without_lead
from ...wording import excerpt, said
from .limits import Limits

__all__ = ["Inflate", "Sniffer", "inflater", "request_id", "status_error"]

RETRYABLE = frozenset({408, 409, 425, 429})
REDIRECT = "redirects are refused: they would carry the key and the prompt elsewhere"
FOR_EVER = 1e9
"""Seconds. Whoever is asked to wait for longer is told to wait for this long."""
CODINGS = {"gzip": 31, "x-gzip": 31, "deflate": 15}
"""Content codings that zlib reads, with what it calls them (``wbits``)."""
UNREADABLE = frozenset(
    {"aes128gcm", "br", "brotli", "bzip2", "compress", "dcb", "dcz", "lz4", "lzma", "pack200-gzip", "snappy"}
    | {"x-brotli", "x-bzip2", "x-compress", "x-lzma", "x-snappy", "x-xz", "x-zstd", "xz", "zstd"}
)
"""Those that it does not: the registry of IANA and what else is in use."""
LAYERS = 3
"""Compressions on top of each other, at most: more are an attempt to have little data expand to very much."""


def status_error(status: int, reason: str, headers: Mapping[str, str], body: bytes) -> StatusError:
    """The error for an answer that is no reply; ``body`` is as much of it as was read."""
    text = body.decode("utf-8", "replace")
    told = _told(text)
    said = excerpt(REDIRECT if 300 <= status < 400 else str(told))
    coding = "" if said else _unreadable(headers.get("content-encoding", ""))
    if coding:
        said = f"what it says is encoded as {coding}, though only identity was asked for"
    passes = (status in RETRYABLE or status >= 500) and not is_hopeless(told.code, told.error_type)
    return StatusError(
        f"HTTP {status} {excerpt(reason)}".rstrip() + (f": {said}" if said else ""),
        status=status,
        request_id=request_id(headers),
        retryable={"true": True, "false": False}.get(headers.get("x-should-retry", "").strip().lower(), passes),
        retry_after=_retry_after(headers),
        body=text,
        code=told.code,
        error_type=told.error_type,
        param=told.param,
    )


def request_id(headers: Mapping[str, str]) -> str | None:
    return headers.get("x-request-id") or headers.get("apim-request-id") or headers.get("request-id")


def _told(text: str) -> ApiError:
    """What a server says went wrong."""
    try:
        value = load(text)
    except MalformedError:
        value = None
    if isinstance(value, (dict, list, str)):
        return api_error(value)
    words = _without_tags(text)
    return api_error(words) if words.strip() else ApiError("")


def _without_tags(text: str) -> str:
    """An HTML page's words, roughly: a message is for people."""
    out, depth = [], 0
    for char in text[:4000]:
        depth += char == "<"
        if not depth:
            out.append(char)
        if char == ">" and depth:
            depth -= 1
            out.append(" ")
    return "".join(out)


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds, from ``retry-after-ms`` or ``retry-after`` (a number or a date, RFC 9110 section 10.2.3)."""
    for name, scale in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        seconds = _number(headers.get(name, ""))
        if seconds is not None:
            return seconds / scale
    try:
        when = email.utils.parsedate_to_datetime(headers.get("retry-after", ""))
        when = when if when.tzinfo else when.replace(tzinfo=UTC)
        return max(0.0, when.timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return None


def _number(text: str) -> float | None:
    """Any number of digits is one; what is negative, infinite or no number is none."""
    try:
        value = float(text)
    except ValueError:
        return None
    if text.strip().isdecimal():
        return min(value, FOR_EVER)
    return value if 0 <= value < FOR_EVER else None


class Sniffer:
    """The first bytes of a body, held back until they tell what ``kind`` it is: a ``"stream"`` of ``framing``, or one
    JSON document (``"json"``).

    Servers send streams under any name, so only an honest one is taken at its word. HTML is never a reply
    (`MalformedError`); what only bears its name is, if it begins like a stream or an object. White space before the
    first word is dropped.
    """

    def __init__(self, content_type: str, framing: Framing = SSE) -> None:
        self.kind = "stream"
        self._framing = framing
        self._media = content_type.partition(";")[0].strip().lower()
        self._known = False
        self._held = b""

    def feed(self, data: bytes) -> bytes:
        """What may be read by now."""
        if self._known:
            return data
        self._held = without_lead(self._held + data)
        return b"" if self._is_doubtful else self.flush()

    def flush(self) -> bytes:
        """The rest, after the last read."""
        held, self._held, self._known = self._held, b"", True
        if self._is_honest:
            return held
        if held.startswith(b"<") or (held and self._is_html and not held.startswith((*self._framing.begins, b"{"))):
            shown = excerpt(_without_tags(held.decode("utf-8", "replace")))
            raise MalformedError(f"the answer is {self._media or 'HTML'}, not {self._framing.called}: {shown}")
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
        may_become = self._is_html and any(one.startswith(start) and one != start for one in self._framing.begins)
        return may_become or self._framing.is_document(start) is None


class _Layer:
    """One compression of a body: what one read expands to is at most ``limit`` bytes, the whole at most ``total``."""

    def __init__(self, wbits: int, limit: int, total: int) -> None:
        self._zlib, self._wbits = zlib.decompressobj(wbits), wbits
        self._limit, self._left = limit, total

    def feed(self, data: bytes) -> bytes:
        """`TooLargeError` for a read that would expand beyond a limit."""
        room = min(self._limit, self._left)
        out: list[bytes] = []
        try:
            while data and room > 0:
                if self._zlib.eof:
                    if data[:1] != b"\x1f":  # padding
                        break
                    self._zlib = zlib.decompressobj(self._wbits)  # gzip's members follow each other (RFC 1952, 2.2)
                out.append(self._zlib.decompress(data, room))
                room -= len(out[-1])
                self._left -= len(out[-1])
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
    """What a body with this ``content-encoding`` is read through; ``reply_bytes`` bounds all of it.

    Servers also write words there that are no codings (none, utf-8, chunked): these change nothing. `MalformedError`
    for codings that we cannot read.
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
    """The coding in a ``content-encoding`` that we cannot read, if there is one."""
    words = _words(encoding)
    if sum(word in CODINGS for word in words) > LAYERS:
        return excerpt(encoding)
    return next((word for word in words if word in UNREADABLE), "")


def _words(encoding: str) -> list[str]:
    return [word.partition(";")[0].strip().lower() for word in encoding.split(",")]

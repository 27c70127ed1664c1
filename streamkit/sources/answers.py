"""What an HTTP answer means before any event is read: errors, redirects, media types, compression."""

from __future__ import annotations

import email.utils
import json
import time
import zlib
from collections.abc import Mapping
from typing import Any

from ..errors import MalformedError, StatusError, TooLargeError, excerpt

__all__ = ["Inflate", "inflater", "looks_like", "request_id", "status_error"]

RETRYABLE = frozenset({408, 409, 425, 429})
HOPELESS = ("insufficient_quota", "billing_hard_limit_reached")


def status_error(status: int, reason: str, headers: Mapping[str, str], body: bytes) -> StatusError:
    """The error for an answer that is no reply; ``body`` is as much of it as was read."""
    text = body.decode("utf-8", "replace")
    said, code = _message(text)
    if 300 <= status < 400:
        said = "redirects are refused: they would carry the key and the prompt elsewhere"
    message = f"HTTP {status} {reason}".rstrip() + (f": {excerpt(said)}" if said else "")
    return StatusError(
        message,
        status=status,
        request_id=request_id(headers),
        retryable=(status in RETRYABLE or status >= 500) and code not in HOPELESS,
        retry_after=_retry_after(headers),
        body=text,
    )


def request_id(headers: Mapping[str, str]) -> str | None:
    return headers.get("x-request-id") or headers.get("apim-request-id") or headers.get("request-id")


def _message(text: str) -> tuple[str, Any]:
    """What a server says went wrong, out of the forms that servers use, and its code."""
    try:
        form = json.loads(text)
    except (ValueError, RecursionError):
        return _without_tags(text), None
    inner = form.get("error", form) if isinstance(form, dict) else form
    if isinstance(inner, dict):
        said = inner.get("message") or inner.get("detail") or inner.get("msg") or text
        return said if isinstance(said, str) else json.dumps(said), inner.get("code")
    return inner if isinstance(inner, str) else text, None


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
        try:
            value = float(headers.get(name, "")) / scale
        except ValueError:
            continue
        if 0 <= value < 1e9:
            return value
    try:
        when = email.utils.parsedate_to_datetime(headers.get("retry-after", ""))
        return max(0.0, when.timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return None


def looks_like(content_type: str, start: bytes) -> str:
    """``"sse"`` or ``"json"``, from the media type and the first bytes that are no white space.

    Servers send event streams under any name, so only an honest event stream is taken at its word; HTML is never a
    reply (`MalformedError`).
    """
    media = content_type.partition(";")[0].strip().lower()
    if media == "text/event-stream":
        return "sse"
    if media == "text/html" or start.startswith(b"<"):
        shown = excerpt(_without_tags(start.decode("utf-8", "replace")))
        raise MalformedError(f"the answer is {media or 'HTML'}, not an event stream: {shown}")
    return "json" if start[:1] in (b"{", b"[") else "sse"


class Inflate:
    """A compressed body, at most ``limit`` bytes at a time: what one read expands to stays bounded."""

    def __init__(self, encoding: str, limit: int) -> None:
        wbits = {"gzip": 31, "x-gzip": 31, "deflate": 15}.get(encoding)
        if wbits is None:
            raise MalformedError(f"the answer is encoded as {encoding!r}, though nothing but identity was asked for")
        self._zlib, self._limit = zlib.decompressobj(wbits), limit

    def feed(self, data: bytes) -> bytes:
        """`TooLargeError` for a read that would expand beyond the limit."""
        try:
            out = self._zlib.decompress(data, self._limit)
        except zlib.error as exc:
            raise MalformedError(f"the answer's compression is broken: {exc}") from exc
        if self._zlib.unconsumed_tail:
            raise TooLargeError(f"one read of a compressed answer expands to more than {self._limit} bytes")
        return out


def inflater(encoding: str, limit: int | None) -> Inflate | None:
    encoding = encoding.strip().lower()
    return None if encoding in ("", "identity") else Inflate(encoding, limit or 64 * 2**20)

"""The pauses and the rate limits in the headers of an answer, in the forms that servers give them.

The words of a header's name say what it is of: a limit, what remains of it or when it is reset, in requests or tokens,
and the window or the project it holds for. Headers with any other word are of other limits, and left out. A value that
cannot be read counts as not sent.
"""

from __future__ import annotations

import email.utils
import re
import sys
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from math import inf

from ...rate_limits import RateLimit, RateLimits

__all__ = ["rate_limits", "retry_after"]

FOR_EVER = 1e9
"""Seconds: the longest wait that is reported; a longer one that a server asks for is cut to this."""
EPOCH = 1e9
"""A time of reset from here on is a moment, in seconds since 1970, and not a wait; from 100 times as much on it is in
milliseconds."""
UNITS = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ns": 1e-9}
PART = r"(\d+(?:\.\d*)?|\.\d+)(d|h|ms|m|s|us|µs|μs|ns)"
DURATION = re.compile(f"(?:{PART})+", re.ASCII)
NUMBER = re.compile(r"\d+(?:\.\d*)?|\.\d+", re.ASCII)
LONGEST = 100
"""Characters of a figure; a longer one is not one."""

NAME = re.compile(r"(?:x-)?(?:[a-z]+-)??(rate-?limit|token-?limit)s?(?:-(.+))?")
FIGURES = frozenset({"limit", "remaining", "reset"})
KINDS = {
    **dict.fromkeys(("req", "request", "requests"), "requests"),
    **dict.fromkeys(("token", "tokens"), "tokens"),
    **dict.fromkeys(("input", "prompt"), "input_tokens"),
    **dict.fromkeys(("output", "completion", "generated"), "output_tokens"),
}
SCOPES = frozenset({"day", "daily", "hour", "minute", "month", "per", "second"} | {"key", "model", "org", "project"})
"""The words for what a limit holds for; limits that differ in them are different ones."""
SHORT = {"r": "remaining", "t": "reset", "q": "limit", **{word: word for word in FIGURES}}
"""The parameters of the draft's fields ``RateLimit`` and ``RateLimit-Policy``, and the words of its earlier form."""


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds, from ``retry-after-ms`` or ``retry-after`` (a number or a date, RFC 9110 section 10.2.3)."""
    for name, scale in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        seconds = _number(headers.get(name, ""))
        if seconds is not None:
            return seconds / scale
    date = headers.get("retry-after")
    return None if date is None else _until_date(date, _now(headers))


def rate_limits(headers: Mapping[str, str]) -> RateLimits | None:
    """The limits that ``headers``, whose names are in lower case, report; None if they report none.

    Read are ``x-ratelimit-*`` of OpenAI (durations like "6m0s"), Azure, Groq, Mistral and others,
    ``anthropic-ratelimit-*`` (times as in RFC 3339), and the fields of the IETF's draft on rate limits, in its form of
    today and in the earlier ones. Times are reckoned from the server's own ``date``, if it sends one.
    """
    pause = retry_after(headers)
    groups: dict[tuple[str, frozenset[str]], dict[str, str]] = {}
    for kind, scope, name, value in _statements(headers):
        groups.setdefault((kind, scope), {})[name] = value
    if not groups and pause is None:
        return None
    now = _now(headers)
    found: dict[str, list[RateLimit]] = {}
    for (kind, _), values in groups.items():
        limit = RateLimit(
            _count(values.get("limit", "")), _count(values.get("remaining", "")), _until(values.get("reset", ""), now)
        )
        if limit != RateLimit():
            found.setdefault(kind, []).append(limit)
    if not found and pause is None:
        return None
    return RateLimits(**{kind: min(limits, key=_left) for kind, limits in found.items()}, retry_after=pause)


def _left(limit: RateLimit) -> tuple[float, float]:
    """The remaining figure of a limit, then the limit itself, for comparison; one that is not known counts as the
    largest."""
    remaining = inf if limit.remaining is None else limit.remaining
    return remaining, inf if limit.limit is None else limit.limit


# -- names -------------------------------------------------------------------------------------------------------------


def _statements(headers: Mapping[str, str]) -> Iterator[tuple[str, frozenset[str], str, str]]:
    """The figures in the headers: each with the kind of its limit, the scope of that, and its own name."""
    drafted: dict[str, dict[str, str]] = {}
    for name, value in headers.items():
        match = NAME.fullmatch(name)
        if match is not None and match[2] in (None, "policy"):
            _read_draft(value, drafted)
        elif match is not None and (meaning := _meaning(match[1], re.split("[-_]", match[2]))) is not None:
            yield *meaning, value
    for policy, figures in drafted.items():
        unit = figures.get("qu", "tokens" if "token" in policy.lower() else "requests").strip('"')
        if unit in KINDS:
            yield from ((KINDS[unit], frozenset({policy}), SHORT[key], figures[key]) for key in SHORT if key in figures)


def _meaning(family: str, words: list[str]) -> tuple[str, frozenset[str], str] | None:
    """The kind, the scope and the figure that the words of a name mean; None if there is a word of something else."""
    fields = [word for word in words if word in FIGURES]
    kinds = {KINDS[word] for word in words if word in KINDS}
    scope = frozenset(word for word in words if word in SCOPES)
    if len(fields) != 1 or not all(word in FIGURES or word in KINDS or word in SCOPES for word in words):
        return None
    if len(kinds) > 1:
        kinds.discard("tokens")  # as in "input-tokens"
    usual = "tokens" if family.startswith("token") else "requests"
    return (kinds.pop() if kinds else usual, scope, fields[0]) if len(kinds) <= 1 else None


def _read_draft(value: str, policies: dict[str, dict[str, str]]) -> None:
    """Add the parameters in a field of the draft to those of its policies: ``"name";r=50;t=30``, or without a name
    ``limit=100, reset=30``."""
    for item in value.split(","):
        pairs = [part.partition("=") for part in item.split(";")]
        name = next((key.strip() for key, is_pair, _ in pairs if not is_pair), "")
        policies.setdefault(name, {}).update({key.strip(): text.strip() for key, is_pair, text in pairs if is_pair})


# -- values ------------------------------------------------------------------------------------------------------------


def _count(text: str) -> int | None:
    """A number of requests or tokens: the first, if there is a list with parameters (``100, 100;w=60``)."""
    first = re.split("; ?|, ", text.strip(), maxsplit=1)[0]
    return min(int(float(first)), sys.maxsize) if NUMBER.fullmatch(first) and len(first) < LONGEST else None


def _until(text: str, now: float) -> float | None:
    """The seconds from ``now`` until a reset: a number, a duration (``6m0s``), a moment as a number or as a date."""
    text = text.strip()
    if NUMBER.fullmatch(text):
        number = float(text)
        moment = number / 1000 if number >= 100 * EPOCH else number
        return _bounded(number if number < EPOCH else moment - now)
    if len(text) < LONGEST and DURATION.fullmatch(text):
        return _bounded(sum(float(figure) * UNITS[unit] for figure, unit in re.findall(PART, text)))
    try:
        return _bounded(_moment(datetime.fromisoformat(text.upper())) - now)
    except (ValueError, OverflowError):
        return _until_date(text, now)


def _until_date(text: str, now: float) -> float | None:
    """The seconds from ``now`` to a date as HTTP writes it."""
    date = _date(text)
    return None if date is None else _bounded(date - now)


def _now(headers: Mapping[str, str]) -> float:
    """The time of the answer, in seconds since 1970: by the clock of the server, to which the other times of its answer
    belong; by that of this machine if it sends none."""
    date = _date(headers.get("date", ""))
    return time.time() if date is None else date


def _date(text: str) -> float | None:
    try:
        return _moment(email.utils.parsedate_to_datetime(text))
    except (ValueError, TypeError, OverflowError):
        return None


def _moment(when: datetime) -> float:
    """Seconds since 1970. A time without a zone is in UTC."""
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()


def _bounded(seconds: float) -> float:
    return round(min(max(0.0, seconds), FOR_EVER), 6)


def _number(text: str) -> float | None:
    """``text`` as a number, however many digits it has; None if it is negative, infinite or not a number."""
    try:
        value = float(text)
    except ValueError:
        return None
    if text.strip().isdecimal():
        return min(value, FOR_EVER)
    return value if 0 <= value < FOR_EVER else None

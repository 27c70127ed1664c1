"""Reads an error object, in a reply or as the body of an HTTP response, into an `ApiError`.

Its message, code and type are looked for under all the names that are in use, from the innermost object outwards, so
that no form needs a reader of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from ..errors import ApiError
from ..wording import excerpt
from .json_codec import quote_json

__all__ = ["COMPLAINT", "FAILED", "VERDICT", "WORDS", "api_error", "code_of", "fold_name", "folded_members",
           "integer", "is_hopeless", "spaced_words", "speaks_of_failure"]  # fmt: skip

MESSAGE = 1000  # the number of characters of a server's message that are kept
FAILED = frozenset({"error", "fail", "failed", "failure"})

# All names without case and underscores.
NESTS = ("error", "errors", "errormsg", "baseresp", "response", "responsemetadata")
TEXTS = ("message", "msg", "statusmsg", "detail", "errormessage", "errormsg", "errmsg", "retmsg", "errordescription",
         "description", "title", "error", "reason", "errors")  # fmt: skip
WORDS = ("message", "msg", "statusmsg", "detail", "errormessage", "errormsg", "errmsg", "retmsg", "title")
CODES = ("code", "statuscode", "errorcode", "errcode", "errno", "httpcode", "ret", "retcode")
TYPES = ("type", "errortype", "status")
NUMBERS = ("status", "error")  # a code if they hold a number
VERDICT = (*TEXTS, *CODES, *TYPES, *NESTS)
"""Members that may say whether an error object reports an error at all."""
COMPLAINT = frozenset((*TEXTS, *CODES, *TYPES, "param", "requestid", "traceid", "timestamp", "path", "data", "success"))
"""The members of an object that is a complaint and nothing else."""


def api_error(error: Any, around: dict[str, Any] | None = None, passing: frozenset[int] = frozenset()) -> ApiError:
    """``error`` (an object or a text, as the server sent it) as an exception; ``around`` is the object it was in."""
    forms = [folded_members(form) for form in _objects_in(error, around)]
    message = excerpt(error, MESSAGE) if isinstance(error, str) else _message(forms)
    code, error_type = code_of(forms), _type(forms, message)
    if code is None and isinstance(error, int) and not isinstance(error, bool):
        code = error
    if code is None and error_type is not None and (error_type.endswith("Exception") or error_type.isupper()):
        code = error_type
    param = next((form["param"] for form in forms if isinstance(form.get("param"), str)), None)
    message = message or ("error without a message" if isinstance(error, str) else quote_json(error))
    retryable = _is_retryable(code, error_type, message, passing)
    return ApiError(message, code=code, error_type=error_type, param=param, retryable=retryable)


def _objects_in(error: Any, around: dict[str, Any] | None) -> list[dict[str, Any]]:
    """The objects that may hold the message, the code or the type, the innermost first."""
    forms = [around] if isinstance(around, dict) else []
    inner = _object(error)
    while inner is not None:
        forms.append(inner)
        inner = _inner(inner)
    return forms[::-1]


def _inner(form: dict[str, Any]) -> dict[str, Any] | None:
    """The object with more details that lies in ``form``: the one under ``error``, or under any name of `NESTS` if
    ``form`` has no message of its own."""
    fields = folded_members(form)
    worded = any(isinstance(fields.get(name), str) for name in WORDS)
    nests = [fields.get(name) for name in (NESTS[:1] if worded else NESTS)]
    objects = ((name, inner) for name, inner in form.items() if isinstance(inner, dict))
    nests += [{"type": name, **inner} for name, inner in objects if name.endswith("Exception")]
    return next(filter(None, map(_object, nests)), None)


def _object(value: Any) -> dict[str, Any] | None:
    """An object that is not empty, or the first one of a list."""
    if isinstance(value, list) and value:
        value = value[0]
    return value if isinstance(value, dict) and value else None


def fold_name(name: str) -> str:
    """Return a member's name without case and underscores."""
    return name.replace("_", "").lower()


def folded_members(form: dict[str, Any]) -> dict[str, Any]:
    return {fold_name(name): value for name, value in form.items()}


def _message(forms: list[dict[str, Any]]) -> str:
    """The first text under one of the names of a message, else the first object or list there, as JSON."""
    values = [form[name] for form in forms for name in TEXTS if form.get(name)]
    texts: Iterator[str] = (excerpt(text, MESSAGE) for text in values if isinstance(text, str) and text.strip())
    return next(texts, "") or next((quote_json(value) for value in values if isinstance(value, (list, dict))), "")


def code_of(forms: list[dict[str, Any]]) -> str | int | None:
    """The first code, in `folded_members` of objects; else a status, if it is a number."""
    values = [form.get(name) for name in CODES for form in forms]
    values += [integer(form.get(name)) for name in NUMBERS for form in forms]
    for value in values:
        if isinstance(value, float) and value.is_integer():
            return int(value)
        if isinstance(value, (str, int)) and not isinstance(value, bool) and value != "":
            return value
    return None


def _type(forms: list[dict[str, Any]], message: str) -> str | None:
    """The kind of error, as a word; AWS writes ``namespace#Kind``, Google a status in capitals."""
    for form in forms:
        for name in (*TYPES, "error"):
            word = form.get(name)
            if not isinstance(word, str) or not word or word.lower() in FAILED:
                continue
            if (name == "status" and not word.isupper()) or (name == "error" and excerpt(word, MESSAGE) == message):
                continue
            return excerpt(word.rpartition("#")[2])
    return None


# -- may trying again help? -----------------------------------------------------------------------------------------

STATUSES = frozenset(status.value for status in HTTPStatus if status >= 400)
BILLING = r"billing(?! (\w+ )?(api|backend|busy|internal|overload|rate|server|service|system|time ?out|unavailable))"
"""Matches an unpaid bill, but not a billing server that is down."""
HOPELESS = re.compile(rf"insufficient (quota|balance|funds|credit)|{BILLING}|current quota|arrear")
VERDICTS = (
    (True, re.compile(r"throttl|per (minute|second)")),
    (False, re.compile(
        rf"invalid|quota|authenticat|unauthori[sz]ed|permission|not found|{BILLING}|balance|arrear|daily|monthly"
        r"|total request|usage limit|content filter|context length|tool use failed|sensitive|余额|欠费|鉴权")),
    (True, re.compile(
        r"\b(rate limit|rate exceeded|too many|request limit|limit reached|slow down|overload|server error|internal"
        r"|api error|unavailable|time ?out|timed out|try again|temporar|capacity|bad gateway|busy|not ready"
        r"|stream error|throughput|retry (your|later))|稍后|频率|限流|繁忙|超时|过载")),
)  # fmt: skip
"""The first pattern that is found in a code, a type or a message decides. These are sentences, where a single word says
little: the names by which a reply ends have a table of their own (`streamkit.reasons`)."""


BAD_NEWS = re.compile(r"error|exception|fail|denied|abort|crash|错误|失败|异常", re.IGNORECASE)


def speaks_of_failure(message: str) -> bool:
    """True if a message alone, without a code, says that something went wrong."""
    return any(
        pattern.search(spaced_words(message)) for pattern in (BAD_NEWS, HOPELESS, *(words for _, words in VERDICTS))
    )


def is_hopeless(code: str | int | None, error_type: str | None) -> bool:
    """True if a bill has to be paid before trying again makes sense, whatever the status."""
    return any(HOPELESS.search(spaced_words(str(word))) for word in (code, error_type) if word is not None)


def _is_retryable(code: str | int | None, error_type: str | None, message: str, passing: frozenset[int]) -> bool:
    number = integer(code)
    if is_hopeless(code, error_type):
        return False
    if number is not None and number in passing:
        return True
    if number in STATUSES or (number is not None and 500 <= number < 600):
        return number in (408, 409, 425, 429) or number >= 500
    for words in (code if number is None else None, error_type, message):
        for verdict, pattern in VERDICTS:
            if words is not None and pattern.search(spaced_words(str(words))):
                return verdict
    return False


def spaced_words(words: str) -> str:
    """Return words in lower case with spaces between them: ``rate_limit``, ``rate-limit`` and ``RateLimit`` alike."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])|[\W_]+", " ", words).lower()


def integer(code: Any) -> int | None:
    """An integer, also as a float or as a text of digits."""
    if isinstance(code, float):
        return int(code) if code.is_integer() else None
    if isinstance(code, str):
        return int(code) if re.fullmatch(r"-?[0-9]{1,9}", code.strip()) else None
    return code if isinstance(code, int) and not isinstance(code, bool) else None

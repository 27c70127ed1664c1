"""By what an error is recognised inside a reply, in the many forms that servers have for it.

`SIGNS` is the table: a new form is a new line. What an error says is read elsewhere (`complaints`), the same for all.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

from ..errors import ApiError, MalformedError, StreamkitError
from ..wording import excerpt
from .complaints import (
    COMPLAINT,
    FAILED,
    VERDICT,
    WORDS,
    api_error,
    code_of,
    folded,
    folded_members,
    integer,
    spaced,
    speaks_of_failure,
)
from .jsoncodec import load, quote_json

__all__ = ["BESIDE_NAMES", "api_error", "complaint", "error_object", "find", "is_fine", "may_report", "stray_problem"]

FINE = re.compile(
    r"|ok|okay|((the )?(request|operation) (was |is )?)?(success|succeeded|successful|successfully)|normal|none|null"
    r"|nil|(no|without) errors?|noerror|connected|start|started|begin|streaming|\w{0,4}成功"
)
"""Words which say that all is well."""
DEEP = 4
"""Levels of an object in which it may say that it is no error."""


def _is_well(text: str) -> bool:
    return FINE.fullmatch(spaced(text[:100]).strip()) is not None


def is_fine(error: Any, depth: int = DEEP) -> bool:
    """Whether what stands in the place of an error is none: empty, or all that it says is success."""
    if error is None or isinstance(error, bool):
        return not error
    if isinstance(error, (dict, list)) and not depth:
        return False
    if isinstance(error, dict):
        told = folded_members(error)
        verdicts = [told[name] for name in VERDICT if name in told]
        return all(is_fine(value, depth - 1) for value in verdicts or error.values())
    if isinstance(error, list):
        return all(is_fine(value, depth - 1) for value in error)
    return not _fails(error)


def _fails(code: Any) -> bool:
    """Whether a code is none of the many that mean success."""
    number = integer(code)
    if number is not None:
        return number != 0 and not 200 <= number < 300
    return isinstance(code, str) and not _is_well(code)


def _is_wrong(error: Any) -> bool:
    return not is_fine(error)


def _is_no(told: Any) -> bool:
    return told is False or (isinstance(told, str) and told.strip().lower() == "false")


def _is_refusal(status: Any) -> bool:
    """An HTTP status, or less than nothing; other numbers may mean anything."""
    number = integer(status)
    return status is False or (number is not None and (number < 0 or 400 <= number < 1000))


def _is_failure(word: Any) -> bool:
    return isinstance(word, str) and word.lower() in FAILED


def _names_error(word: Any) -> bool:
    return isinstance(word, str) and word.lower().endswith(("error", "exception", "fault"))


def _has_error(told: Any) -> bool:
    return isinstance(told, dict) and _is_wrong(told.get("Error"))


class Sign(NamedTuple):
    """The member ``name`` of a chunk reports an error if it ``fails``.

    ``beside``: in a chunk with content too. ``worded``: only if there is a message as well. ``unsure``: not with a
    reply's usage nor after its end, where servers put many things; so is all that is ``worded``. ``passing``: the codes
    of this form, besides HTTP's, after which trying again may help.
    """

    name: str
    fails: Callable[[Any], bool]
    beside: bool = False
    worded: bool = False
    unsure: bool = False
    passing: frozenset[int] = frozenset()


# The first sign that fits is the one that counts, so order matters: ``error``, ``__type``, ``type`` and ``status``
# stand twice, first for what is an error without any doubt, and further down for what is one under a condition.
SIGNS = (
    Sign("error", _is_wrong, beside=True),  # {"error": {...}} or {"error": "text"}: nearly everybody
    Sign("error", lambda error: error in ({}, []), unsure=True),
    Sign("base_resp", lambda told: isinstance(told, dict) and _fails(told.get("status_code")), beside=True,
         passing=frozenset({1000, 1001, 1002, 1013, 1024, 1033, 1039, 1041, 2045})),  # MiniMax
    Sign("error_code", _fails, beside=True,
         passing=frozenset({1, 2, 4, 18, 336000, 336100, 336501, 336502, 336503})),  # Qianfan; Databricks
    Sign("errors", _is_wrong),  # Cloudflare, watsonx, ModelScope
    Sign("success", _is_no, beside=True),  # one-api and its kin
    Sign("ok", _is_no),
    Sign("object", _is_failure),  # vLLM
    Sign("type", _is_failure),
    Sign("status", _is_failure),
    Sign("event", _is_failure),  # Dify
    Sign("__type", _names_error),  # AWS
    Sign("__type", bool, worded=True),
    Sign("ErrorMsg", _is_wrong),  # Hunyuan
    Sign("Error", _is_wrong),
    Sign("Response", _has_error),  # Tencent Cloud
    Sign("ResponseMetadata", _has_error),  # Volcengine
    *(Sign(name, bool) for name in (  # Bedrock's event stream
        "internalServerException", "modelStreamErrorException", "modelTimeoutException", "serviceUnavailableException",
        "throttlingException", "validationException")),
    Sign("type", _names_error, worded=True),  # TGI and others, flat
    Sign("code", _fails, worded=True),  # DashScope, Spark, SiliconFlow, gRPC gateways
    Sign("errorCode", _fails, worded=True),
    Sign("ErrorCode", _fails, worded=True),  # SageMaker
    Sign("errcode", _fails, worded=True),
    Sign("errno", _fails, worded=True),  # Baidu
    Sign("ret", _fails, worded=True),
    Sign("retcode", _fails, worded=True),
    Sign("status", _is_refusal, worded=True),  # iFlow, Moonshot, problem+json (RFC 9457)
    Sign("status_code", _is_refusal, worded=True),
    Sign("statusCode", _is_refusal, worded=True),  # Azure API Management
)  # fmt: skip
BESIDE = tuple(sign for sign in SIGNS if sign.beside)
BESIDE_NAMES = frozenset(sign.name for sign in BESIDE)


def may_report(place: Any) -> bool:
    """Whether a chunk or a choice with content has one of `BESIDE_NAMES`. They are written out here once more, because
    each delta is asked this and the operators of sets take three times as long; a test compares the two."""
    return "error" in place or "error_code" in place or "base_resp" in place or "success" in place


def find(chunk: dict[str, Any], *, bare: bool, over: bool = False) -> ApiError | None:
    """The error that ``chunk`` reports, if any; ``bare`` if it has no content, so that the flat forms count too, and
    ``over`` if the reply has ended before it."""
    over = over or bool(chunk.get("usage"))
    for sign in SIGNS if bare else BESIDE:
        if sign.name not in chunk or not sign.fails(chunk[sign.name]):
            continue
        if (over and (sign.unsure or sign.worded)) or (sign.worded and not _complains(chunk)):
            continue
        return api_error(chunk, passing=sign.passing)
    return None


def complaint(chunk: dict[str, Any], *, amid: bool = False) -> ApiError | None:
    """The error that ``chunk`` is if no reply follows: a message or a code, and nothing that says what it is. ``amid``
    a reply, where servers tell of many things, words alone must speak of a failure."""
    if not COMPLAINT.issuperset(map(folded, chunk)):
        return None
    code = code_of([folded_members(chunk)])
    if _complains(chunk) if code is None else _fails(code):
        error = api_error(chunk)
        return error if code is not None or not amid or speaks_of_failure(str(error)) else None
    return None


def _complains(chunk: dict[str, Any]) -> bool:
    """Whether there are words, and not of success."""
    told = folded_members(chunk)
    words = [told[name] for name in WORDS if isinstance(told.get(name), (str, list, dict))]
    return not all(map(is_fine, words))


def error_object(chunk: Any, name: str) -> dict[str, Any]:
    """Errors that servers send as a list or a bare string, as an object; `MalformedError` for any other chunk that is
    not an object."""
    if isinstance(chunk, list) and len(chunk) == 1 and isinstance(chunk[0], dict) and chunk[0].get("error"):
        return chunk[0]
    if name == "error":
        return {"error": "error without a message" if chunk is None else chunk}
    raise MalformedError(f"a chunk that is no object: {quote_json(chunk)}")


def stray_problem(line: str) -> StreamkitError | None:
    """What an unknown line of an event stream tells, if it is one of the forms in which servers report errors."""
    text = line.strip()
    if text.startswith("error:"):
        return api_error(_maybe_json(text[6:].strip()) or "error without a message")
    if not text.startswith(("{", "[")):
        return None
    form = _maybe_json(text)
    if isinstance(form, list) and len(form) == 1:  # Google's, without alt=sse
        form = form[0]
    if not isinstance(form, dict):
        return None
    bare = "choices" not in form
    problem = find(form, bare=bare) or (complaint(form) if bare else None)
    return problem or MalformedError(f"JSON line without 'data:': {excerpt(text)}")


def _maybe_json(text: str) -> Any:
    try:
        return load(text)
    except MalformedError:
        return text

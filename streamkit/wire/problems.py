"""Recognises errors inside a reply, in the many forms that servers have for them.

`SIGNS` is the table: a new form is a new line. The content of an error is read in `complaints`, the same for all forms.
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
    fold_name,
    folded_members,
    integer,
    spaced_words,
    speaks_of_failure,
)
from .json_codec import load_json, quote_json

__all__ = ["BESIDE_NAMES", "api_error", "complaint", "error_object", "find", "is_fine", "may_report", "stray_problem"]

FINE = re.compile(
    r"|ok|okay|((the )?(request|operation) (was |is )?)?(success|succeeded|successful|successfully)|normal|none|null"
    r"|nil|(no|without) errors?|noerror|connected|start|started|begin|streaming|\w{0,4}成功"
)
"""Words which say that there is no error."""
MAX_DEPTH = 4
"""The number of levels of an object in which it may say that it is not an error."""


def _is_success_text(text: str) -> bool:
    return FINE.fullmatch(spaced_words(text[:100]).strip()) is not None


def is_fine(error: Any, depth: int = MAX_DEPTH) -> bool:
    """True if a value in the place of an error does not report one: it is empty, or it reports success only."""
    if error is None or isinstance(error, bool):
        return not error
    if isinstance(error, (dict, list)) and not depth:
        return False
    if isinstance(error, dict):
        fields = folded_members(error)
        verdicts = [fields[name] for name in VERDICT if name in fields]
        return all(is_fine(value, depth - 1) for value in verdicts or error.values())
    if isinstance(error, list):
        return all(is_fine(value, depth - 1) for value in error)
    return not _fails(error)


def _fails(code: Any) -> bool:
    """True if a code is not one of the many that mean success."""
    number = integer(code)
    if number is not None:
        return number != 0 and not 200 <= number < 300
    return isinstance(code, str) and not _is_success_text(code)


def _is_wrong(error: Any) -> bool:
    return not is_fine(error)


def _is_false(value: Any) -> bool:
    return value is False or (isinstance(value, str) and value.strip().lower() == "false")


def _is_refusal(status: Any) -> bool:
    """True for an HTTP status of an error, a negative number, or false; other numbers may mean anything."""
    number = integer(status)
    return status is False or (number is not None and (number < 0 or 400 <= number < 1000))


def _is_failure(word: Any) -> bool:
    return isinstance(word, str) and word.lower() in FAILED


def _names_error(word: Any) -> bool:
    return isinstance(word, str) and word.lower().endswith(("error", "exception", "fault"))


def _has_error(value: Any) -> bool:
    return isinstance(value, dict) and _is_wrong(value.get("Error"))


class Sign(NamedTuple):
    """The member ``name`` of a chunk reports an error if it ``fails``.

    ``beside``: in a chunk with content too. ``worded``: only if there is a message as well. ``unsure``: not in a chunk
    with a reply's usage nor after its end, where servers put many things; the same holds for every ``worded`` sign.
    ``passing``: the codes of this form, besides HTTP's, after which trying again may help.
    """

    name: str
    fails: Callable[[Any], bool]
    beside: bool = False
    worded: bool = False
    unsure: bool = False
    passing: frozenset[int] = frozenset()


# The first sign that matches counts, so order matters: ``error``, ``__type``, ``type`` and ``status`` stand twice,
# first for values that are an error without any doubt, and further down for those that are one under a condition.
SIGNS = (
    Sign("error", _is_wrong, beside=True),  # {"error": {...}} or {"error": "text"}: nearly all servers
    Sign("error", lambda error: error in ({}, []), unsure=True),
    Sign("base_resp", lambda value: isinstance(value, dict) and _fails(value.get("status_code")), beside=True,
         passing=frozenset({1000, 1001, 1002, 1013, 1024, 1033, 1039, 1041, 2045})),  # MiniMax
    Sign("error_code", _fails, beside=True,
         passing=frozenset({1, 2, 4, 18, 336000, 336100, 336501, 336502, 336503})),  # Qianfan; Databricks
    Sign("errors", _is_wrong),  # Cloudflare, watsonx, ModelScope
    Sign("success", _is_false, beside=True),  # one-api and its kin
    Sign("ok", _is_false),
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


def may_report(form: Any) -> bool:
    """True if a chunk or a choice with content has one of `BESIDE_NAMES`. They are written out here once more, because
    this runs for each delta and the operators of sets take three times as long; a test compares the two."""
    return "error" in form or "error_code" in form or "base_resp" in form or "success" in form


def find(chunk: dict[str, Any], *, bare: bool, ended: bool = False) -> ApiError | None:
    """The error that ``chunk`` reports, if any.

    ``bare``: the chunk has no content, so errors without an ``error`` key count too. ``ended``: the reply has ended
    before this chunk.
    """
    ended = ended or bool(chunk.get("usage"))
    for sign in SIGNS if bare else BESIDE:
        if sign.name not in chunk or not sign.fails(chunk[sign.name]):
            continue
        if (ended and (sign.unsure or sign.worded)) or (sign.worded and not _complains(chunk)):
            continue
        return api_error(chunk, passing=sign.passing)
    return None


def complaint(chunk: dict[str, Any], *, amid: bool = False) -> ApiError | None:
    """The error that ``chunk`` is if no reply follows: it has a message or a code, and no sign of an error. ``amid`` a
    reply, where servers report many things, a message without a code counts only if it mentions a failure."""
    if not COMPLAINT.issuperset(map(fold_name, chunk)):
        return None
    code = code_of([folded_members(chunk)])
    if _complains(chunk) if code is None else _fails(code):
        error = api_error(chunk)
        return error if code is not None or not amid or speaks_of_failure(str(error)) else None
    return None


def _complains(chunk: dict[str, Any]) -> bool:
    """True if there is a message, and not one of success."""
    fields = folded_members(chunk)
    words = [fields[name] for name in WORDS if isinstance(fields.get(name), (str, list, dict))]
    return not all(map(is_fine, words))


def error_object(chunk: Any, name: str) -> dict[str, Any]:
    """Errors that servers send as a list or a bare string, as an object; `MalformedError` for any other chunk that is
    not an object."""
    if isinstance(chunk, list) and len(chunk) == 1 and isinstance(chunk[0], dict) and chunk[0].get("error"):
        return chunk[0]
    if name == "error":
        return {"error": "error without a message" if chunk is None else chunk}
    raise MalformedError(f"a chunk that is not an object: {quote_json(chunk)}")


def stray_problem(line: str) -> StreamkitError | None:
    """The error that an unknown line of an event stream reports, if it is in one of the forms of servers' errors."""
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
        return load_json(text)
    except MalformedError:
        return text

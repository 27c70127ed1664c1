"""By what an error is recognised inside a reply, in the many forms that servers have for it.

`SIGNS` is the table: a new form is a new line. What an error says is read elsewhere (`complaints`), the same for all.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from ..errors import ApiError, MalformedError, StreamkitError, excerpt
from .complaints import COMPLAINT, FAILED, WORDS, api_error, code_of, integer, members, plain
from .loads import load

__all__ = ["api_error", "find", "stray_problem"]

FINE = frozenset({"", "ok", "success", "succeeded", "successful", "normal", "none", "null", "成功"})


def _fails(code: Any) -> bool:
    """Whether a code is none of the many that mean success."""
    number = integer(code)
    if number is not None:
        return number != 0 and not 200 <= number < 300
    return isinstance(code, str) and code.strip().lower() not in FINE


def _is_refusal(status: Any) -> bool:
    """An HTTP status; small numbers may mean anything."""
    return status is False or (integer(status) or 0) >= 400


def _is_failure(word: Any) -> bool:
    return isinstance(word, str) and word.lower() in FAILED


def _names_error(word: Any) -> bool:
    return isinstance(word, str) and word.lower().endswith(("error", "exception"))


class Sign(NamedTuple):
    """The member ``name`` of a chunk reports an error if it ``fails``.

    ``beside``: in a chunk with content too. ``worded``: only if there is a message as well. ``passing``: the codes of
    this form, besides HTTP's, after which trying again may help.
    """

    name: str
    fails: Callable[[Any], bool]
    beside: bool = False
    worded: bool = False
    passing: frozenset[int] = frozenset()


SIGNS = (
    Sign("error", bool, beside=True),  # {"error": {...}} or {"error": "text"}: nearly everybody
    Sign("error", lambda error: error not in (None, False, "")),  # {"error": {}}
    Sign("base_resp", lambda told: isinstance(told, dict) and _fails(told.get("status_code")), beside=True,
         passing=frozenset({1000, 1001, 1002, 1013, 1024, 1033, 1039, 1041, 2045})),  # MiniMax
    Sign("error_code", _fails, beside=True,
         passing=frozenset({1, 2, 4, 18, 336000, 336100, 336501, 336502, 336503})),  # Qianfan; Databricks
    Sign("errors", bool),  # Cloudflare, watsonx, ModelScope
    Sign("success", lambda told: told is False or told == "false", beside=True),  # one-api and its kin
    Sign("ok", lambda told: told is False),
    Sign("object", _is_failure),  # vLLM
    Sign("type", _is_failure),
    Sign("status", _is_failure),
    Sign("event", _is_failure),  # Dify
    Sign("__type", bool),  # AWS
    Sign("ErrorMsg", bool),  # Hunyuan
    Sign("Error", bool),
    Sign("Response", lambda told: isinstance(told, dict) and bool(told.get("Error"))),  # Tencent Cloud
    Sign("ResponseMetadata", lambda told: isinstance(told, dict) and bool(told.get("Error"))),  # Volcengine
    *(Sign(name, bool) for name in (  # Bedrock's event stream
        "internalServerException", "modelStreamErrorException", "modelTimeoutException", "serviceUnavailableException",
        "throttlingException", "validationException")),
    Sign("type", _names_error, worded=True),  # TGI and others, flat
    Sign("code", _fails, worded=True),  # DashScope, Spark, SiliconFlow, gRPC gateways
    Sign("errorCode", _fails, worded=True),
    Sign("ErrorCode", _fails, worded=True),  # SageMaker
    Sign("errcode", _fails, worded=True),
    Sign("status", _is_refusal, worded=True),  # iFlow, Moonshot, problem+json (RFC 9457)
    Sign("status_code", _is_refusal, worded=True),
    Sign("statusCode", _is_refusal, worded=True),  # Azure API Management
)  # fmt: skip
BESIDE = tuple(sign for sign in SIGNS if sign.beside)


def find(chunk: dict[str, Any], *, bare: bool, alone: bool = False) -> ApiError | None:
    """The error that ``chunk`` reports, if any; ``bare`` if it has no content, so that the flat forms count too, and
    ``alone`` if it comes instead of a reply and nothing says what it is: then a message and nothing else is one."""
    for name, fails, _, worded, passing in SIGNS if bare else BESIDE:
        if name in chunk and fails(chunk[name]) and (not worded or _complains(chunk)):
            return api_error(chunk, passing=passing)
    if alone and _complains(chunk) and COMPLAINT.issuperset(map(plain, chunk)):
        code = code_of([members(chunk)])
        if code is None or _fails(code):
            return api_error(chunk)
    return None


def _complains(chunk: dict[str, Any]) -> bool:
    """Whether there are words, and not of success."""
    told = members(chunk)
    words = [told[name] for name in WORDS if isinstance(told.get(name), str)]
    return any(text.strip().lower() not in FINE for text in words)


def stray_problem(line: str) -> StreamkitError | None:
    """What an unknown line of an event stream tells, if it is one of the forms in which servers report errors."""
    text = line.strip()
    if text.startswith("error:"):
        return api_error(_maybe_json(text[6:].strip()) or "error without a message")
    if not text.startswith("{"):
        return None
    form = _maybe_json(text)
    if not isinstance(form, dict):
        return None
    bare = "choices" not in form
    return find(form, bare=bare, alone=bare) or MalformedError(f"JSON line without 'data:': {excerpt(text)}")


def _maybe_json(text: str) -> Any:
    try:
        return load(text)
    except MalformedError:
        return text

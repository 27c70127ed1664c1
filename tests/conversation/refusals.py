"""Refusals of requests, and the bodies in which each kind of server sends them."""

from __future__ import annotations

import json
from typing import Any

__all__ = [
    "RefusedError",
    "anthropic_body",
    "cerebras_body",
    "google_body",
    "google_list_body",
    "groq_body",
    "mistral_body",
    "openai_body",
    "openrouter_body",
    "vllm_body",
]


class RefusedError(Exception):
    """A request that a server answers with an error. ``where`` and ``value``: the place and the value that are wrong,
    which some servers repeat in their answer."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        param: str | None = None,
        code: str | None = None,
        where: tuple[str | int, ...] = (),
        value: Any = None,
    ) -> None:
        super().__init__(message)
        self.message, self.status, self.param, self.code = message, status, param, code
        self.where, self.value = where, value


def openai_body(error: RefusedError) -> Any:
    """The form of OpenAI, with every key always there (openai/codex #8145); DeepSeek and Kimi have it too."""
    return {
        "error": {
            "message": error.message,
            "type": "invalid_request_error",
            "param": error.param,
            "code": error.code,
        }
    }


def groq_body(error: RefusedError) -> Any:
    """karthink/gptel #774: neither param nor code."""
    return {"error": {"message": error.message, "type": "invalid_request_error"}}


def vllm_body(error: RefusedError) -> Any:
    """vLLM names the class of the error and repeats the status as its code."""
    return {
        "error": {"message": error.message, "type": "BadRequestError", "param": error.param, "code": error.status},
    }


def cerebras_body(error: RefusedError) -> Any:
    """Kilo-Org/kilocode #10375: no object around the error."""
    return {
        "message": error.message,
        "type": "invalid_request_error",
        "param": "validation_error",
        "code": "wrong_api_format",
    }


def mistral_body(error: RefusedError) -> Any:
    """Status 422 with a list of what is wrong, as pydantic has it (charmbracelet/crush #1590); other errors are plain
    messages."""
    head = {"object": "error", "type": "invalid_request_error", "param": None, "code": error.code}
    if not error.where:
        return {**head, "message": error.message}
    where = {"type": "extra_forbidden", "loc": ["body", *error.where], "msg": error.message, "input": error.value}
    return {**head, "message": {"detail": [where]}}


def anthropic_body(error: RefusedError) -> Any:
    """anthropics/claude-code #63203."""
    return {
        "type": "error",
        "error": {"type": "invalid_request_error", "message": error.message},
        "request_id": "req_strict",
    }


def openrouter_body(error: RefusedError) -> Any:
    """The answer of the server behind it, as text (router-for-me/CLIProxyAPI #497)."""
    raw = json.dumps(anthropic_body(error), separators=(",", ":"))
    metadata = {"raw": raw, "provider_name": "Anthropic"}
    return {"error": {"message": "Provider returned error", "code": error.status, "metadata": metadata}, "user_id": "u"}


def google_body(error: RefusedError) -> Any:
    """The native API (lbjlaq/Antigravity-Manager #139)."""
    return {"error": {"code": error.status, "message": error.message, "status": "INVALID_ARGUMENT"}}


def google_list_body(error: RefusedError) -> Any:
    """The compatible endpoint answers with a list of one (manthanabc/paws #103)."""
    return [google_body(error)]

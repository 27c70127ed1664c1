"""Requests over httpx: the client, its pools and clocks, and the handling of responses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...lazy import lazily

if TYPE_CHECKING:
    from .answer_headers import answer_of
    from .answers import request_id, status_error
    from .batches import read_reply
    from .causes import shorten
    from .client import Client
    from .exchange import NOT_CONNECTED, shut_socket, translate_error
    from .failures import name_address
    from .libraries import library_of
    from .limits import CLOCKS, Limits, Retry, mark_given_up, requests_of
    from .requests import names_version
    from .secrets import SECRET
    from .shared_client import chat

__all__ = [
    "CLOCKS",
    "NOT_CONNECTED",
    "SECRET",
    "Client",
    "Limits",
    "Retry",
    "answer_of",
    "chat",
    "library_of",
    "mark_given_up",
    "name_address",
    "names_version",
    "read_reply",
    "request_id",
    "requests_of",
    "shorten",
    "shut_socket",
    "status_error",
    "translate_error",
]

if not TYPE_CHECKING:  # else a type checker would accept every name
    __getattr__ = lazily(
        __name__,
        {
            "answer_headers": "answer_of",
            "answers": "request_id status_error",
            "batches": "read_reply",
            "causes": "shorten",
            "client": "Client",
            "exchange": "NOT_CONNECTED shut_socket translate_error",
            "failures": "name_address",
            "libraries": "library_of",
            "limits": "CLOCKS Limits Retry mark_given_up requests_of",
            "requests": "names_version",
            "secrets": "SECRET",
            "shared_client": "chat",
        },
    )


def __dir__() -> list[str]:
    return __all__

"""Requests of tests to strict servers, as the official libraries send them."""

from __future__ import annotations

import asyncio
import copy
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache, lru_cache
from typing import Any

import httpx
import pytest

from .strict import StrictServer

__all__ = ["anthropic_of", "changed", "openai_of", "post", "refusing", "without"]


@cache
def _connections(library: Any) -> Any:
    """One client of HTTP for all tests, as each loads the certificates of the system anew. It keeps no connection, as
    the servers are gone after each test."""
    return library.DefaultHttpxClient(trust_env=False, headers={"connection": "close"})


@lru_cache(1)
def openai_of(server: StrictServer) -> Any:
    """The official client of OpenAI, for a server that listens."""
    import openai

    return openai.OpenAI(base_url=server.url, api_key="test", max_retries=0, http_client=_connections(openai))


@lru_cache(1)
def anthropic_of(server: StrictServer) -> Any:
    """The official client of Anthropic, for a server that listens."""
    import anthropic

    address = server.url.removesuffix("/v1")
    return anthropic.Anthropic(base_url=address, api_key="test", max_retries=0, http_client=_connections(anthropic))


def post(server: StrictServer, body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> httpx.Response:
    """One request in process, with the model of the server unless ``body`` has one. Only the path is Gemini's own."""

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=server.transport(), trust_env=False) as client:
            return await client.post(address_of(server), json={"model": server.model, **body}, headers=headers)

    return asyncio.run(ask())


def address_of(server: StrictServer) -> str:
    path = server.provider.path
    return f"{server.address}{path if path.startswith('/') else f'/v1beta/models/{server.model}{path}'}"


@contextmanager
def refusing(server: StrictServer, text: str, status: int = 400) -> Iterator[None]:
    """Expect that the request within is answered by an error with this text and status, which an official client
    raises."""
    played = len(server.said)
    with pytest.raises(Exception, match=rf"\b{status}\b") as raised:  # a class of either library
        yield
    response: httpx.Response = raised.value.response  # type: ignore[attr-defined]
    assert json.dumps(text)[1:-1] in response.text.replace('\\\\"', '\\"')
    assert response.status_code == status
    assert len(server.said) == played  # a refused request uses up no round


def changed(value: Any, *path: Any, to: Any) -> Any:
    """A copy of ``value`` with ``to`` at a place; an index one behind the end of a list appends."""
    value = copy.deepcopy(value)
    *way, last = path
    place = value
    for step in way:
        place = place[step]
    if isinstance(place, list) and last == len(place):
        place.append(to)
    else:
        place[last] = to
    return value


def without(value: Any, *path: Any) -> Any:
    """A copy of ``value`` without the item at a place."""
    value = copy.deepcopy(value)
    *way, last = path
    place = value
    for step in way:
        place = place[step]
    del place[last]
    return value

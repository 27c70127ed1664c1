"""Requests of tests to strict servers, as the official libraries send them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import httpx

from .strict import StrictServer

__all__ = ["anthropic_of", "openai_of", "post"]


@cache
def _http() -> httpx.Client:
    """One client for all tests, as each loads the certificates of the system anew."""
    return httpx.Client(trust_env=False)


def openai_of(server: StrictServer) -> Any:
    """The official client of OpenAI, for a server that listens."""
    from openai import OpenAI

    return OpenAI(base_url=server.url, api_key="test", max_retries=0, http_client=_http())


def anthropic_of(server: StrictServer) -> Any:
    """The official client of Anthropic, for a server that listens."""
    from anthropic import Anthropic

    return Anthropic(base_url=server.url.removesuffix("/v1"), api_key="test", max_retries=0, http_client=_http())


def post(server: StrictServer, body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> httpx.Response:
    """One request in process, with the model of the server unless ``body`` has one. Only the path is Gemini's own."""
    import asyncio

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=server.transport(), trust_env=False) as client:
            return await client.post(address_of(server), json={"model": server.model, **body}, headers=headers)

    return asyncio.run(ask())


def address_of(server: StrictServer) -> str:
    path = server.provider.path
    return f"{server.address}{path if path.startswith('/') else f'/v1beta/models/{server.model}{path}'}"

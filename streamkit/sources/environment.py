"""What the environment says, where a client was not told: addresses, keys, proxies."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from urllib.request import getproxies, proxy_bypass

from .requests import OPENAI, Endpoint

__all__ = ["endpoint", "proxied", "with_key"]


def endpoint(
    base_url: str | None,
    api_key: str | None,
    *,
    azure: str | None,
    headers: Mapping[str, str] | None,
    query: Mapping[str, str] | None,
    organization: str | None,
    project: str | None,
    allow_http: bool,
    allow_private: bool,
) -> Endpoint:
    """Arguments win. An empty OPENAI_BASE_URL is none, an empty ``base_url`` a mistake (ValueError)."""
    texts = {"base_url": base_url, "api_key": api_key, "azure": azure, "organization": organization, "project": project}
    for name, text in texts.items():
        if not isinstance(text, str | None):  # whatever it is, it may be secret
            raise TypeError(f"{name} is a str, not {type(text).__name__}")
    for name, given in (("headers", headers), ("query", query)):
        if not isinstance(given, Mapping | None):
            raise TypeError(f"{name} is a mapping, not {type(given).__name__}: write {name}={{'x-name': 'value'}}")
    env = os.environ.get
    base_url = base_url.strip() if base_url is not None else _address(azure)
    if base_url is None:
        raise ValueError("azure= needs the address of your resource: pass base_url= or set OPENAI_BASE_URL")
    own = {
        "openai-organization": organization or env("OPENAI_ORG_ID"),
        "openai-project": project or env("OPENAI_PROJECT_ID"),
    }
    return Endpoint(
        base_url,
        api_key if api_key is not None else env("OPENAI_API_KEY"),
        azure,
        {**{name: value for name, value in own.items() if value}, **(headers or {})},
        dict(query or {}),
        allow_http,
        allow_private,
    )


def with_key(endpoint: Endpoint, *, named: bool) -> Endpoint:
    """``endpoint``, with the key of the environment if it has none and there is one by now. ``named``: its address was
    passed. One that the environment gave gets no key that may be meant for the address which is there now."""
    key = os.environ.get("OPENAI_API_KEY")
    if endpoint.key or not key or not (named or endpoint.base_url == _address(endpoint.azure)):
        return endpoint
    return replace(endpoint, key=key)


def _address(azure: str | None) -> str | None:
    return os.environ.get("OPENAI_BASE_URL", "").strip() or (OPENAI if azure is None else None)


def proxied(host: str, scheme: str) -> bool:
    """Whether the environment names a proxy for such an address."""
    proxies = getproxies()
    return bool(proxies.get(scheme) or proxies.get("all")) and not proxy_bypass(host)

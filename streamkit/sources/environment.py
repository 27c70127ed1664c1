"""What the environment says, where a client was not told: addresses, keys, proxies."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from ..wire.api import Access
from .requests import Endpoint

__all__ = ["endpoint", "proxied", "with_key"]


def endpoint(
    access: Access,
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
    """Arguments win. An empty address in the environment is none, an empty ``base_url`` a mistake (ValueError)."""
    texts = {"base_url": base_url, "api_key": api_key, "azure": azure, "organization": organization, "project": project}
    for name, text in texts.items():
        if not isinstance(text, str | None):  # whatever it is, it may be secret
            raise TypeError(f"{name} is a str, not {type(text).__name__}")
    for name, given in (("headers", headers), ("query", query)):
        if not isinstance(given, Mapping | None):
            raise TypeError(f"{name} is a mapping, not {type(given).__name__}: write {name}={{'x-name': 'value'}}")
    if azure is not None and not access.azure:
        raise ValueError("azure= is for the APIs of OpenAI: pass the address of the resource as base_url=")
    base_url = base_url.strip() if base_url is not None else _address(access, azure)
    if base_url is None:
        raise ValueError(f"azure= needs the address of your resource: pass base_url= or set {access.addresses[0]}")
    return Endpoint(
        base_url,
        access,
        api_key if api_key is not None else _first(access.keys),
        azure,
        {**_accounts(access, organization, project), **(headers or {})},
        dict(query or {}),
        allow_http,
        allow_private,
    )


def _accounts(access: Access, *given: str | None) -> dict[str, str]:
    """Headers that say on whose account a request goes: as given in this order, else as the environment says."""
    if any(given) and not access.accounts:
        raise ValueError("organization= and project= are of OpenAI: leave them out, or send what is wanted as headers=")
    named = zip(access.accounts.items(), given, strict=False)
    accounts = {header: own or os.environ.get(variable) for (variable, header), own in named}
    return {header: account for header, account in accounts.items() if account}


def with_key(endpoint: Endpoint, *, named: bool) -> Endpoint:
    """``endpoint``, with the key of the environment if it has none and there is one by now. ``named``: its address was
    passed. One that the environment gave gets no key that may be meant for the address which is there now."""
    key = _first(endpoint.access.keys)
    if endpoint.key or not key or not (named or endpoint.base_url == _address(endpoint.access, endpoint.azure)):
        return endpoint
    return replace(endpoint, key=key)


def _address(access: Access, azure: str | None) -> str | None:
    told = (_first(access.addresses) or "").strip()
    if told and access.bare_hosts:
        told = _completed(told, access.address)
    return told or (access.address if azure is None else None)


def _completed(address: str, own: str) -> str:
    """A host, perhaps with a port, as an address: scheme and port are those of the provider's ``own``."""
    if "://" in address:
        return address
    parts, given = urlsplit(own), urlsplit(f"//{address}")
    host, port = given.hostname or "", given.port or parts.port
    if host in ("", "0.0.0.0", "::"):  # a server listens there on every address of its machine: no client asks that
        host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{host}{'' if port is None else f':{port}'}{given.path}"


def _first(variables: Iterable[str]) -> str | None:
    """The first of these variables that says something."""
    return next((told for name in variables if (told := os.environ.get(name))), None)


def proxied(host: str, scheme: str) -> bool:
    """Whether the environment names a proxy for such an address."""
    proxies = getproxies()
    return bool(proxies.get(scheme) or proxies.get("all")) and not proxy_bypass(host)

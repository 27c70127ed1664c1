"""What the environment says, where a client was not told: addresses, keys, proxies."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from ipaddress import ip_address
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from ...wire import Access
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
    source = "base_url" if base_url is not None else _set(access.addresses) or "base_url"
    base_url = base_url.strip() if base_url is not None else _address(access, azure)
    if base_url is None:
        raise ValueError(f"azure= needs the address of your resource: pass base_url= or set {access.addresses[0]}")
    made = Endpoint(
        base_url,
        access,
        api_key if api_key is not None else _first(access.keys),
        azure,
        {**_accounts(access, organization, project), **(headers or {})},
        dict(query or {}),
        allow_http,
        allow_private,
        source,
    )
    return made if made.key is not None else _with_token(made)


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
    if endpoint.key or not (named or endpoint.base_url == _address(endpoint.access, endpoint.azure)):
        return endpoint
    return replace(endpoint, key=key) if key else _with_token(endpoint)


def _with_token(endpoint: Endpoint) -> Endpoint:
    """``endpoint`` with the bearer token of the environment, if there is one and no header says who asks."""
    token = _first(endpoint.access.tokens)
    if not token or endpoint.holds_key:
        return endpoint
    return replace(endpoint, headers={**endpoint.headers, "authorization": f"Bearer {token}"})


def _address(access: Access, azure: str | None) -> str | None:
    told = (_first(access.addresses) or "").strip()
    if told and access.bare_hosts:
        told = _completed(told, access.address)
    return told or (access.address if azure is None else None)


def _completed(address: str, own: str) -> str:
    """A host, perhaps with a port, as an address: what is missing is as in the provider's ``own``. What is no host
    stays as it is, for `Endpoint` to refuse."""
    scheme, mark, rest = address.partition("://")
    parts = urlsplit(own)
    if not mark:
        scheme, rest = parts.scheme, f"[{address}]" if _is_ipv6(address) else address
    try:
        given = urlsplit(f"//{rest}")
        host, port = given.hostname or "", given.port or (None if mark else parts.port)
    except ValueError:
        return f"{scheme}://{rest}"
    if given.username or given.query or given.fragment:
        return f"{scheme}://{rest}"
    if host not in ("", "0.0.0.0", "::"):
        host = f"[{host}]" if ":" in host else host
        return address if mark else f"{scheme}://{host}{'' if port is None else f':{port}'}{given.path}"
    # A server listens there on every address of its machine: no client asks that.
    return f"{scheme}://{parts.hostname}{'' if port is None else f':{port}'}{given.path}"


def _is_ipv6(address: str) -> bool:
    try:
        return ip_address(address).version == 6
    except ValueError:
        return False


def _first(variables: Iterable[str]) -> str | None:
    """What the first of these variables that says something says."""
    name = _set(variables)
    return None if name is None else os.environ[name]


def _set(variables: Iterable[str]) -> str | None:
    """The first of these variables that says something."""
    return next((name for name in variables if os.environ.get(name)), None)


def proxied(host: str, scheme: str) -> bool:
    """Whether the environment names a proxy for such an address."""
    proxies = getproxies()
    return bool(proxies.get(scheme) or proxies.get("all")) and not proxy_bypass(host)

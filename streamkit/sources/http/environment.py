"""Settings of a client that come from environment variables: addresses, keys, proxies."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from ipaddress import ip_address
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from ...wire import Access
from .keys import KeyProvider, is_provider
from .requests import Endpoint

__all__ = ["endpoint_of", "uses_proxy", "with_key"]


def endpoint_of(
    access: Access,
    base_url: str | None,
    api_key: str | KeyProvider | None,
    *,
    azure: str | None,
    headers: Mapping[str, str] | None,
    query: Mapping[str, str] | None,
    organization: str | None,
    project: str | None,
    allow_http: bool,
    allow_private: bool,
) -> Endpoint:
    """The endpoint of a client: arguments win over the environment.

    An empty address in the environment counts as unset; an empty ``base_url`` is a mistake (ValueError).
    """
    renews_key = is_provider(api_key)
    texts = {"base_url": base_url, "azure": azure, "organization": organization, "project": project}
    _check_types(texts if renews_key else {"api_key": api_key, **texts}, {"headers": headers, "query": query})
    if azure is not None and not access.azure:
        raise ValueError("azure= is for the APIs of OpenAI: pass the address of the resource as base_url=")
    source = "base_url" if base_url is not None else _set(access.addresses) or "base_url"
    base_url = base_url.strip() if base_url is not None else _address(access, azure)
    if base_url is None:
        raise ValueError(f"azure= needs the address of your resource: pass base_url= or set {access.addresses[0]}")
    result = Endpoint(
        base_url,
        access,
        api_key if isinstance(api_key, str) else None if renews_key else _first(access.keys),
        azure,
        {**_accounts(access, organization, project), **(headers or {})},
        dict(query or {}),
        allow_http,
        allow_private,
        source,
        renews_key,
    )
    return result if renews_key or result.key is not None else _with_token(result)


def _check_types(texts: Mapping[str, object], mappings: Mapping[str, object]) -> None:
    for name, text in texts.items():
        if not isinstance(text, str | None):  # its value is not shown: it may be secret
            wanted = "a str, or a function that gives one" if name == "api_key" else "a str"
            raise TypeError(f"{name} is {wanted}, not {type(text).__name__}")
    for name, mapping in mappings.items():
        if not isinstance(mapping, Mapping | None):
            raise TypeError(f"{name} is a mapping, not {type(mapping).__name__}: write {name}={{'x-name': 'value'}}")


def _accounts(access: Access, *values: str | None) -> dict[str, str]:
    """Headers that name the account of a request: from ``values``, in the order of the headers, or the environment."""
    if any(values) and not access.accounts:
        raise ValueError("organization= and project= are of OpenAI: leave them out, or send what is wanted as headers=")
    pairs = zip(access.accounts.items(), values, strict=False)
    accounts = {header: own or os.environ.get(variable) for (variable, header), own in pairs}
    return {header: account for header, account in accounts.items() if account}


def with_key(endpoint: Endpoint, *, has_address: bool) -> Endpoint:
    """``endpoint``, with the key of the environment if it has none and the environment has one by now.

    ``has_address``: its address was passed. If the address came from the environment, which has changed since, the key
    there now may be meant for the new address, so it is not used.
    """
    key = _first(endpoint.access.keys)
    if endpoint.key or not (has_address or endpoint.base_url == _address(endpoint.access, endpoint.azure)):
        return endpoint
    return replace(endpoint, key=key) if key else _with_token(endpoint)


def _with_token(endpoint: Endpoint) -> Endpoint:
    """``endpoint`` with the bearer token of the environment, if there is one and no header authenticates."""
    token = _first(endpoint.access.tokens)
    if not token or endpoint.holds_key:
        return endpoint
    return replace(endpoint, headers={**endpoint.headers, "authorization": f"Bearer {token}"})


def _address(access: Access, azure: str | None) -> str | None:
    address = (_first(access.addresses) or "").strip()
    if address and access.bare_hosts:
        address = _completed(address, access.address)
    return address or (access.address if azure is None else None)


def _completed(address: str, own: str) -> str:
    """A host, perhaps with a port, as an address: missing parts are taken from the provider's address ``own``. A text
    that is not a host stays as it is, for `Endpoint` to refuse."""
    scheme, mark, rest = address.partition("://")
    parts = urlsplit(own)
    if not mark:
        scheme, rest = parts.scheme, f"[{address}]" if _is_ipv6(address) else address
    try:
        split = urlsplit(f"//{rest}")
        host, port = split.hostname or "", split.port or (None if mark else parts.port)
    except ValueError:
        return f"{scheme}://{rest}"
    if split.username or split.query or split.fragment:
        return f"{scheme}://{rest}"
    if host not in ("", "0.0.0.0", "::"):
        host = f"[{host}]" if ":" in host else host
        return address if mark else f"{scheme}://{host}{'' if port is None else f':{port}'}{split.path}"
    # A server listens there on every address of its machine; a client cannot connect to that.
    return f"{scheme}://{parts.hostname}{'' if port is None else f':{port}'}{split.path}"


def _is_ipv6(address: str) -> bool:
    try:
        return ip_address(address).version == 6
    except ValueError:
        return False


def _first(variables: Iterable[str]) -> str | None:
    """The value of the first of these variables that is set and not empty."""
    name = _set(variables)
    return None if name is None else os.environ[name]


def _set(variables: Iterable[str]) -> str | None:
    """The name of the first of these variables that is set and not empty."""
    return next((name for name in variables if os.environ.get(name)), None)


def uses_proxy(host: str, scheme: str) -> bool:
    """True if the environment names a proxy for addresses with this host and scheme."""
    proxies = getproxies()
    return bool(proxies.get(scheme) or proxies.get("all")) and not proxy_bypass(host)

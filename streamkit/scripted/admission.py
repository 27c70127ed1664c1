"""The admission check of a listening server: the values of `Host` and `Origin` that it accepts.

A page that a browser shows may send requests to this machine. Two checks keep foreign pages out. By DNS rebinding a
page makes its own name resolve to this machine; the browser then takes the server for a part of the page, but `Host` is
still that name. A plain request from another site (CSRF) carries the page's `Origin`. Programs send neither a foreign
`Host` nor an `Origin`, so they are not affected.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial
from urllib.parse import urlsplit

from ..wording import excerpt
from .answer import Answer, error_answer
from .paths import likely_api, split_target

__all__ = ["Admission", "AdmissionRules"]

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

ANY = "*"
PREFLIGHT_AGE = 600
"""Seconds for which a browser may cache the answer to a preflight request."""


class AdmissionRules:
    """Additional hosts and origins that are admitted, as the user named them."""

    def __init__(self, hosts: Iterable[str] = (), origins: Iterable[str] = ()) -> None:
        self.hosts = frozenset(map(_host_option, _not_text(hosts, "hosts")))
        self.origins = frozenset(map(_origin_option, _not_text(origins, "origins")))


class Admission:
    """The admission check of a server that was started on ``host`` and listens on the addresses ``bound``.

    A server on loopback answers to loopback addresses and ``localhost``. One that other machines can reach answers to
    any address, because rebinding needs a name, and to ``localhost``. ``host`` and those of ``rules`` are admitted in
    addition. An origin is admitted if it is the server's own, or one of ``rules``; the latter get the headers of CORS.
    """

    def __init__(self, bound: Iterable[str], host: str | None, rules: AdmissionRules) -> None:
        self._hosts, self._origins = {*rules.hosts, _bare((host or "").lower())}, rules.origins
        self._addresses = not all(_is_loopback(_address(address)) for address in bound)

    def refusal(self, target: str, headers: Mapping[str, str]) -> Answer | None:
        """The answer to a request that is refused, None if it is admitted."""
        refused = partial(_refused, target, headers)
        for host in filter(None, (split_target(target)[0], headers.get("host", None))):
            if not self._accepts_host(host):
                return refused(f"this server does not answer to the host {excerpt(host, 100)!r}", "host")
        if headers.get("host") == "":
            return refused("this server does not answer to an empty host", "host")
        origin = headers.get("origin")
        if origin is not None and not self._accepts_origin(origin, headers.get("host", "")):
            return refused(f"this server does not answer pages of the origin {excerpt(origin, 100)!r}", "origin")
        return None

    def preflight(self, method: str, headers: Mapping[str, str]) -> Answer | None:
        """The answer to the preflight request of a browser for a page of an admitted origin; None for other
        requests."""
        if method != "OPTIONS" or "origin" not in headers or "access-control-request-method" not in headers:
            return None
        allowed = {
            "access-control-allow-methods": "GET, POST",
            "access-control-allow-headers": headers.get("access-control-request-headers", ""),
            "access-control-max-age": str(PREFLIGHT_AGE),
            "content-length": "0",
        }
        if "access-control-request-private-network" in headers:
            allowed["access-control-allow-private-network"] = "true"
        return Answer(200, tuple((name, value) for name, value in allowed.items() if value))

    def with_cors(self, answer: Answer, headers: Mapping[str, str]) -> Answer:
        """``answer`` with the headers of CORS, if it is for a page of an origin in the rules."""
        origin = headers.get("origin")
        if origin is None or not (ANY in self._origins or origin in self._origins):
            return answer
        cors = (("access-control-allow-origin", origin), ("access-control-expose-headers", "*"), ("vary", "Origin"))
        own = {name.lower() for name, _ in answer.headers}
        return replace(answer, headers=(*answer.headers, *(one for one in cors if one[0] not in own)))

    def _accepts_host(self, host: str) -> bool:
        if ANY in self._hosts:
            return True
        name = _name(host)
        if name is None:
            return False
        address = _address(name)
        if address is not None and (self._addresses or _is_loopback(address)):
            return True
        return name == "localhost" or name in self._hosts

    def _accepts_origin(self, origin: str, host: str) -> bool:
        own = origin.lower().removeprefix("http://").removeprefix("https://") == host.lower() != ""
        return own or ANY in self._origins or origin in self._origins


def _refused(target: str, headers: Mapping[str, str], message: str, what: str) -> Answer:
    api = likely_api(split_target(target)[1], headers)
    hint = f"allow it with --allow-{what}, or allow_{what}s= in Python"
    return error_answer(403, f"{message}: {hint}", code=f"{what}_not_allowed", api=api)


def _not_text(values: Iterable[str], what: str) -> Iterable[str]:
    if isinstance(values, str):
        raise TypeError(f"allow_{what} is several of them, not one text: allow_{what}=[{values!r}]")
    return values


def _host_option(text: str) -> str:
    ascii = text if text.isascii() else text.encode("idna").decode()  # as browsers send it
    name = ANY if text == ANY else _name(ascii) or (_bare(text.lower()) if "[" not in text and _address(text) else None)
    if name is None:
        raise ValueError(f"{text!r} is not a name of a host: write one like example.com, without http:// and path")
    return name


def _origin_option(text: str) -> str:
    if text == ANY:
        return text
    origin = ""
    try:
        parts = urlsplit(text)
        origin = f"{parts.scheme}://{parts.netloc}".lower()
        good = bool(parts.scheme and parts.hostname) and "@" not in parts.netloc and text.rstrip("/").lower() == origin
        good = good and text.isascii() and (parts.port is None or parts.port > 0)
    except ValueError:
        good = False
    if not good:  # "null" too: any page can get itself that origin
        raise ValueError(f"{text!r} is not an origin: write one like http://localhost:3000, without a path")
    return origin


def _name(host: str) -> str | None:
    """The name or address in a `Host` (RFC 9110, section 7.2), lower case; None if it is not a valid one."""
    host = host.lower()
    if host.startswith("["):
        name, bracket, port = host[1:].partition("]")
        if not bracket or _address(name) is None or (port and port[0] != ":"):
            return None
        port = port[1:]
    else:
        name, _, port = host.partition(":")
    good = name and (not port or (port.isascii() and port.isdigit())) and not set(name) & set("@/\\?#%*, \t[]")
    return _bare(name) if good else None


def _bare(name: str) -> str:
    """``name`` without the final dot of a fully qualified name; an address in its usual notation."""
    address = _address(name)
    return str(address) if address is not None else name.removesuffix(".")


def _address(name: str) -> Address | None:
    try:
        address = ipaddress.ip_address(name.strip("[]").partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _is_loopback(address: Address | None) -> bool:
    return address is not None and address.is_loopback

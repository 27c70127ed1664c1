"""Checks of hosts: the local machine, private addresses and addresses of the public internet."""

from __future__ import annotations

import ipaddress
from typing import TypeAlias

__all__ = ["is_local", "is_private_literal", "is_public"]

_Address: TypeAlias = "ipaddress.IPv4Address | ipaddress.IPv6Address"

GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
"""Everything that IPv6 routes in public (RFC 4291, section 2.4, and the registry of IANA)."""
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
"""The prefix under which a network without IPv4 maps IPv4 addresses (RFC 6052)."""
PROTOCOLS = ipaddress.IPv4Network("192.0.0.0/24")
"""Reserved for protocols (RFC 6890): it is refused, although `ipaddress` counts some of it as global."""


def is_local(host: str) -> bool:
    """True if ``host`` names this machine: a loopback address, or ``localhost`` or a name below it."""
    name = host.lower().rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    address = _literal(host)
    return address is not None and address.is_loopback


def is_public(address: str) -> bool:
    """True if an IP address belongs to the public internet: not to this machine, a local or private network, a
    provider's internal network or a multicast group, whether written as IPv4 or embedded in an IPv6 address."""
    ip = _literal(address)
    if ip is None:
        return False
    if isinstance(ip, ipaddress.IPv4Address):
        return ip.is_global and not ip.is_multicast and ip not in PROTOCOLS
    if ip in NAT64:
        return is_public(str(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)))
    tunnelled = ip.sixtofour is not None or ip.teredo is not None  # to an IPv4 address through a relay: obsolete
    return ip in GLOBAL_UNICAST and ip.is_global and not tunnelled


def is_private_literal(host: str) -> bool:
    """True if ``host`` alone shows that it is not public. A name needs a lookup, so it counts only if it is local."""
    return is_local(host) or (_literal(host) is not None and not is_public(host))


def _literal(host: str) -> _Address | None:
    """``host`` as an address, without its zone; None if it is a name."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped if mapped is not None else address

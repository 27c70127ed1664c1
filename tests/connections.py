"""What a client under test holds on to: its pools, and the connections within. The one place that looks into a client,
as no server and no caller sees a connection that is never used again."""

from __future__ import annotations

from typing import Any

import streamkit as sk
from streamkit.sources.http.keeper import Pool
from streamkit.sources.http.pools import Pools

__all__ = ["connections", "in_use", "pools", "pools_of", "transports"]


def pools_of(client: sk.Client) -> Pools:
    return client._pools


def pools(client: sk.Client) -> list[Pool]:
    return [pool for _, pool in pools_of(client)._all()]


def connections(client: sk.Client) -> list[Any]:
    return [connection for pool in pools(client) for connection in pool.connections()]


def in_use(client: sk.Client) -> list[Any]:
    """Connections that are not idle, and requests that httpcore has not let go of."""
    cores = [getattr(pool.client._transport, "_pool", None) for pool in pools(client)]
    requests = [request for core in cores if core is not None for request in core._requests]
    return [*requests, *(connection for connection in connections(client) if not connection.is_idle())]


def transports(client: sk.Client) -> set[str]:
    """The names of the classes that send the requests."""
    return {type(pool.client._transport).__name__ for pool in pools(client)}

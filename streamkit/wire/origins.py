"""Comparison of the origins of messages with the server that they are sent to."""

from __future__ import annotations

import re

from ..turns import Origin

__all__ = ["is_from_model", "is_from_server"]

DATED = re.compile(r"[-@](?:\d{8}|\d{6}|\d{4}(?:-\d{2}-\d{2})?|\d{2}-\d{2}(?:-\d{4})?|\d{3}|latest)")
"""The end of the name of a dated version: of OpenAI, Anthropic, Mistral, Google, Vertex."""


def is_from_server(target: Origin, origin: Origin) -> bool:
    """True if a message may be from the server that it is sent to: hosts that are not known may be any."""
    return not (origin.host and target.host) or origin.host.lower() == target.host.lower()


def is_from_model(target: Origin, origin: Origin) -> bool:
    """True if ``target`` may be the model that wrote a message, so that it understands its signatures."""
    return is_from_server(target, origin) and _is_same_model(target.model, origin.model)


def _is_same_model(one: str, other: str) -> bool:
    """True if two names are those of one model, one perhaps with the date of its version."""
    short, long = sorted((one, other), key=len)
    return not short or short == long or (long.startswith(short) and bool(DATED.fullmatch(long[len(short) :])))

"""All strict servers alike: what is right is accepted, and of the model's part nothing is missed without a notice."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from .asking import changed, post, without
from .histories import field_of, right_request
from .parts import SCRIPTS
from .provider import cut_of
from .refusals import RefusedError
from .strict import PROVIDERS, StrictServer

WHOLE = [name for name, script in SCRIPTS.items() if not any(map(cut_of, script))]
EACH = pytest.mark.parametrize("name", PROVIDERS)


def after_all(name: str, script: str) -> StrictServer:
    """A server that has given all replies of its script but the last one, and accepted every request."""
    server = StrictServer(name, script)
    for _ in server.rounds[:-1]:
        answer = post(server, right_request(server))
        assert answer.status_code == 200, answer.text
    return server


@EACH
def test_the_right_requests_of_every_script_are_accepted(name: str):
    for script in WHOLE:
        server = after_all(name, script)
        post(server, right_request(server))
        post(server, right_request(server))
        assert (server.refused, server.losses) == ([], []), script


@EACH
@pytest.mark.parametrize("script", ["three rounds", "reasoning between", "text before calls"])
def test_without_one_value_of_the_model_a_request_is_refused_or_loses_something(name: str, script: str):
    server = after_all(name, script)
    field, right = field_of(server), right_request(server)
    assert server.check(right) == []
    for place, item in enumerate(right[field]):
        if item.get("role") in ("assistant", "model") or item.get("type") in ("reasoning", "function_call", "message"):
            for path, value in _leaves(item):
                where = (field, place, *path)
                changes = [changed(right, *where, to=f"{value}x" if isinstance(value, str) else [1])]
                changes += [without(right, *where)] if value else []  # nothing is as good as null
                for wrong in changes:
                    assert _is_noticed(server, wrong) or _is_free(name, item, path), where


def _is_free(name: str, item: Any, path: tuple[Any, ...]) -> bool:
    """True for what may be left out or written anew: ids and states of items, and thoughts that are not signed."""
    if name == "responses":
        return path[-1] in ("id", "status")
    return name == "gemini" and len(path) > 1 and "thought" in item["parts"][path[1]]


def _is_noticed(server: StrictServer, body: Any) -> bool:
    try:
        return bool(server.check(body))
    except RefusedError:
        return True


def _leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """The places of all values that hold no others, with the values."""
    if isinstance(value, (dict, list)) and value:
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _leaves(item, (*path, key))
    else:
        yield path, value

"""The base of the scripted providers: the writing of a round as an event stream, and the check of what comes back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .parts import Cut, Part, Round
from .refusals import RefusedError, openai_body

__all__ = ["Provider", "Said", "cut_of", "differences", "event", "named_event", "parts_of"]


@dataclass
class Said:
    """A reply that was played: its ``events`` as bytes, and the ``form``, the messages or items in which it is to come
    back (as in "exactly what to append"). ``model`` and ``body`` are those of the request that it answered."""

    number: int
    round: Round
    model: str
    body: Mapping[str, Any]
    events: list[bytes] = field(default_factory=list)
    form: list[dict[str, Any]] = field(default_factory=list)
    id: str = ""


class Provider:
    """One kind of server. `check` raises `RefusedError` as the real one refuses, and returns the losses: what the real
    one takes in silence although it makes its answers worse."""

    name = ""
    address = ""
    """The address of the real server, for `sk.Client` and official clients."""
    api = "chat"
    """The name of the API in streamkit."""
    model = ""
    path = ""
    """The end of the path of its requests."""

    def check(self, body: Mapping[str, Any], said: list[Said], headers: Mapping[str, str]) -> list[str]:
        raise NotImplementedError

    def write(self, said: Said) -> None:
        """Set the events and the form of a reply."""
        raise NotImplementedError

    def error(self, error: RefusedError) -> Any:
        return openai_body(error)

    def model_of(self, path: str, body: Mapping[str, Any]) -> str:
        return str(body.get("model"))


def event(data: Any) -> bytes:
    """One event with JSON, or with text as it is."""
    text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return f"data: {text}\n\n".encode()


def named_event(data: Mapping[str, Any]) -> bytes:
    """An event whose name is the type in its data."""
    return f"event: {data['type']}\n".encode() + event(data)


def parts_of(round: Round) -> list[Part]:
    """The parts of a round without its cut."""
    return [part for part in round if not isinstance(part, Cut)]


def cut_of(round: Round) -> Cut | None:
    return next((part for part in round if isinstance(part, Cut)), None)


def differences(sent: Mapping[str, Any], wanted: Mapping[str, Any], where: str, skip: Iterable[str] = ()) -> list[str]:
    """A line for each key whose value is not the wanted one; nothing and null are the same."""
    keys = [key for key in {**wanted, **sent} if key not in skip]
    return [
        f"{where}.{key} is {sent.get(key)!r}, and the reply had {wanted.get(key)!r}"
        for key in keys
        if (sent.get(key) or None) != (wanted.get(key) or None)
    ]

"""The lines of a ledger: what they say, and how one that is damaged is told from one that is whole.

A line ends with the CRC-32 of what it says, so that a changed byte, two lines that were glued together and a part that
was overwritten are noticed, and an editor that only writes it in another way does no harm. It begins with its form, so
that a line whose end was lost is not taken for one of version 0.1.0, which had neither.
"""

from __future__ import annotations

import json
import re
import zlib
from typing import Any

from ..jsonform import to_json
from ..wording import described
from .item import BatchItem

__all__ = ["KEYS", "form_of", "is_half", "is_ours", "line_of"]

HEAD = b'{"asked":'
FORM = 2
KEYS = frozenset({"asked", "content", "cost", "crc", "error", "form", "outcome", "reply"})
SEAL = re.compile(rb',"crc":"([0-9a-f]{8})"\}')
BOM = b"\xef\xbb\xbf"


def line_of(item: BatchItem, content: str | None) -> bytes:
    """The line that says what became of a prompt."""
    form: dict[str, Any] = {"asked": item.key, "form": FORM}
    if content is not None and content != item.key:
        form["content"] = content
    form["outcome"] = item.outcome
    if item.cost is not None:
        form["cost"] = item.cost
    if item.error is not None:
        form["error"] = described(item.error)
    if item.reply is not None:
        form["reply"] = json.loads(to_json(item.reply))
    form["crc"] = _sum(form)
    return json.dumps(form, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n"


def _sum(form: dict[str, Any]) -> str:
    """Of what ``form`` says, however it is written."""
    said = {name: value for name, value in form.items() if name != "crc"}
    return f"{zlib.crc32(json.dumps(said, sort_keys=True, separators=(',', ':')).encode()):08x}"


def form_of(line: bytes) -> dict[str, Any] | None:
    """What a line says; None if it is damaged, ValueError if it is whole and says something else."""
    try:
        form = json.loads(line.removeprefix(BOM))
    except (ValueError, RecursionError):
        return None
    sealed = isinstance(form, dict) and "crc" in form
    if sealed and form["crc"] != _sum(form):
        return None
    named = isinstance(form, dict) and isinstance(form.get("asked"), str)
    if not named and (not isinstance(form, dict) or sealed or len(form.keys() & KEYS) < 2):
        raise ValueError("no line of a ledger")
    return form if named and (sealed or _is_old(form)) else None


def _is_old(form: dict[str, Any]) -> bool:
    """Whether a line without a sum is one of version 0.1.0, and not one of ours that has lost its end."""
    return "outcome" in form and ("error" in form or "reply" in form) and {"crc", "form"}.isdisjoint(form)


def is_ours(line: bytes) -> bool:
    """Whether a line, though it may be damaged, begins or ends as those of ledgers do."""
    return line[: len(HEAD)] == HEAD[: len(line)] or SEAL.search(line) is not None


def is_half(line: bytes) -> bool:
    """Whether a line without a line end is what a kill leaves: the beginning of one."""
    return line[: len(HEAD)] == HEAD[: len(line)] and SEAL.search(line) is None

"""The lines of a ledger: how they are written, read and checked for damage.

A line ends with the CRC-32 of its values, so that a changed byte, two joined lines and an overwritten part are noticed,
while an editor that only formats the JSON in another way does no harm. The number of its format stands at its
beginning, so that a line whose end was lost is not taken for one of version 0.1.0, which had neither.
"""

from __future__ import annotations

import json
import re
import zlib
from typing import Any

from ..json_form import to_json
from ..json_values import json_line, loads
from ..wording import described
from .item import BatchItem

__all__ = ["KEYS", "is_half", "is_ledger_line", "line_of", "read_line"]

HEAD = b'{"asked":'
FORM = 2
KEYS = frozenset({"asked", "content", "cost", "crc", "error", "form", "outcome", "reply"})
SEAL = re.compile(rb',"crc":"([0-9a-f]{8})"\}')
BOM = b"\xef\xbb\xbf"


def line_of(item: BatchItem, content: str | None) -> bytes:
    """The line that stores ``item``."""
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
    return json_line(form) + b"\n"


def _sum(form: dict[str, Any]) -> str:
    """The CRC-32 of the values in ``form``, independent of how its line is formatted."""
    values = {name: value for name, value in form.items() if name != "crc"}
    return f"{zlib.crc32(json.dumps(values, sort_keys=True, separators=(',', ':')).encode()):08x}"


def read_line(line: bytes) -> dict[str, Any] | None:
    """The object in a line; None if the line is damaged, ValueError if it is intact but not one of a ledger."""
    try:
        form = loads(line.removeprefix(BOM))
    except (ValueError, RecursionError):
        return None
    has_sum = isinstance(form, dict) and "crc" in form
    if has_sum and form["crc"] != _sum(form):
        return None
    has_key = isinstance(form, dict) and isinstance(form.get("asked"), str)
    if not has_key and (not isinstance(form, dict) or has_sum or len(form.keys() & KEYS) < 2):
        raise ValueError("not a line of a ledger")
    return form if has_key and (has_sum or _is_old(form)) else None


def _is_old(form: dict[str, Any]) -> bool:
    """True if a line without a checksum is one of version 0.1.0, and not one of this format that has lost its end."""
    return "outcome" in form and ("error" in form or "reply" in form) and {"crc", "form"}.isdisjoint(form)


def is_ledger_line(line: bytes) -> bool:
    """True if a line, possibly damaged, begins or ends like those of ledgers."""
    return line[: len(HEAD)] == HEAD[: len(line)] or SEAL.search(line) is not None


def is_half(line: bytes) -> bool:
    """True if a line without a line end is the beginning of one, which is what a killed process leaves."""
    return line[: len(HEAD)] == HEAD[: len(line)] and SEAL.search(line) is None

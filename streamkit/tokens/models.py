"""The encoding that a model uses."""

from __future__ import annotations

import re
from difflib import get_close_matches
from functools import lru_cache
from typing import NamedTuple

from ..wording import excerpt
from .encodings import NAMES

__all__ = ["CURRENT", "Resolved", "check_encoding_name", "resolve"]

CURRENT = "o200k_base"
CARRIERS = frozenset({"azure", "azure_openai", "github", "openai", "openrouter"})
"""Vendors that pass models on under the models' own names; with any other vendor a name is not reliable."""
LIKE_AN_ENCODING = re.compile(r"(?:o|cl?|l|p|r)\d{2,3}k?([_-].*)?")
THINKS = re.compile(r"o\d|gpt-[5-9](?!.*chat)|gpt-oss|codex")


class Resolved(NamedTuple):
    """The name of an encoding. ``exact``: it is the model's own, not a guess. ``thinks``: the model may bill for
    thinking that it does not show."""

    encoding: str
    exact: bool
    thinks: bool = False
    base: str = ""
    """The model's own name: without the names of a vendor, a variant or a fine-tuned version."""


@lru_cache(64)
def resolve(model: str) -> Resolved:
    """The encoding of ``model`` (a model's name or an encoding's own).

    By tiktoken's table, except for names that it misreads or does not know: ``ft:BASE:...``, ``openai/...``, upper
    case, variants like ``:free``. Any other is taken to be o200k_base, and not exact.
    """
    if (name := model.strip().lower()) in NAMES:
        return Resolved(name, exact=True)
    base, known = _base(model)
    encoding = _encoding_in_table(base)
    thinks = THINKS.match(base) is not None
    return Resolved(encoding or CURRENT, encoding is not None and known, thinks, base)


@lru_cache(64)
def check_encoding_name(name: str) -> None:
    """ValueError for an encoding that is misspelt: it would be taken for an unknown model."""
    if name.strip().lower() in NAMES:
        return
    normalized = re.sub("[\\s-]+", "_", name.strip().lower())
    near = get_close_matches(normalized, sorted(NAMES), 1, 0.6 if LIKE_AN_ENCODING.fullmatch(normalized) else 0.85)
    if near:
        raise ValueError(f"there is no encoding {excerpt(name, 60)!r}; did you mean {near[0]}?")


def _base(model: str) -> tuple[str, bool]:
    *carriers, name = model.strip().lower().split("/")
    known = CARRIERS.issuperset(carriers)
    fine_tuned = name.startswith("ft:")
    return name.removeprefix("ft:").partition(":")[0], known or fine_tuned


def _encoding_in_table(name: str) -> str | None:
    from tiktoken.model import encoding_name_for_model

    try:
        encoding = encoding_name_for_model(name)
    except KeyError:
        return None
    return encoding if encoding in NAMES else None  # gpt2 has files of another form

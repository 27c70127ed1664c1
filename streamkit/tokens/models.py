"""Which encoding a model uses."""

from __future__ import annotations

import re
from typing import NamedTuple

from .encodings import NAMES

__all__ = ["CURRENT", "Resolved", "resolve"]

CURRENT = "o200k_base"
CARRIERS = frozenset({"azure", "azure_openai", "github", "openai", "openrouter"})
"""Who passes on models under their own names; of others a name says nothing certain."""
THINKS = re.compile(r"o\d|gpt-[5-9](?!.*chat)|gpt-oss|codex")


class Resolved(NamedTuple):
    """The name of an encoding. ``exact``: it is the model's own, not a guess. ``thinks``: the model may bill for
    thinking that it does not show."""

    encoding: str
    exact: bool
    thinks: bool = False
    base: str = ""
    """The model's own name: without vendor, variant, or what it was fine-tuned to."""


def resolve(model: str) -> Resolved:
    """The encoding of ``model`` (a model's name or an encoding's own).

    tiktoken's table, but for names that it misreads or does not read: ``ft:BASE:...``, ``openai/...``, upper case,
    variants like ``:free``. Any other is taken to be o200k_base, and not exact.
    """
    if model in NAMES:
        return Resolved(model, exact=True)
    base, known = _base(model)
    encoding = _listed(base)
    thinks = THINKS.match(base) is not None
    return Resolved(encoding or CURRENT, encoding is not None and known, thinks, base)


def _base(model: str) -> tuple[str, bool]:
    *carriers, name = model.strip().lower().split("/")
    known = CARRIERS.issuperset(carriers)
    fine_tuned = name.startswith("ft:")
    return name.removeprefix("ft:").partition(":")[0], known or fine_tuned


def _listed(name: str) -> str | None:
    from tiktoken.model import encoding_name_for_model

    try:
        encoding = encoding_name_for_model(name)
    except KeyError:
        return None
    return encoding if encoding in NAMES else None  # gpt2 has files of another form

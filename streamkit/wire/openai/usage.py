"""Token figures as OpenAI's APIs write them: the same in each, under names that begin with other words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ...events import Usage

__all__ = ["known_usage", "whole_usage"]


def known_usage(usage: Usage, prompt: str, answer: str) -> dict[str, Any]:
    """The figures that are known, under names that begin with ``prompt`` and ``answer``."""
    return _known(
        {
            f"{prompt}_tokens": usage.prompt_tokens,
            f"{answer}_tokens": usage.completion_tokens,
            "total_tokens": usage.total_tokens,
            f"{prompt}_tokens_details": _known(
                {"cached_tokens": usage.cached_tokens, "cache_write_tokens": usage.cache_write_tokens}
            ),
            f"{answer}_tokens_details": _known({"reasoning_tokens": usage.reasoning_tokens}),
            "cache_creation": _known({"ephemeral_1h_input_tokens": usage.cache_write_1h_tokens}),
            "service_tier": usage.service_tier,
            "cost": usage.cost if usage.cost_origin == "provider" else None,
        }
    )


def whole_usage(usage: Usage | None, prompt: str, answer: str) -> dict[str, Any]:
    """The known figures; prompt and answer, 0 if not known, and total are always there, because official clients
    require numbers."""
    usage = usage or Usage()
    sent, said = usage.prompt_tokens or 0, usage.completion_tokens or 0
    total = usage.total_tokens or sent + said
    return known_usage(replace(usage, prompt_tokens=sent, completion_tokens=said, total_tokens=total), prompt, answer)


def _known(form: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in form.items() if value not in (None, {})}

"""The headers of an answer that are shown to the user: what they say of the answer, and nothing that is secret."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any

from .rates import rate_limits
from .secrets import SECRET, SHORTEST, secrets_in, without_secrets

__all__ = ["answer_of", "fields_of", "shown_headers"]

NAMES = frozenset(
    {"age", "cf-cache-status", "cf-ray", "date", "deprecation", "server", "server-timing", "sunset", "via", "warning"}
    | {"ratelimit", "retry-after", "retry-after-ms", "x-should-retry"}
    | {"x-generated-tokens", "x-prompt-tokens", "x-time-per-token"}
    | {"x-amz-cf-id", "x-amz-cf-pop", "x-azure-ref", "x-cache", "x-runtime", "x-served-by", "x-tt-logid", "x-vercel-id"}
)
PREFIXES = (
    *("ratelimit-", "x-rate-limit-", "x-ratelimit-", "x-tokenlimit-"),
    *("anthropic-priority-", "anthropic-ratelimit-", "azureml-model-", "cf-aig-", "fireworks-", "nvcf-", "openai-"),
    *("x-amzn-bedrock-", "x-compute-", "x-envoy-upstream-", "x-gemini-", "x-groq-", "x-inference-", "x-kong-"),
    *("x-litellm-", "x-metrics-", "x-ms-"),
)
ENDINGS = (
    *("correlation-id", "generation-id", "reqid", "request-id", "requestid", "trace-id"),
    *("-duration", "-latency", "-ms", "-time", "-region", "-zone"),
)
LIMITS = re.compile("rate-?limit|tokenlimit")
COUNTED = re.compile(r"(?<![a-z])(?:tokens|per-token)(?![a-z])|tokenlimit")
"""The tokens of a model, in the name of a header whose value is a figure."""
FIGURE = re.compile(r"[0-9][0-9.,:+TZhmsdnuµ -]{0,39}(?:;w=[0-9]+)?")
PRIVATE = re.compile(
    r"session|[cx]srf|jwt|bearer|nonce|signature"
    r"|(?:^|[-_])(?:account|customer|email|org|organi[sz]ation|project|subscription|team|tenant|user)(?:[-_]|$)"
)
"""Words in the names of headers that are secret, or name the account."""
MOST = 64
"""Headers of an answer that are kept."""
LONGEST = 500
"""Characters of a value that are kept."""
LONGEST_NAME = 100
"""Characters of a name; a longer one is not shown."""


def answer_of(response: Any) -> dict[str, Any]:
    """The `fields_of` the response that a provider's own library has; none if it is not one of httpx or the like."""
    try:
        headers = {str(name).lower(): str(value) for name, value in response.headers.items()}
    except (AttributeError, TypeError, ValueError):
        return {}
    secrets: list[str] = []
    with suppress(Exception):  # httpx raises RuntimeError for a response without its request
        secrets = secrets_in(dict(response.request.headers.items()), dict(response.request.url.params.items()))
    return fields_of(headers, secrets)


def fields_of(headers: Mapping[str, str], secrets: Sequence[str]) -> dict[str, Any]:
    """The fields of a Reply that say what ``headers``, whose names are in lower case, do."""
    return {"headers": shown_headers(headers, secrets), "rate_limits": rate_limits(headers)}


def shown_headers(headers: Mapping[str, str], secrets: Sequence[str] = ()) -> dict[str, str]:
    """Those of ``headers`` that are shown, by their names in lower case, without any of ``secrets`` in their values.

    A name must be one of ``NAMES``, or have one of ``PREFIXES`` or ``ENDINGS``. It must not sound like a secret or like
    the name of an account; a name with "tokens" may pass if its value is a figure.
    """
    shown: dict[str, str] = {}
    for name, value in headers.items():
        verdict = len(name) <= LONGEST_NAME and _verdict(name)
        if verdict and (verdict == "always" or FIGURE.fullmatch(value)) and len(shown) < MOST:
            shown[name.lower()] = value if len(value) <= LONGEST else value[: LONGEST - 1] + "…"
    joined = "\n".join(shown.values())
    if any(secret[:SHORTEST] in joined for secret in secrets):  # which is seldom so
        return {name: without_secrets(value, secrets) for name, value in shown.items()}
    return shown


@lru_cache(1024)
def _verdict(name: str) -> str:
    """The condition for a header of this name: ``always`` or ``figure`` (its value must be one); empty if it is never
    shown."""
    name = name.lower()
    if not (name in NAMES or name.startswith(PREFIXES) or name.endswith(ENDINGS)):
        return ""
    rest = COUNTED.sub("", name)
    if SECRET.search(rest) or (PRIVATE.search(rest) and not LIMITS.search(rest)):
        return ""
    return "always" if rest == name else "figure"

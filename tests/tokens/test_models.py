"""Which encoding a model uses, and when that is a guess."""

from __future__ import annotations

import re

import pytest

import streamkit as sk
from streamkit import ops
from streamkit.tokens import TokenCounter, resolve

O2, C1, H2 = "o200k_base", "cl100k_base", "o200k_harmony"


@pytest.mark.parametrize(
    ("model", "encoding"),
    [
        ("gpt-4o", O2),
        ("gpt-4o-2024-08-06", O2),
        ("gpt-4o-mini-2024-07-18", O2),
        ("chatgpt-4o-latest", O2),
        ("gpt-4.1", O2),
        ("gpt-4.1-mini-2025-04-14", O2),
        ("gpt-4.5-preview-2025-02-27", O2),
        ("gpt-5", O2),
        ("gpt-5.6-sol", O2),
        ("o1", O2),
        ("o3-mini-2025-01-31", O2),
        ("o4-mini", O2),
        ("gpt-4", C1),
        ("gpt-4-turbo-2024-04-09", C1),
        ("gpt-3.5-turbo-0125", C1),
        ("gpt-35-turbo", C1),
        ("gpt-oss-120b", H2),
        ("ft:gpt-4.1-2025-04-14:org::id", O2),  # tiktoken's own table says cl100k_base
        ("ft:gpt-4o-mini-2024-07-18:org:name:id", O2),
        ("ft:gpt-3.5-turbo-0125:org::id", C1),
        ("openai/gpt-4o", O2),
        ("openrouter/openai/gpt-4o:free", O2),
        ("azure/gpt-4", C1),
        ("GPT-4o", O2),
        (" gpt-4o ", O2),
        ("o200k_base", O2),
        ("cl100k_base", C1),
        (" CL100K_Base ", C1),
        ("r50k_base", "r50k_base"),
    ],
)
def test_known_models(model: str, encoding: str):
    found = resolve(model)
    assert (found.encoding, found.exact) == (encoding, True)


UNKNOWN = [
    "gpt2",
    "kimi-128k",
    "phi-base",
    "o200",
    "t5-base",
    "qwen-base",
    "sd15-base",
    "a100_base",
    "yi-34b-200k",
    "gpt-6",
    "o9",
    "codex-mini-latest",
    "computer-use-preview",
    "gpt-realtime",
    "claude-sonnet-4-5",
    "gemini-2.5-pro",
    "deepseek-chat",
    "qwen3-32b",
    "meta-llama/Llama-3.3-70B",
    "anthropic/claude-3.7-sonnet:thinking",
    "someone/gpt-4o",
]


@pytest.mark.parametrize("model", ["", *UNKNOWN])
def test_what_is_not_known_is_counted_with_current_models_and_says_so(model: str):
    found = resolve(model)
    assert (found.encoding, found.exact) == (O2, False)
    counter = TokenCounter(model)
    assert (counter.feed("hello"), counter.exact) == (1, False)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("o200k_bse", O2),
        ("o200k-base", O2),
        ("o200k", O2),
        ("o200_base", O2),
        ("cl100k", C1),
        ("c100k_base", C1),
        ("cl100k_harmony", H2),
        ("p50_base", "p50k_base"),
        ("o200k_harmoni", H2),
    ],
)
def test_an_encoding_that_is_misspelt_is_told(name: str, meant: str):
    for make in (
        TokenCounter,
        ops.count_tokens,
        lambda name: ops.meter(encoding=name),
        lambda name: ops.budget(9, encoding=name),
    ):
        with pytest.raises(ValueError, match=re.escape(f"there is no encoding {name!r}; did you mean {meant}?")):
            make(name)


def test_a_model_that_nobody_knows_is_told_once_where_numbers_have_no_label(caplog: pytest.LogCaptureFixture):
    for _ in range(2):
        ops.count_tokens("gpt4o-x")
        ops.budget(9, encoding="gpt4o-x")
        ops.meter(encoding="gpt4o-x")
    told = [record.getMessage() for record in caplog.records if "gpt4o-x" in record.getMessage()]
    why = "does not know the model 'gpt4o-x': it estimates, with the tokens of o200k_base"
    assert told == [f"ops.count_tokens {why}", f"ops.budget {why}"]
    caplog.clear()
    for known in ("gpt-4o", O2, "gpt-oss-20b", "openai/gpt-4o"):
        ops.count_tokens(known)
    assert not [record for record in caplog.records if record.name == "streamkit"]


def test_tokens_are_counted_as_current_models_do_where_no_encoding_is_named():
    texts = sk.stream(["Hello, ", "world!"])
    assert list(texts.pipe(ops.count_tokens())) == list(texts.pipe(ops.count_tokens(O2)))


@pytest.mark.parametrize("model", ["o3-mini", "gpt-5-mini", "openai/gpt-5.6", "gpt-oss-20b"])
def test_models_that_may_bill_for_thinking_they_do_not_show(model: str):
    assert resolve(model).thinks


@pytest.mark.parametrize("model", ["gpt-4o", "gpt-5-chat-latest", "gpt-4.1", "claude-sonnet-4-5"])
def test_models_of_which_that_is_not_known(model: str):
    assert not resolve(model).thinks

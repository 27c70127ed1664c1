"""Whatever is in the wrong place, or of the wrong type, is told where it is written, with what to write instead."""

from __future__ import annotations

import gc
import re
from typing import Any

import pytest

from tests.misuse import MISTAKES, PRELUDE, REDIS


@pytest.fixture(scope="module")
def names() -> dict[str, Any]:
    found: dict[str, Any] = {}
    exec(PRELUDE, found)
    return found


@pytest.mark.parametrize(("code", "kind", "words"), REDIS, ids=[code for code, _, _ in REDIS])
def test_a_mistake_with_redis_is_told(code: str, kind: type[Exception], words: str, names: dict[str, Any]) -> None:
    pytest.importorskip("redis")
    with pytest.raises(kind, match=re.escape(words)) as caught:
        eval(code, dict(names))
    assert type(caught.value) is kind
    assert "12345" not in f"{caught.value!r} {caught.value.__context__!r}", "a password is told to nobody"


@pytest.mark.parametrize(("code", "kind", "words"), MISTAKES, ids=[code for code, _, _ in MISTAKES])
def test_a_mistake_is_told_with_what_to_write(
    code: str, kind: type[Exception], words: str, names: dict[str, Any], tmp_path: Any, monkeypatch: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", "key")
    with pytest.raises(kind, match=re.escape(words)) as caught:
        eval(code, dict(names))
    assert type(caught.value) is kind
    assert "12345" not in str(caught.value), "a key is told to nobody"
    if "answer(" in code:
        gc.collect()  # a coroutine that nobody awaited would complain here

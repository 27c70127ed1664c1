"""How prompts are named and measured."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given, strategies as st
from pydantic import BaseModel, RootModel

import streamkit as sk
from streamkit.batch.prompts import Unreadable, content_of, lines_of, size_of

HERE = Path(__file__).resolve().parents[2]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


class City(BaseModel):
    name: str


class Names(RootModel[list[str]]): ...


@dataclass
class Question:
    text: str


def test_the_name_of_a_prompt_is_the_same_in_every_process():
    code = "from streamkit.batch.prompts import content_of; print(content_of({'b': 'ä', 'a': [1, None]}))"
    told = {
        subprocess.run(
            [sys.executable, "-c", code], cwd=HERE, capture_output=True, text=True, check=True
        ).stdout.strip()
        for _ in range(2)
    }
    assert told == {content_of({"a": [1, None], "b": "ä"})} == {"fbf0280c9fc785694e484afdb0dee668"}


def test_what_differs_has_different_names():
    prompts = ["a", "b", ["a"], {"a": 1}, {"a": "1"}, 1, "1", None, "", True, "null", [], {}]
    assert len({content_of(prompt) for prompt in prompts}) == len(prompts)


def test_models_and_dataclasses_have_names_and_strangers_none():
    assert content_of(City(name="Bern")) == content_of({"name": "Bern"})
    assert content_of(Question("Why?")) == content_of({"text": "Why?"})
    assert content_of([sk.user("Why?")]) == content_of([{"content": "Why?", "role": "user"}])
    assert content_of("\ud800") is not None
    assert content_of({"day": date(2026, 1, 2)}) == content_of({"day": "2026-01-02"})
    assert content_of(object()) is None
    assert content_of(Unreadable("{", sk.MalformedError("x"))) != content_of("{")


@pytest.mark.parametrize(
    ("prompt", "tokens"),
    [
        ("", 0),
        ("four", 1),
        ("five5", 2),
        ("世界", 2),
        ([sk.system("four"), sk.user("four")], 5),
        ({"n": 1, "text": None}, 0),
        (Question("four"), 1),
        ([Question("four"), City(name="four"), MappingProxyType({"text": "four"}), Names(["four"])], 4),
        (object(), 0),
        ({"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 10_000}}, 1003),
    ],
)
def test_the_size_of_a_prompt_is_that_of_its_text(prompt: Mapping[str, Any], tokens: int):
    assert size_of(prompt) == tokens


@pytest.mark.slow
@given(st.lists(JSON, max_size=5))
def test_lines_are_read_as_they_were_written(tmp_path_factory: pytest.TempPathFactory, values: list[Any]):
    path = tmp_path_factory.mktemp("prompts") / "prompts.jsonl"
    path.write_text("".join(json.dumps(value) + "\n" for value in values), encoding="utf-8")
    assert list(lines_of(str(path))) == values

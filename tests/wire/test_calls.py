"""When the JSON text of a call is whole."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, strategies as st

from streamkit.wire.arguments import JsonEnd

JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


def closed_at(text: str, size: int) -> int | None:
    end = JsonEnd()
    for start in range(0, len(text), size):
        end.feed(text[start : start + size])
        if end.closed:
            return start + size
    return None


@pytest.mark.slow
@given(st.lists(JSON, max_size=3) | st.dictionaries(st.text(), JSON, max_size=3), st.integers(0, 3), st.booleans())
def test_an_object_or_array_is_closed_by_its_last_character(value: object, indent: int, ascii: bool):
    text = json.dumps(value, indent=indent or None, ensure_ascii=ascii)
    assert closed_at(text, 1) == len(text)
    assert closed_at(text, 3) in range(len(text), len(text) + 3)
    assert closed_at(text + "  ", len(text) + 2) == len(text) + 2
    assert closed_at(text[:-1], 1) is None


@pytest.mark.parametrize("text", ["", "5", "true", '"a{}"', "null", '{"a": "}', r'{"a": "\"}', '["', "{[}"])
def test_other_values_and_halves_are_never_closed(text: str):
    assert closed_at(text, 1) is None


def test_nonsense_does_no_harm():
    assert closed_at("}", 1) is None
    assert closed_at('{"a": "\\', 1) is None

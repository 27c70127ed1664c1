"""JSON while it is written: the values and items at every cut, beside `json.loads`."""

from __future__ import annotations

import json
import math
import random
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

import streamkit as sk
from streamkit.stages import JsonItems, JsonValues
from streamkit.stages.structure.json_tree import DEPTH
from streamkit.testing import every_split
from tests.costs import memory


def fed(stage: Any, pieces: list[str]) -> list[Any]:
    """All that a stage gives, and as the last item what it raises."""
    out: list[Any] = []
    try:
        for piece in pieces:
            out.extend(stage.feed(piece))
        out.extend(stage.flush())
    except sk.MalformedError as error:
        out.append(error)
    return out


def cut(text: str, rng: random.Random) -> list[str]:
    pieces = []
    while text:
        size = rng.randint(1, 9)
        pieces.append(text[:size])
        text = text[size:]
    return pieces


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(),
    st.text(st.characters()),
    st.just("\ud83d"),
)
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=5), inner), max_leaves=20)
RNG = st.randoms(use_true_random=False)
WAYS: list[dict[str, Any]] = [
    {},
    {"indent": 2},
    {"ensure_ascii": False},
    {"separators": (",", ":")},
    {"indent": "\t", "ensure_ascii": False},
]


def snippet(value: Any, whole: Any) -> bool:
    """Whether ``value`` is ``whole`` while it was written: strings and lists begin alike, keys come in order."""
    if isinstance(value, str) and isinstance(whole, str):
        return whole.startswith(value)
    if isinstance(value, list) and isinstance(whole, list):
        return value[:-1] == whole[: len(value[:-1])] and (not value or snippet(value[-1], whole[len(value) - 1]))
    if isinstance(value, dict) and isinstance(whole, dict):
        keys = list(value)
        done = keys[:-1]
        return (
            keys == list(whole)[: len(keys)]
            and [value[key] for key in done] == [whole[key] for key in done]
            and (not keys or snippet(value[keys[-1]], whole[keys[-1]]))
        )
    return bool(value == whole)


# -- values ------------------------------------------------------------------------------------------------------------


@given(JSON, st.sampled_from(WAYS), RNG)
def test_values_grow_to_what_json_loads_gives(value, way, rng):
    text = json.dumps(value, **way)
    whole = json.loads(text)
    values = fed(JsonValues(), cut(text, rng))
    assert values[-1] == whole
    assert type(values[-1]) is type(whole)
    assert all(snippet(one, whole) for one in values)


@given(JSON, st.sampled_from(WAYS))
def test_a_value_comes_for_every_character_that_tells_something(value, way):
    """Cut into single characters, no two values in a row are the same, and strings grow by one character."""
    text = json.dumps(value, **way)
    values = [json.dumps(one) for one in fed(JsonValues(), list(text))]
    assert all(a != b for a, b in pairwise(values))


GROWING = '{"name": "A\\u00e9\\ud83d\\ude00", "n": [1, -2.5e3, true], "o": {"k": null}}'


def test_values_at_every_split():
    whole = json.loads(GROWING)
    seen = set()
    for pieces in every_split(GROWING):
        values = fed(JsonValues(), pieces)
        assert values[-1] == whole
        assert len([value for value in values if value == whole]) == 1
        seen |= {json.dumps(value) for value in values}
    assert json.dumps({"name": "A"}) in seen
    assert json.dumps({"name": "Aé😀", "n": [1]}) in seen
    assert '{"name": "A\\ud83d' not in "".join(seen)  # never half a character


AROUND = [
    "@",
    "Here you are:\n\n```json\n@\n```\nEnjoy [1]!",
    "```\n@\n```",
    "~~~json\r\n@\r\n~~~",
    "The set {name} and [sic] and [1]: @",
    "\ufeff  @ ",
    "<json>@</json>",
    'Sure! @ and {"a": 2}',
]


@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize("text", ['{"a": [1, "}]```", {"b": "x"}]}', '["a", {"b": 2}]'])
def test_prose_and_fences_are_skipped_at_every_split(around, text):
    for pieces in every_split(around.replace("@", text)):
        assert fed(JsonValues(), pieces)[-1] == json.loads(text), pieces


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("42", 42),
        (" -1.5e3\n", -1500.0),
        ("true", True),
        (" null ", None),
        ('"a \\"word\\" {"', 'a "word" {'),
        ('"\\ud83d"', "\ud83d"),
        ('"\\ud83d\\ud83d\\ude00"', "\ud83d😀"),
        ('"\\ude00x"', "\ude00x"),
        ('{"a": "\t\n"}', {"a": "\t\n"}),  # raw control characters, as models write them
        ('{"a": 1, "a": 2}', {"a": 2}),
        ("[]", []),
        ("{}", {}),
        ("{\n}", {}),
        ('{"": {"": []}}', {"": {"": []}}),
        ("[1E400, -1E400]", [math.inf, -math.inf]),
        ("[" * DEPTH + "]" * DEPTH, None),
        (f"[{'9' * 4000}]", [int("9" * 4000)]),
    ],
)
def test_what_counts_as_json(text, value):
    for pieces in every_split(text) if len(text) < 100 else [[text], cut(text, random.Random(1))]:
        got = fed(JsonValues(), pieces)
        assert got[-1] == (json.loads(text, strict=False) if value is None else value), pieces


def test_nan_and_infinity_are_taken_as_python_takes_them():
    (value,) = fed(JsonValues(), ["[NaN, -Infinity, Infinity]"])
    assert [str(item) for item in value] == ["nan", "-inf", "inf"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "no JSON"),
        ("I would rather not {say} [so].", "no JSON"),
        ('{"a": 1', "not finished"),
        ('{"a": "b', "not finished"),
        ('{"a": "\\u00', "not finished"),
        ('{"a" 1}', "a colon"),
        ('{"a": }', "a value"),
        ('{"a": 1 "b"}', "a comma or the end of the object"),
        ('{"a": [1 2]}', "a comma or the end of the list"),
        ('{"a": 01}', "a value"),
        ('{"a": 1.}', "a value"),
        ('{"a": .5}', "a value"),
        ('{"a": tru}', "a value"),
        ('{"a": nul, "b": 1}', "a value"),
        ('{"a": "\\x"}', "an escape"),
        ('{"a": "\\u00g0"}', "an escape"),
        ('{"a": 1,}', "a key in quotes"),
        ('["a",]', "a value"),
        ("{'a': 1}", "no JSON"),
        ("[" * (DEPTH + 1), "nested more than"),
        (f'{{"a": {"9" * 5001}', "a value"),
        (f'{{"a": {"9" * 4400}}}', "a value"),  # more digits than Python converts
    ],
)
def test_what_is_no_json_is_told_with_its_place(text, told):
    errors = set()
    for pieces in every_split(text) if len(text) < 60 else [[text], cut(text, random.Random(1))]:
        *values, error = fed(JsonValues(), pieces)
        assert isinstance(error, sk.MalformedError), pieces
        assert told in str(error)
        errors.add(str(error).partition(":")[0])
        if values:
            assert fed(JsonValues(), [text])[-2] == values[-1]  # what there was before the fault is the same
    assert len(errors) == 1  # the same at every split


def test_an_unfinished_value_may_stand():
    for pieces in every_split('{"a": [1, "tw'):
        assert fed(JsonValues(unfinished="keep"), pieces)[-1] == {"a": [1, "tw"]}
    assert fed(JsonValues(unfinished="keep"), ["no"]) == []
    with pytest.raises(ValueError, match="unfinished is"):
        JsonValues(unfinished="drop")  # type: ignore[arg-type]


def test_what_follows_the_json_changes_nothing():
    stage = JsonValues()
    assert list(stage.feed('{"a": 1} {"b": ')) == [{"a": 1}]
    assert list(stage.feed("2} ]")) == list(stage.flush()) == []


def test_finished_parts_of_values_are_never_changed_later():
    text = json.dumps({"list": [{"n": n, "s": "x" * n} for n in range(9)], "last": "word"})
    stage, seen = JsonValues(), []
    for piece in text:
        seen.extend((value, json.dumps(value)) for value in stage.feed(piece))
    assert all(json.dumps(value) == then for value, then in seen)


# -- items -------------------------------------------------------------------------------------------------------------

DOCUMENT = (
    'Well: {"name": "x", "orders": [{"id": 1, "lines": [["a"], ["b\\ud83d\\ude00"]]}, {"id": 2, "lines": []}], '
    '"deep": {"lines": [true, 5, "}"]}, "empty": [], "a.b": [7], "3": [8]}'
)


@pytest.mark.parametrize(
    ("path", "items"),
    [
        ("orders", [{"id": 1, "lines": [["a"], ["b😀"]]}, {"id": 2, "lines": []}]),
        ("orders.0.lines", [["a"], ["b😀"]]),
        ("orders.1.lines", []),
        ("orders.*.lines", [["a"], ["b😀"]]),
        ("orders.0.lines.*", ["a", "b😀"]),
        ("*.lines", [True, 5, "}"]),
        (["deep", "lines"], [True, 5, "}"]),
        (["a.b"], [7]),
        ("3", [8]),
        ("empty", []),
    ],
)
def test_items_at_every_split(path, items):
    for pieces in every_split(DOCUMENT):
        assert fed(JsonItems(path), pieces) == items, pieces


@pytest.mark.slow
@given(st.lists(JSON, max_size=6), st.sampled_from(WAYS), RNG)
@settings(max_examples=50)
def test_items_are_those_that_json_loads_gives(items, way, rng):
    for path, value in (("", items), ("a.1.b", {"a": [0, {"c": 1, "b": items}], "z": [1]})):
        text = json.dumps(value, **way)
        assert fed(JsonItems(path), cut(text, rng)) == fed(JsonItems(path), [text]) == json.loads(json.dumps(items))


def test_an_item_comes_with_its_last_character():
    """A number is known to be whole when something follows it."""
    stage, came = JsonItems("a"), []
    for place, char in enumerate('{"a": [{"b": 1}, "two", 3, [4]]}'):
        came.extend((place, item) for item in stage.feed(char))
    assert came == [(14, {"b": 1}), (21, "two"), (25, 3), (29, [4])]


@pytest.mark.parametrize(
    ("path", "text", "items", "told"),
    [
        ("", '[1, 2, {"a": 3', [1, 2], "not finished"),
        ("", "[1, 2, oops]", [1, 2], "a value"),
        ("", '{"a": [1]}', [], "an object as the whole JSON"),
        ("", "prose", [], "no JSON"),
        ("", '"text"', [], "not a list"),
        ("a", '{"b": [1]}', [], "no list at a"),
        ("a", '{"a": {"b": 1}}', [], "an object at a"),
        ("a", '{"a": 5}', [], "no list at a"),
        ("a.5", '{"a": [[1]]}', [], "no list at a.5"),
    ],
)
def test_what_is_wrong_is_told_after_what_was_complete(path, text, items, told):
    for pieces in every_split(text):
        *got, error = fed(JsonItems(path), pieces)
        assert (got, isinstance(error, sk.MalformedError)) == (items, True), pieces
        assert told in str(error)


def test_an_unfinished_list_may_do():
    for pieces in every_split('{"a": [1, 2, [3'):
        assert fed(JsonItems("a", unfinished="keep"), pieces) == [1, 2]


@pytest.mark.parametrize(
    ("path", "error"), [("a..b", ValueError), (".", ValueError), ([True], TypeError), ([1.5], TypeError)]
)
def test_a_path_that_makes_no_sense_is_refused(path, error):
    with pytest.raises(error, match="step"):
        JsonItems(path)


# -- cost --------------------------------------------------------------------------------------------------------------


def work(monkeypatch: pytest.MonkeyPatch, text: str, size: int = 4) -> tuple[int, int]:
    """Characters that regular expressions of the reader were given to look at, and entries that snapshots copied."""
    from streamkit.stages.structure import json_text, json_tree

    looked = 0
    original = json_text._end

    def end(pattern: Any, text: str, at: int) -> int:
        nonlocal looked
        stop = original(pattern, text, at)
        looked += stop - at + 1
        return stop

    copied = 0
    snapshot = json_tree.JsonTree.snapshot

    def counted(self: Any, growing: Any = json_tree.NOTHING) -> Any:
        nonlocal copied
        copied += self.width
        return snapshot(self, growing)

    with monkeypatch.context() as patch:
        patch.setattr(json_text, "_end", end)
        patch.setattr(json_tree.JsonTree, "snapshot", counted)
        values = fed(JsonValues(), [text[i : i + size] for i in range(0, len(text), size)])
    assert values[-1] == json.loads(text)
    return looked, copied


SHAPES = {
    "wide list": lambda n: json.dumps(list(range(n // 5))),
    "wide object": lambda n: json.dumps({f"k{i}": i for i in range(n // 12)}),
    "long string": lambda n: json.dumps("word " * (n // 5)),
    "objects": lambda n: json.dumps([{"name": "Ada", "n": i, "tags": ["a", "b"]} for i in range(n // 45)]),
    "escapes": lambda n: json.dumps({"a": "é\n" * (n // 8)}),
}


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES)
def test_the_work_for_a_character_does_not_grow(shape, monkeypatch):
    small, large = SHAPES[shape](3_000), SHAPES[shape](60_000)
    (looked, _), (looked_large, copied_large) = work(monkeypatch, small), work(monkeypatch, large)
    growth = len(large) / len(small)
    assert looked_large <= 1.2 * growth * looked
    assert copied_large <= 256 * len(large)  # what `JsonValues` allows itself


def test_items_that_were_given_are_not_kept():
    stage = JsonItems("a")
    list(stage.feed('{"a": ['))

    def feed_many() -> None:
        for n in range(5000):
            assert list(stage.feed(f'{{"n": {n}}},')) == [{"n": n}]

    assert memory(feed_many)[1] < 50_000

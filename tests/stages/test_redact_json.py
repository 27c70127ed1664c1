"""JSON in which something is hidden stays JSON, and what is no JSON does not tell either, however it is cut."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import reactivex as rx
from hypothesis import example, given, settings, strategies as st

import streamkit as sk
from streamkit import operators as ops
from streamkit.stages import JsonValues, Redactor
from streamkit.stages.rewriting.redact_json import JsonRedactor
from streamkit.testing import every_split

MASK = "[redacted]"
CARD = "4242424242424242"


def shown(stage, pieces, end="flush"):
    return "".join([*(out for piece in pieces for out in stage.feed(piece)), *getattr(stage, end)()])


def in_pieces(text, sizes):
    at, pieces = 0, []
    for size in sizes:
        pieces.append(text[at : at + size])
        at += size
    return [*pieces, text[at:]]


# -- random documents, in every spelling -------------------------------------------------------------------------------

SHORT = {'"': '\\"', "\\": "\\\\", "/": "\\/", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
HIDDEN = ["bob@ex.org", "secret", CARD, "+44 20 7946 0958", "ab", '"hi"']
BLANKS = st.text(" \t\n\r", max_size=2)
NUMBERS = st.from_regex(r"-?(0|[1-9][0-9]{0,5})(\.[0-9]{1,4})?([eE][-+]?[0-9]{1,3})?", fullmatch=True)
SCALARS = st.one_of(st.sampled_from(["true", "false", "null", "NaN", "-Infinity", CARD, "1" + "0" * 40]), NUMBERS)


def spelled(char: str, how: int) -> str:
    """One character within a string: as it is if that may be, by its short escape, or by its number."""
    if how == 0 and char not in '"\\':
        return char
    if how <= 1 and char in SHORT:
        return SHORT[char]
    units = char.encode("utf-16-be", "surrogatepass")
    written = "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))
    return written.replace("\\u", "\0").upper().replace("\0", "\\u") if how == 3 else written


@st.composite
def strings(draw: st.DrawFn) -> str:
    alphabet = st.sampled_from('ab1 @.-+"\\/\n\b\u00e9\u2028\U0001f92b\ud83d\udd2b,:{}[]\x00')
    text = "".join(draw(st.lists(st.one_of(st.text(alphabet, max_size=4), st.sampled_from(HIDDEN)), max_size=3)))
    hows = draw(st.lists(st.integers(0, 3), min_size=len(text), max_size=len(text))) if draw(st.booleans()) else []
    return f'"{"".join(map(spelled, text, hows or [0] * len(text)))}"'


def containers(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    padded = st.tuples(BLANKS, values, BLANKS).map("".join)
    members = st.tuples(BLANKS, strings(), BLANKS, st.just(":"), padded).map("".join)
    lists = st.lists(padded, min_size=1, max_size=3).map(",".join) | BLANKS
    objects = st.lists(members, min_size=1, max_size=3).map(",".join) | BLANKS
    return lists.map("[{}]".format) | objects.map(lambda inside: "{" + inside + "}")


DOCUMENTS = st.tuples(BLANKS, st.recursive(strings() | SCALARS, containers, max_leaves=8), BLANKS).map("".join)

PUTS = st.sampled_from(["", "#", '"', "\\", 'a"b\\c\n', "\ud83d", "\udd2b", "}{", "1", "\U0001f92b\x00", "true"])
RULES = st.one_of(
    st.sampled_from(
        ["email", "phone", "card", "key", "secret", r"\W+", r"[\d.eE+-]+", r"(?<=b)\w", r".$", r"(?s).{3}"]
    ),
    st.just(HIDDEN),
    st.just(['"', "\\", "{", ",", ":", "e", "\ud83d"]),
    st.tuples(st.sampled_from(["email", "card", r"\d+", r"\S+", r"a.?b", r'"', r"\\"]), PUTS),
    PUTS.map(lambda put: lambda word: put),
    st.just(str.upper),
)
KEEPING = st.sampled_from(
    [lambda word: None if len(word) % 2 else f'<"{word}">', (r"\w+", lambda found: None if "a" in found else "#")]
)
RULE_LISTS = st.lists(RULES, min_size=1, max_size=3) | KEEPING.map(lambda rule: [rule])
SIZES = st.lists(st.integers(0, 9), max_size=20)


class Number(str):
    """A number as it was written."""


def read(text: str) -> Any:
    """The document, with numbers as they are written and every member of an object, also where keys repeat."""

    def members(pairs):
        return ("object", pairs)

    return json.loads(
        text, strict=False, parse_int=Number, parse_float=Number, parse_constant=Number, object_pairs_hook=members
    )


def hidden(value: Any, make: Any, make_name: Any) -> Any:
    """What must have become of ``value``: each of its texts is redacted by itself, names by what is no callable."""
    if isinstance(value, str):
        text = shown(make(), [value])
        return value if isinstance(value, Number) and text == value else joined(text)
    if isinstance(value, tuple) and value[0] == "object":
        return (
            "object",
            [(hidden(key, make_name, make_name), hidden(item, make, make_name)) for key, item in value[1]],
        )
    return [hidden(item, make, make_name) for item in value] if isinstance(value, list) else value


def joined(value: Any) -> Any:
    """Halves of a character that came to stand side by side are that character."""
    if isinstance(value, str):
        return (
            value if isinstance(value, Number) else value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        )
    if isinstance(value, tuple):
        return (value[0], [(joined(key), joined(item)) for key, item in value[1]])
    return [joined(item) for item in value] if isinstance(value, list) else value


def without_values(text: str) -> str:
    return re.sub(r'"(?:[^"\\]|\\.)*"|-?\d[^\s,\]}]*|NaN|-?Infinity', "_", text, flags=re.DOTALL)


@given(DOCUMENTS, RULE_LISTS, SIZES)
def test_json_stays_json_and_every_string_and_number_in_it_is_redacted_by_itself(text, rules, sizes):
    plain, of_json = Redactor(*rules, mask="#"), JsonRedactor(*rules, mask="#")
    got = shown(of_json.fresh(), [text])
    of_names = [rule for rule in rules if not callable(rule)] or [["no such name"]]
    assert joined(read(got)) == hidden(read(text), plain.fresh, Redactor(*of_names, mask="#").fresh)
    assert without_values(got) == without_values(text)
    for pieces in (text, in_pieces(text, sizes)):
        assert shown(of_json.fresh(), pieces) == got


@pytest.mark.slow
@given(DOCUMENTS, st.sampled_from([1, 2, 5, 16]), SIZES)
def test_so_it_does_where_a_rule_holds_more_than_it_may(text, hold, sizes):
    stage = JsonRedactor(r"[ab1-9](?s:.*)c", "card", mask="#", hold=hold)
    got = shown(stage.fresh(), [text])
    read(got)
    assert without_values(got) == without_values(text)
    for pieces in (text, in_pieces(text, sizes)):
        assert shown(stage.fresh(), pieces) == got


@pytest.mark.slow
@given(DOCUMENTS, DOCUMENTS, SIZES)
def test_what_nothing_is_found_in_comes_as_it_was(text, more, sizes):
    for rule in (["never to be found"], lambda word: None, lambda word: word):
        assert shown(JsonRedactor(rule), in_pieces(text + more, sizes)) == text + more


@given(DOCUMENTS, RULE_LISTS, st.integers(0, 60))
@example('{"1bo\\u0062":""}', [lambda word: "#", ["bo"]], 10)  # in an escape within a name
def test_json_that_was_cut_off_can_be_read_as_far_as_it_goes(text, rules, size):
    got = shown(JsonRedactor(*rules), ['{"a":' + text[:size]], "cut")
    reader = JsonValues(unfinished="keep")
    for _ in (*reader.feed(got), *reader.flush()):
        pass


@given(
    st.sampled_from(
        ["\ufeff", "Here: ", "```json\n", "[sic] {name} [1]\n ", "secret\r\n\t", "{ [x\n", "true ", "12]\n"]
    ),
    DOCUMENTS.map('{{"a":{}}}'.format),
    st.sampled_from(["", "\n```", " is it: secret", "\n{}", "."]),
    SIZES,
)
def test_so_it_does_with_prose_around_it(before, text, after, sizes):
    """Readers put up with prose, so here JSON begins where they find it."""
    rules = [["secret"], "email", str.upper]
    prose, document, got = (
        shown(Redactor(*rules, mask="#"), [before]),
        shown(JsonRedactor(*rules, mask="#"), [text]),
        shown(JsonRedactor(*rules, mask="#"), in_pieces(before + text + after, sizes)),
    )
    assert got.startswith(prose + document)
    assert "secret" not in got


# -- what is no JSON ---------------------------------------------------------------------------------------------------

JUNK = st.one_of(
    st.sampled_from(
        [*'{}[],:"\\ \n', "'", "true", "nul", "12", "-", "1e", "secret", '"secret', "\\u0073ecret", "\\u00"]
    ),
    st.sampled_from(["amy@ex.org", "+44 20 7946 0958", CARD, "\\ud83d", "\\q", '{"a":', '"b"', "//", "\ufeff", "é"]),
    DOCUMENTS,
)
GARBAGE = st.lists(JUNK, max_size=12).map("".join)


@pytest.mark.slow
@given(GARBAGE, SIZES)
@example('"a"b', [2])
@example('{"a": 1,}', [3])
def test_garbage_in_which_nothing_is_found_comes_as_it_was(text, sizes):
    for rule in (["never to be found"], lambda word: None, lambda word: word):
        for pieces in (text, [text], in_pieces(text, sizes)):
            assert shown(JsonRedactor(rule), pieces) == text


@pytest.mark.slow
@given(GARBAGE, RULE_LISTS, SIZES, st.sampled_from(["flush", "cut"]), st.sampled_from([8, 8192]))
def test_garbage_is_redacted_the_same_however_it_is_cut(text, rules, sizes, end, hold):
    stage = JsonRedactor(*rules, hold=hold)
    got = shown(stage.fresh(), [text], end)
    for pieces in (text, in_pieces(text, sizes)):
        assert shown(stage.fresh(), pieces, end) == got


@pytest.mark.slow
@given(GARBAGE, SIZES, st.sampled_from(["flush", "cut"]))
@settings(max_examples=200)
def test_garbage_tells_no_secret(text, sizes, end):
    stage = JsonRedactor(["secret", "amy@ex.org"], mask="#")
    got = shown(stage, in_pieces(text, sizes), end)
    assert "secret" not in got
    assert "amy@ex.org" not in got
    if end == "cut":
        assert not got.endswith(("secr", "bob@"))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ('{"name": "bob", "x": 1}', '{"name": "bob", "x": 1}'),
        ('{"to": "bob@ex.org", "n": [4242424242424242, 17, -1.5e3]}', '{"to": "#", "n": ["#", 17, -1.5e3]}'),
        (r'{"say": "\"hi\" b\u006fb\u0040ex.org\n"}', r'{"say": "# #\n"}'),
        (r'{"a": "x\\", "b": "\\\"hi\""}', r'{"a": "x\\", "b": "\\#"}'),
        ('"bob@ex.org"', '"#"'),
        (" 4242424242424242 ", ' "#" '),
        ("true", "true"),
        ('{"a": 1}\n{"b": "bob@ex.org"}{"c": 4242424242424242}', '{"a": 1}\n{"b": "#"}{"c": "#"}'),
        # no match spans two values
        ('{"a": "bob@ex", "b": ".org", "c": 42424242, "d": 42424242}', None),
        ('["\\"hi", "\\"", "hi"]', None),
        # free text, which custom tools take
        ("write to bob@ex.org: now", "write to #: now"),
        ('say "hi" to me', "say # to me"),
        ("4242 4242 4242 4242 is it", "# is it"),
        ("true secret", "true #"),
        ("nil, nul, secret", "nil, nul, #"),
        (r"C:\secret\n", r"C:\#\n"),
        ("{secret}", "{#}"),
        ("12", "12"),
        # broken JSON
        ("{'to': 'secret', 'n': 4242424242424242}", "{'to': '#', 'n': #}"),
        (r"{'to': '\u0073ecret'}", "{'to': '#'}"),
        ('{"phone": +44 20 7946 0958}', '{"phone": #}'),
        ('{"phone": 4242 4242 4242 4242}', '{"phone": #}'),
        ('{"a": "he said "hi" and left"}', '{"a": "he said # and left"}'),
        ('{"a": "sec"ret bob@ex.org}', '{"a": "sec"ret #}'),
        ('{"a": 1, /* bob@ex.org */ "b": "secret"}', '{"a": 1, /* # */ "b": "#"}'),
        ('{"a": 1, "b": true secret}', '{"a": 1, "b": true #}'),
        ('["bob@ex.org", "a"}, "secret"', '["#", "a"}, "#"'),
        ('{"a": "bob@ex.org', '{"a": "#'),
        ('{"a": 4242424242424242', '{"a": "#"'),
        ('{"a": tru', '{"a": tru'),
        (r'{"a": "secret\u00', r'{"a": "#\u00'),
        ('{"a": "x\n\tsecret\\q"}', '{"a": "x\n\t#\\q"}'),
    ],
)
def test_values_at_every_split(text, wanted):
    stage = JsonRedactor("email", "card", "phone", [*HIDDEN, "secret"], mask="#")
    for pieces in every_split(text):
        assert shown(stage.fresh(), pieces) == (text if wanted is None else wanted), pieces


def test_a_callable_gets_the_words_of_strings_and_never_a_mark():
    asked = []

    def rule(word):
        asked.append(word)
        return '"B"\n' if word == "bob" else None

    text = '{"the name": "is bob", "x": [1, true, null, -2e1], "": ""}'
    for pieces in every_split(text):
        asked.clear()
        got = shown(JsonRedactor(rule), pieces)
        assert json.loads(got) == {"the name": 'is "B"\n', "x": [1, True, None, -20.0], "": ""}
        assert set(asked) == {"is", "bob", "1", "-2e1"}  # and names are no words of the model's


def test_structure_comes_at_once_and_of_a_string_only_what_a_match_could_begin_in_is_held():
    stage = JsonRedactor(["secret"])
    assert stage.feed('{"a": "plain, se') == ['{"a": "plain, ']
    assert stage.feed("t and s") == ["set and "]
    assert stage.feed('", "b": [') == ['s", "b": ']  # behind a mark it may yet turn out to be no JSON
    assert stage.feed("12") == ["["]
    assert stage.feed("3 ") == []  # a number counts when it is whole
    assert stage.feed("]") == ["123 "]
    assert stage.flush() == ["]"]


@pytest.mark.parametrize(
    ("before", "after", "wanted"),
    [
        ('{"a": "a sec', 'ret"}', '{"a": "a sec#"}'),
        ('{"a": "a', ' secret"}', '{"a": "a #"}'),
        ('{"a": "a"', ', "b": "secret"}', '{"a": "a", "b": "#"}'),
        ('{"a": "sec"', 'ret"}', '{"a": "sec"#"}'),  # rather too much than too little
        ('{"a": 42424242', "42424242}", '{"a": 42424242#}'),
        ('{"a": 12', ', "b": "secret"}', '{"a": 12, "b": "#"}'),
        ('{"a": true', ', "b": "secret"}', '{"a": true, "b": "#"}'),
        ('{"a": ', '"secret"}', '{"a": "#"}'),
        ('{"a": 1}', '{"a": "secret"}', '{"a": 1}{"a": "#"}'),
        ("'sec", "ret'", "'sec#'"),
        ("12", " secret", "12 #"),
        ('"a"', "secret", '"a"#'),
    ],
)
def test_text_after_the_end_is_looked_at_together_with_what_came_before(before, after, wanted):
    for pieces in every_split(after):
        stage = JsonRedactor(["secret"], "card", mask="#")
        assert shown(stage, [before]) == before
        assert shown(stage, pieces) == wanted[len(before) :]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ('{"a": "a sec', '{"a": "a #'),
        ('{"a": "a sec"', '{"a": "a sec"'),  # the value was whole
        ('{"a": 42424242', '{"a": "#"'),
        ('{"a": 42424242 ', '{"a": "#" '),
        ("42424242", '"#"'),
        ("42424242-", "#"),
        ('{"a": true', '{"a": true'),
        ('{"a": "b",', '{"a": "b",'),
        (r'{"a": "b\u00', '{"a": "b'),
        ("{'sec", "{'#"),
        ("a sec", "a #"),
    ],
)
def test_where_text_was_cut_off_the_beginning_of_a_match_is_hidden_too(text, wanted):
    stage = JsonRedactor(["secret"], "card", mask="#")
    for pieces in every_split(text):
        assert shown(stage.fresh(), pieces, "cut") == wanted


@pytest.mark.slow
@given(DOCUMENTS | GARBAGE, SIZES)
def test_pieces_of_a_call_and_the_whole_call_agree(text, sizes):
    deltas = [sk.ToolCallDelta(piece, 0, "id", "f") for piece in in_pieces(text, sizes) if piece]
    call = sk.ToolCall("id", "f", text, call=0 if deltas else None)
    stream = sk.stream(rx.of(*deltas, call, sk.Finish("tool_calls"), sk.Reply()))
    got = list(stream.pipe(ops.redact("email", "card", ["secret"], str.upper, mask="#")))
    whole = [event.arguments for event in got if isinstance(event, sk.ToolCall)]
    grown = "".join(event.arguments for event in got if isinstance(event, sk.ToolCallDelta))
    assert whole == [grown if deltas else text]


def test_equal_keys_may_come_of_different_ones():
    got = shown(JsonRedactor("email", mask="#"), ['{"a@b.co": 1, "c@d.co": 2}'])
    assert got == '{"#": 1, "#": 2}'


def test_nothing_can_be_held_without_room():
    with pytest.raises(ValueError, match="hold"):
        JsonRedactor("email", hold=0)


@pytest.mark.parametrize(
    ("rule", "text", "wanted"),
    [
        (str.upper, """{'a': "b c", "d": 1}""", """{'A': "B C", "D": 1}"""),  # its quotes stay as they were
        (str.upper, r'{"a": "b \"c\""}', r'{"a": "B \"C\""}'),
        ((r"\d", "\ud83d"), '["1", 2]', r'["\ud83d", "\ud83d"]'),  # a half alone could not be encoded
        (str.upper, "as [1] says [a]", "AS [1] SAYS [A]"),
        (str.upper, '[a] says\n[true, "a", null] b', '[A] SAYS\n[true, "A", null] B'),
        (str.upper, 'so [true, "a"]', 'SO [TRUE, "A"]'),  # in mid-line that is no list
    ],
)
def test_what_is_put_is_written_as_its_surroundings_are(rule, text, wanted):
    for pieces in every_split(text):
        assert shown(JsonRedactor(rule), pieces) == wanted, pieces


def test_a_string_in_which_a_rule_cannot_decide_is_masked_at_the_same_place_for_every_cut():
    for pieces in every_split('["<' + "y" * 40 + '", "<y", 1]'):
        assert shown(JsonRedactor("<.*>", mask="#", hold=32), pieces) == '["#' + "y" * 9 + '", "<y", 1]'

"""What reaches a terminal only displays, however it was cut."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, strategies as st

from streamkit import testing
from streamkit.stages import Cleaner


def clean(pieces: list[str]) -> str:
    cleaner = Cleaner()
    return "".join([*(out for piece in pieces for out in cleaner.feed(piece)), *cleaner.flush()])


CASES = {
    "plain": ("Hello, Welt! 世界 🌍\n\tindented\n", "Hello, Welt! 世界 🌍\n\tindented\n"),
    "colour (CSI)": ("a\x1b[31mred", "a\\x1b[31mred"),
    "clear the screen": ("\x1b[2J\x1b[H", "\\x1b[2J\\x1b[H"),
    "link (OSC 8)": ("\x1b]8;;http://evil\x1b\\ok\x1b]8;;\x1b\\", "\\x1b]8;;http://evil\\x1b\\ok\\x1b]8;;\\x1b\\"),
    "clipboard (OSC 52)": ("\x1b]52;c;cm0gLXJm\x07", "\\x1b]52;c;cm0gLXJm\\x07"),
    "device control (DCS)": ("\x1bP$q m\x1b\\", "\\x1bP$q m\\x1b\\"),
    "the same as C1": ("\x9b31m\x9d52;c;x\x9c\x90q\x9c", "\\x9b31m\\x9d52;c;x\\x9c\\x90q\\x9c"),
    "next line (C1)": ("a\x85b", "a\\x85b"),
    "bell, backspace, delete": ("\x07ab\x08\x7f", "\\x07ab\\x08\\x7f"),
    "other controls": ("\x00\x0b\x0c\x0e\x1a", "\\x00\\x0b\\x0c\\x0e\\x1a"),
    "CR LF": ("a\r\nb\r\n", "a\nb\n"),
    "CR overwrites": ("good\rbad", "good\\rbad"),
    "CR CR LF": ("a\r\r\nb", "a\\r\nb"),
    "CR at the end": ("a\r", "a\\r"),
    "bidi controls": ("\u202e\u202a\u2066\u2069", "\\u202e\\u202a\\u2066\\u2069"),
    "joined emoji and Arabic": ("👩\u200d👩 مرحبا \u200f", "👩\u200d👩 مرحبا \u200f"),
    "lone surrogates": ("a\ud83db\ude00", "a\\ud83db\\ude00"),
}


@pytest.mark.parametrize("name", CASES)
def test_dangerous_characters_are_shown_at_every_split(name: str):
    text, expected = CASES[name]
    for pieces in testing.every_split(text):
        assert clean(pieces) == expected


@given(st.lists(st.text(st.sampled_from("ab\r\n\x1b[\x9b\u202e\ud83d"))))
def test_the_output_is_the_same_however_the_input_is_cut(pieces: list[str]):
    assert clean(pieces) == clean(["".join(pieces)])


@given(st.text(st.characters()))
def test_no_control_character_gets_through(text: str):
    left = {char for char in clean([text]) if unicodedata.category(char) in ("Cc", "Cs")}
    assert left <= {"\n", "\t"}


def test_text_is_shown_at_once_but_for_a_last_cr():
    cleaner = Cleaner()
    assert cleaner.feed("half an escape \x1b") == ["half an escape \\x1b"]
    assert cleaner.feed("[31m\r") == ["[31m"]
    assert cleaner.feed("") == []
    assert cleaner.flush() == ["\\r"]
    assert cleaner.flush() == []

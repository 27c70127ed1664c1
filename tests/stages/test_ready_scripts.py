"""Ready rules next to letters and in digits of every script: at every cut, and in a million random cases."""

from __future__ import annotations

import random
import re
import string
import unicodedata
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given, strategies as st

from streamkit.stages import Redactor
from streamkit.stages.rewriting.ready.folding import fold
from streamkit.stages.rewriting.ready.vendors import SECRETS
from streamkit.testing import every_split
from tests.stages.readiness import MASK, ZEROS, in_digits, luhn, redacted, scripts

READY = ("email", "phone", "card", "key")
SCRIPTS = scripts()
SECRET = {
    "email": ["zhang.san@mail.example.com", "b@example.org"],
    "phone": ["0301234567", "+49 30 901820", "(030) 1234567", "090-1234-5678", "1-800-555-0199", "13812345678"],
    "card": ["4242424242424242", "4242 4242 4242 4242", "3782-822463-10005"],
    "key": ["sk-proj-abcdEFGH0123456789", "AKIAIOSFODNN7EXAMPLE",
            "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----"],
}  # fmt: skip


def test_there_are_many_scripts_and_digits():
    assert len(SCRIPTS) > 120
    assert {"CJK", "HIRAGANA", "HANGUL", "CYRILLIC", "ARABIC", "DEVANAGARI", "THAI", "GEORGIAN"} <= SCRIPTS.keys()
    assert len(ZEROS) > 60


@pytest.mark.parametrize("rule", READY)
def test_a_rule_holds_between_letters_of_every_script(rule: str):
    for number, letters in enumerate(SCRIPTS.values()):
        secret = SECRET[rule][number % len(SECRET[rule])]
        for text in (letters[:2] + secret + letters[-2:], letters[:1] + secret, secret + letters[:1]):
            assert redacted(list(text), rule) == text.replace(secret, MASK), text


@pytest.mark.parametrize("name", ["CJK", "HIRAGANA", "HANGUL", "CYRILLIC", "ARABIC", "DEVANAGARI", "THAI", "GOTHIC"])
@pytest.mark.parametrize("rule", READY)
def test_a_rule_holds_between_letters_at_every_cut(rule: str, name: str):
    for secret in SECRET[rule]:
        text = SCRIPTS[name][:3] + secret + SCRIPTS[name][-3:]
        for pieces in every_split(text, random_cuts=2):
            assert redacted(pieces, rule) == text.replace(secret, MASK), pieces


@pytest.mark.slow
@pytest.mark.parametrize("size", [1, 20, 21, 22, 31, 32, 33, 63, 64, 65, 127, 128, 129, 500])
def test_a_rule_holds_behind_runs_of_any_length(size: int):
    for rule in READY:
        for letter in "字иक𐌰":
            text = letter * size + SECRET[rule][0] + letter * size
            for piece in (1, 7, len(text)):
                pieces = [text[at : at + piece] for at in range(0, len(text), piece)]
                assert redacted(pieces, *READY) == text.replace(SECRET[rule][0], MASK)


@pytest.mark.parametrize("zero", ZEROS, ids=lambda zero: f"{ord(zero):x}")
def test_numbers_are_hidden_in_digits_of_every_script(zero: str):
    for rule in ("phone", "card"):
        for secret in SECRET[rule]:
            text = "число" + in_digits(secret, zero) + "字"
            assert redacted([text[:9], text[9:]], rule) == f"число{MASK}字"


def test_the_folded_view_has_every_character_in_its_place():
    every = "".join(map(chr, range(0x20000)))
    folded = fold(every)
    assert len(folded) == len(every)
    assert folded[:128] == every[:128]
    assert folded[0xD800] == "\ud800"
    for char, plain in zip(every, folded, strict=True):
        if unicodedata.category(char) == "Nd":
            assert plain == str(unicodedata.decimal(char))
        elif (
            unicodedata.category(char)[0] not in "LM"
            and unicodedata.east_asian_width(char) == "F"
            and ord(char) > 0xFF00
        ):
            assert plain == unicodedata.normalize("NFKC", char) or not unicodedata.normalize("NFKC", char).isascii()
    assert fold("－–—−‐‑　\u202f＠﹫．（）＋é字и") == "------  @@.()+é字ж"


AROUND = st.text(st.sampled_from('字иक𐌰 ،。*`|"()[]\n'), max_size=9)


@given(
    AROUND, st.sampled_from([secret for secrets in SECRET.values() for secret in secrets]), AROUND, st.integers(1, 9)
)
def test_nothing_of_a_secret_is_ever_shown_and_all_around_it_is(before: str, secret: str, behind: str, size: int):
    text, want = before + secret + behind, before + MASK + behind
    stage, shown = Redactor(*READY), ""
    for at in range(0, len(text), size):
        shown += "".join(stage.feed(text[at : at + size]))
        assert want.startswith(shown)
    assert shown + "".join(stage.flush()) == want


# A million random cases.

LEFT = tuple(" \n*`|\"'([{<:,;，、。「（¿")
RIGHT = (" ", "\n", *"*`|\"')]}>:,;!?，、。」）", ". ", "… ", "' ", " - ")
CALLS = (
    "+49 30 #######", "+1 ### ### ####", "+1 (###) ###-####", "+86 13# #### ####", "+7 9## ###-##-##",
    "0049 30 #######", "(0##) #######", "(###) ###-####", "1-###-###-####", "###-###-####", "8 (9##) ###-##-##",
    "138########", "139-####-####", "0##-####-####", "0##########", "0#########", "0### #######",
    "0# ## ## ## ##", "0##/######",
)  # fmt: skip
GROUPS = ((16,), (4, 4, 4, 4), (8, 8), (4, 6, 5), (15,), (4, 6, 4), (4, 4, 4, 4, 3), (6, 13), (5, 5, 5))
BEGINNING = {14: "36", 15: "37", 16: "4", 19: "62"}


def phone(dice: random.Random) -> str:
    number = re.sub("#", lambda _: dice.choice("2345678"), dice.choice(CALLS))
    if dice.random() < 0.2:
        number = (
            number.replace("-", dice.choice("‐‑–−－"))
            .replace("+", dice.choice("+＋"))
            .replace(" ", dice.choice("\u00a0\u2009　"))
        )
    return in_digits(number, dice.choice(ZEROS)) if dice.random() < 0.4 else number


def card(dice: random.Random) -> str:
    groups = dice.choice(GROUPS)
    digits = BEGINNING[sum(groups)]
    digits += "".join(dice.choices("0123456789", k=sum(groups) - len(digits) - 1))
    digits += luhn(digits)
    places = [0, *(sum(groups[: count + 1]) for count in range(len(groups)))]
    number = dice.choice([" ", "-", ".", "  ", " - ", "－", "\u00a0", "‑"]).join(
        digits[a:b] for a, b in pairwise(places)
    )
    return in_digits(number, dice.choice(ZEROS)) if dice.random() < 0.4 else number


def email(dice: random.Random) -> str:
    letters, others = string.ascii_letters, string.ascii_letters + "0123456789._+-"
    local = dice.choice(letters) + "".join(dice.choices(others, k=dice.randint(0, 30)))
    hosts = "".join("".join(dice.choices(others[:62], k=dice.randint(1, 9))) + "." for _ in range(dice.randint(1, 3)))
    return local + dice.choice("@@@@@@@@@＠") + hosts + dice.choice(["com", "org", "de", "travel"])


def key(dice: random.Random) -> str:
    beginnings, *parts = dice.choice(SECRETS)
    made = (part if isinstance(part, str) else run(dice, *part) for part in parts)
    return dice.choice(beginnings.split(" ")) + "".join(made)


CLASSES: dict[str, str] = {}


def run(dice: random.Random, kind: str, least: int, most: int) -> str:
    if kind not in CLASSES:
        CLASSES[kind] = "".join(char for char in string.ascii_letters + string.digits if re.match(kind, char))
    return "".join(dice.choices(CLASSES[kind], k=dice.randint(least, min(most, least + 40))))


def around(dice: random.Random, alphabets: list[str]) -> tuple[str, str]:
    """Letters without any space, or with something between them and what follows or stood before."""
    letters = "".join(dice.choices(dice.choice(alphabets), k=dice.randint(1, 3 if dice.random() < 0.98 else 90)))
    kind = dice.random()
    left = letters if kind < 0.4 else letters + dice.choice(LEFT)
    return dice.choice(RIGHT) + left if 0.2 < kind < 0.7 else left, letters


MAKE: tuple[Callable[[random.Random], str], ...] = (phone, card, email, key)


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", range(20))
def test_in_a_million_random_cases_nothing_is_shown_and_nothing_else_is_hidden(seed: int):
    """What is shown grows only, so what it is in the end says what it was at every moment."""
    dice, alphabets, redactor = random.Random(seed), list(SCRIPTS.values()), Redactor(*READY)
    for _ in range(500):
        text, want = "", ""
        for number in range(100):
            between, letters = around(dice, alphabets)
            between = between if number else letters
            secret = dice.choice(MAKE)(dice)
            text, want = text + between + secret, want + between + MASK
        stage, shown, at = redactor.fresh(), "", 0
        top = dice.choice((20, 400, 400, 4000))
        while at < len(text):
            size = dice.randint(1, top)
            shown += "".join(stage.feed(text[at : at + size]))
            at += size
        assert shown + "".join(stage.flush()) == want, text

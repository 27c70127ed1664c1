"""Phone numbers and addresses among the signs they are written with: nothing depends on where the text is cut."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, strategies as st

from streamkit.stages.rewriting.ready.folding import fold
from tests.stages.readiness import plain, redacted
from tests.stages.test_ready_email import ADDRESSES
from tests.stages.test_ready_phone import NUMBERS

ALPHABET = {
    "phone": "01234567890123456789  +()./-,:—–ー・，xxaAF字é\\n%€\x1b[m",
    "email": "abcCOM..@@@-—–_+'字жe\u03011 。｡=%v2\n",
}
ROWS = {"phone": [plain(row) for row in NUMBERS], "email": [plain(row) for row in ADDRESSES]}


def texts(rule: str) -> st.SearchStrategy[str]:
    """Signs alone, and parts of what is hidden with signs between them."""
    signs = st.text(st.sampled_from(ALPHABET[rule]), max_size=9)
    part = st.builds(
        lambda row, begin, size: row[begin % len(row) :][:size],
        st.sampled_from(ROWS[rule]), st.integers(0, 99), st.integers(1, 40),
    )  # fmt: skip
    return st.lists(signs | part, max_size=6).map("".join)


@pytest.mark.parametrize("rule", ["phone", "email"])
@given(st.data())
def test_what_is_hidden_does_not_depend_on_the_cut(rule: str, data: st.DataObject):
    text = data.draw(texts(rule))
    whole, size = redacted([text], rule), data.draw(st.integers(1, 9))
    for pieces in (list(text), [text[at : at + size] for at in range(0, len(text), size)]):
        assert redacted(pieces, rule) == whole


@pytest.mark.parametrize("rule", ["phone", "email"])
def test_every_row_may_be_broken_by_any_sign_at_any_cut(rule: str):
    dice = random.Random(5)
    for row in ROWS[rule]:
        place = dice.randint(0, len(row))
        text = row[:place] + dice.choice(ALPHABET[rule]) + row[place:]
        whole, cut = redacted([text], rule), dice.randint(0, len(text))
        assert redacted(list(text), rule) == redacted([text[:cut], text[cut:]], rule) == whole, text


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("1—2 1–2 1 – 2 +–+", "1-2 1-2 1 - 2 +-+"),
        ("1—a a—1 a—б 字–字 1–", "1—a a—1 a—ж 字—字 1-"),
        ("――――BEGIN―――― a― ", "----BEGIN---- a— "),
        ("1ー2 1ｰ2 メール ー1 1ー字 1ー", "1-2 1-2 字字字 字1 1字字 1-"),
        ("1・2 1·2 a・b 1・ 1・", "1.2 1.2 a・b 1・ 1."),
    ],
)
def test_what_a_mark_means_is_told_by_its_neighbours(text: str, folded: str):
    assert fold(text) == folded

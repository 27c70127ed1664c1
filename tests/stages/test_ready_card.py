"""Numbers of payment cards: which are hidden, with nothing of what stands around them, and what is none."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from tests.costs import steps
from tests.stages.readiness import check, plain, redacted

CARDS = [
    "⟦4242 4242 4242 4242⟧", "⟦4242-4242-4242-4242⟧.", "⟦4242.4242.4242.4242⟧", "⟦4242424242424242⟧,",
    "no ⟦4242  4242  4242  4242⟧",
    "⟦4242 - 4242 - 4242 - 4242⟧", "⟦4242\u00a04242\u20114242\u202f4242⟧", "**⟦4242424242424242⟧**",
    "`⟦4242424242424242⟧`",
    "|⟦4242 4242 4242 4242⟧|", "_⟦4242424242424242⟧_", "\"⟦4242424242424242⟧\"", "card:⟦4242424242424242⟧;",
    "4.⟦4242 4242 4242 4242⟧",
    # issuers and lengths
    "⟦378282246310005⟧", "⟦3782 822463 10005⟧", "⟦3714-496353-98431⟧", "⟦30569309025904⟧", "⟦3056 930902 5904⟧",
    "⟦5555555555554444⟧",
    "⟦2223003122003222⟧", "⟦6011111111111117⟧", "⟦3530111333300000⟧", "⟦6200000000000005⟧", "⟦6759649826438453⟧",
    "⟦4222222222222⟧",
    "⟦4222 222 222 222⟧", "⟦36 70 01 02 00 00 00⟧",
    # digits around them
    "order 42 ⟦4888909472219238⟧ blue", "17 ⟦4242 4242 4242 4242⟧", "⟦4242 4242 4242 4242⟧ 12/27 123",
    "⟦4242424242424242⟧ 2027 123",
    "2024 ⟦4242424242424242⟧ 2027", "1. ⟦4242 4242 4242 4242⟧ 3. ⟦5555 5555 5555 4444⟧", "42-⟦4242424242424242⟧-42",
    "12345678 ⟦4242424242424242⟧", "⟦4242424242424242⟧ ⟦5555555555554444⟧", "123 ⟦378282246310005⟧ 1234",
    "⟦378282246310005⟧ 3.14159265358979 12345678901234567890",
    # what has other lengths than its issuer gives out takes no number along
    "⟦5123 8324 0783 2333⟧ 67", "⟦5555555555554444⟧ 123", "⟦5555 5555 5555 4444⟧ 2027", "⟦4242 4242 4242 4242⟧ 11",
    "2024 ⟦5123 8324 0783 2333⟧", "1999 ⟦4242 4242 4242 4242⟧", "7000 ⟦4242 4242 4242 4242⟧ 2024 2025",
    "⟦3782 822463 10005⟧ 1234", "⟦2223 0031 2200 3222⟧ 12",
    # two that overlap
    "⟦4242 4242 4242 4242 4242⟧", "⟦4111 1111 1111 1111⟧ ⟦4242 4242 4242 4242⟧",
    # other digits and signs, against letters
    "カード⟦4111－1111－1111－1111⟧です", "卡号⟦４２４２４２４２４２４２４２４２⟧谢谢",
    "بطاقة⟦٤٢٤٢ ٤٢٤٢ ٤٢٤٢ ٤٢٤٢⟧و", "कार्ड⟦४२४२ ४२४२ ४२४२ ४२४२⟧है",
    "บัตร⟦๔๒๔๒-๔๒๔๒-๔๒๔๒-๔๒๔๒⟧ค่ะ", "карта⟦4242424242424242⟧да", "카드⟦4242-4242-4242-4242⟧입니다",
    "カード⟦4242・4242・4242・4242⟧です", "⟦4242·4242·4242·4242⟧", "⟦4242･4242･4242･4242⟧",
    "⟦4242　4242　4242　4242⟧", "⟦4242．4242．4242．4242⟧",
]  # fmt: skip
OTHERS = [
    "4242-4242-4242-4241", "id 000000000000000000, 1111 1111 1111 1111, 4444444444444444",
    "1700000000000, 1700000000123456, 1700000000123456789, 9780306406157, 978-0-306-40615-7, 9783161484100",
    "3.4242424242424242, 0.4242424242424242", "42424242424242424242424242", "4242 42 4242 4242 4242",
    "4242/4242/4242/4242",
    "4242\n4242\n4242\n4242", "4242    4242    4242    4242", "7088123412341233, 0004242424242424",
    "2024-05-06 10:30, +49 30 1234567",
    "123e4567-e89b-12d3-a456-426614174000", "12 34 56", "1, 2, 3, 4, 5", "192.168.100.200", "4242 4242 4242", "- . -",
    "2019 2020 2021 2022 2023 2024", "1 2 3 4 5 6 7 8 9 1 2 3 4 5 6", "378282246310006", "7992 7398 7130 0007",
    "3182 8224 6310 0055", "0 1 2 3, 10 20 30 40 50 60 70 80 90",
]  # fmt: skip


@pytest.mark.parametrize("row", CARDS)
def test_a_card_is_hidden_and_nothing_else(row: str):
    check("card", row)


@pytest.mark.parametrize("text", OTHERS)
def test_other_numbers_stay(text: str):
    check("card", text)


def test_of_cards_that_overlap_without_an_end_nothing_is_shown():
    text = "4242 " * 300
    assert not redacted([text], "card").strip(" ").replace("[redacted]", "")
    assert redacted(list(text), "card") == redacted([text], "card")


@given(st.text(st.sampled_from("4242 .-15,·ー"), max_size=60), st.text(st.sampled_from("4 2.５-,·"), max_size=30))
def test_nothing_depends_on_the_cut(before: str, behind: str):
    text = before + "4242 4242 4242 4242" + behind
    whole = redacted([text], "card")
    for size in (1, 2, 7):
        assert redacted([text[at : at + size] for at in range(0, len(text), size)], "card") == whole


@pytest.mark.parametrize("table", ["4242 ", "4 ", "4.", "1 2 3 4 5 ", "2019 2020 2021 "])
def test_numbers_of_tables_are_not_worked_out_again_for_each_piece(table: str):
    text = table * (300 // len(table))
    assert steps(lambda: redacted(list(text * 2), "card")) < 2.3 * steps(lambda: redacted(list(text), "card"))


def test_a_replacement_gets_the_number_as_it_was_written():
    got: list[str] = []
    row = "٤٢٤٢ ٤٢٤٢ ٤٢٤٢ ٤٢٤٢, ４２４２－４２４２－４２４２－４２４２"
    redacted([plain(row)], ("card", got.append))
    assert got == row.split(", ")


def test_what_another_rule_hid_of_a_card_takes_the_rest_along():
    assert redacted(list("0049 4242 4242 4242 4242"), "phone", "card").replace("[redacted]", "") == ""

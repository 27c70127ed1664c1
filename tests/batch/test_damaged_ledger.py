"""A line of a ledger that is damaged is noticed, told and asked again: never believed, and the rest is not lost."""

from __future__ import annotations

import asyncio
import json
import logging
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import streamkit as sk
from streamkit import testing
from streamkit.batch import Ledger
from streamkit.batch.ledger_lines import read_line
from tests.reports import Reports, reported

PRICES = sk.Prices(input=1e6, output=1e6)
"""One for each token."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.jsonl"


def written(path: Path, prompts: list[str]) -> bytes:
    """A ledger with replies that differ, and one failure; in virtual time, so that it is the same each time."""
    server = testing.Server(
        *[testing.Script(f"Grüße {prompt}", usage=sk.Usage(1, 2, 3)) for prompt in prompts],
        sk.StatusError("no", status=400),
    )

    async def main() -> None:
        async with testing.ScriptedClient(server, retry=sk.Retry(attempts=0)) as one:
            asked = sk.batch([*prompts, "bad"], one.chat, ledger=path, key=str, prices=PRICES, concurrency=1)
            async for _ in asked:
                pass

    testing.clock().run(main)
    return path.read_bytes()


def old(line: bytes) -> bytes:
    """As version 0.1.0 wrote it."""
    form = json.loads(line)
    del form["crc"], form["form"]
    return json.dumps(form, separators=(",", ":")).encode() + b"\n"


class Reader:
    """What a ledger knows, read again and again."""

    def __init__(self, path: Path, runner: asyncio.Runner) -> None:
        self._path, self._runner = path, runner

    def __call__(self, content: bytes, keys: list[str]) -> tuple[dict[str, Any], list[str], float]:
        """What is known of each key, the warnings, and what was spent."""
        self._path.write_bytes(content)
        with reported(logging.WARNING) as reports:
            known, spent = self._runner.run(self._read(keys))
        return known, reports.messages, spent

    async def _read(self, keys: list[str]) -> tuple[dict[str, Any], float]:
        async with Ledger(self._path).opened() as book:
            return {key: await book.find(key, None) for key in keys}, book.spent


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    with asyncio.Runner(debug=False) as runner:
        yield Reader(tmp_path / "damaged.jsonl", runner)


def check(reader: Reader, content: bytes, right: dict[str, Any], least: int) -> None:
    """Each reply is the right one or none; what is missing was told once; ``least`` replies are there."""
    known, told, _ = reader(content, list(right))
    assert all(found is None or found == right[key] for key, found in known.items())
    missing = sum(found is None for found in known.values())
    assert missing <= len(right) - least
    if missing:
        (text,) = told
        assert text.startswith("damaged lines in damaged.jsonl: ")
        assert "(line " in text


def changed(whole: bytes, place: int, values: range | list[int]) -> Iterator[bytes]:
    for value in values:
        if value != whole[place]:
            yield whole[:place] + bytes([value]) + whole[place + 1 :]


@pytest.mark.parametrize("prompts", [["a"], ["a", "b"]])
def test_some_changed_bytes_give_the_right_reply_or_none(path: Path, reader: Reader, prompts: list[str]):
    whole = written(path, prompts)
    right, told, _ = reader(whole, prompts)
    assert None not in right.values()
    assert told == []
    dice = random.Random(7)
    for place in dice.sample(range(len(whole)), 60):
        for content in changed(whole, place, [dice.randrange(256)]):
            check(reader, content, right, len(prompts) - 2)


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_every_changed_byte_gives_the_right_reply_or_none(path: Path, reader: Reader):
    prompts = ["a", "b"]
    whole = written(path, prompts)
    right, _, _ = reader(whole, prompts)
    for place in range(len(whole)):
        for content in changed(whole, place, [whole[place] ^ 1, 10, ord('"')]):
            check(reader, content, right, 0)
        check(reader, whole[:place] + whole[place + 1 :], right, 0)


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_a_line_with_any_byte_changed_to_any_other_is_no_line_unless_it_says_the_same(path: Path):
    line = written(path, ["a"]).splitlines(keepends=True)[0]
    form = read_line(line)
    assert form is not None
    for place in range(len(line) - 1):
        for content in changed(line, place, range(256)):
            assert read_line(content) in (None, form)  # 0.0 and 0e0 are the same


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_overwritten_and_glued_lines_are_not_believed(path: Path, reader: Reader):
    """Any beginning of a line with any end of another, of both versions; a part overwritten by zeros or other parts."""
    lines = written(path, ["a", "b"]).splitlines(keepends=True)
    whole = b"".join(lines)
    right, _, _ = reader(whole, ["a", "b"])
    dice = random.Random(3)
    for _ in range(300):
        start, size, source = dice.randrange(len(whole)), dice.randrange(1, 200), dice.randrange(len(whole))
        for part in (bytes(size), whole[source : source + size], b"\xff" * size):
            check(reader, (whole[:start] + part + whole[start + len(part) :])[: len(whole)], right, 0)
    for first, second in ((lines[0], lines[1]), (lines[0], old(lines[1])), (old(lines[1]), lines[0])):
        behind = first.find(b',"form":2')
        for _ in range(300):
            cut = dice.randrange(behind + 10 if behind > 0 else 1, len(first) - 1)
            glued = first[:cut] + second[dice.randrange(1, len(second)) :]
            if glued not in (first, second):
                check(reader, glued + lines[2], right, 0)


def test_a_damaged_line_does_not_cost_the_others(path: Path, reader: Reader):
    lines = written(path, ["a", "b", "c"]).splitlines(keepends=True)
    right, _, _ = reader(b"".join(lines), ["a", "b", "c"])
    for number, key in enumerate("abc"):
        for hurt in (
            lines[number].replace("Grü".encode(), "Grö".encode()),
            lines[number][9:],
            b"\0" * 40 + b"\n",
            b"\n",
        ):
            content = b"".join([*lines[:number], hurt, *lines[number + 1 :]])
            known, (told,), _ = reader(content, ["a", "b", "c"])
            assert known == {**right, key: None}
            assert "damaged lines in damaged.jsonl: 1; " in told
            assert told.endswith(f"(line {number + 1})")
            assert (path.parent / "damaged.jsonl").read_bytes() == content  # nothing is thrown away


def test_the_numbers_of_many_damaged_lines_are_not_all_told(path: Path, reader: Reader):
    whole = written(path, ["a"])
    _, (told,), _ = reader(whole + b"{\n" * 30, ["a"])
    assert "damaged.jsonl: 30;" in told
    assert told.endswith("(line 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, …)")


def test_lines_of_0_1_0_are_read_as_they_are_also_among_others(path: Path, reader: Reader):
    lines = written(path, ["a", "b", "c"]).splitlines(keepends=True)
    right, _, spent = reader(b"".join(lines), ["a", "b", "c"])
    for which in range(16):
        mixed = [old(line) if which >> number & 1 else line for number, line in enumerate(lines)]
        assert reader(b"".join(mixed), ["a", "b", "c"]) == (right, [], spent)


@pytest.mark.slow
def test_a_damaged_line_of_0_1_0_costs_no_other(path: Path, reader: Reader):
    """It has no sum: its reply may be another one, but nothing is raised, and the others are there."""
    lines = [old(line) for line in written(path, ["a", "b", "c"]).splitlines(keepends=True)]
    right, _, _ = reader(b"".join(lines), ["a", "b", "c"])
    for place in range(len(lines[1]) - 1):
        for content in changed(lines[1], place, [lines[1][place] ^ 1, ord("}")]):
            known, _, _ = reader(lines[0] + content + b"".join(lines[2:]), ["a", "b", "c"])
            assert known["a"] == right["a"]
            assert known["c"] == right["c"]


@pytest.mark.parametrize("hurt", ["", "cut"])
@pytest.mark.parametrize("reports", [logging.WARNING], indirect=True)
def test_its_prompt_is_asked_again_and_the_ledger_goes_on(path: Path, hurt: str, reports: Reports):
    whole = written(path, ["a", "b"])
    lines = whole.splitlines(keepends=True)
    wrong = lines[0].replace(b' a"', b' x"')
    assert wrong != lines[0]
    path.write_bytes(wrong + lines[1] + (b'{"asked":"half' if hurt else b""))
    with testing.client("again") as one:
        found = list(sk.batch(["a", "b"], one.chat, ledger=path, key=str, ordered=True))
        (message,) = reports.messages
        assert message.startswith("damaged lines in ledger.jsonl: 1;")
        assert message.endswith("(line 1)")
        assert [(item.text, item.from_ledger) for item in found] == [("again", False), ("Grüße b", True)]
        found = list(sk.batch(["a", "b"], one.chat, ledger=path, key=str, ordered=True))
        assert len(reports.messages) == 2
        assert [(item.text, item.from_ledger) for item in found] == [("again", True), ("Grüße b", True)]
    assert len(one.requests) == 1


def test_for_the_budget_it_counts_as_much_as_the_others(path: Path, reader: Reader):
    lines = written(path, ["a", "b", "c"]).splitlines(keepends=True)
    hurt = lines[1].replace(b'"cost":3', b'"cost":9')
    assert hurt != lines[1]
    assert reader(b"".join(lines), [])[2] == pytest.approx(9.0)
    assert reader(lines[0] + hurt + lines[2], [])[2] == pytest.approx(9.0)
    assert reader(lines[0] + hurt + hurt + lines[2], [])[2] == pytest.approx(12.0)
    assert reader(hurt + hurt, [])[2] == 0.0  # nobody knows
    path.write_bytes(lines[0] + hurt + lines[2])
    with testing.client("x") as one:
        (item,) = sk.batch(["d"], one.chat, ledger=path, key=str, prices=PRICES, budget=8.0)
    assert item.outcome == "skipped"
    assert one.requests == []


@pytest.mark.parametrize("cost", ["NaN", "Infinity", "-5", "1e999", "1" + "0" * 400, "true", '"3"', "null"])
def test_a_cost_that_is_none_counts_for_nothing(path: Path, reader: Reader, cost: str):
    lines = written(path, ["a", "b"]).splitlines(keepends=True)
    odd = old(lines[0]).replace(b'"cost":3.0', b'"cost":' + cost.encode())
    assert cost.encode() in odd
    assert reader(odd + lines[1], [])[2] == pytest.approx(3.0)


HURT: list[Callable[[bytes], bytes]] = [
    lambda line: b"x" + line[1:],
    lambda line: line[:-2] + b"x\n",
    lambda line: line[:-1] + b"x",
]


@pytest.mark.parametrize("damage", HURT, ids=["begins", "ends", "does not end"])
def test_a_ledger_of_one_damaged_line_is_a_ledger_all_the_same(
    path: Path, reader: Reader, damage: Callable[[bytes], bytes]
):
    line = written(path, ["a"]).splitlines(keepends=True)[0]
    known, told, _ = reader(damage(line), ["a"])
    assert known == {"a": None}
    assert len(told) == 1


def rewritten(lines: list[bytes], way: str) -> bytes:
    match way:
        case "an editor of Windows":
            return b"".join(line.replace(b"\n", b"\r\n") for line in lines)
        case "a byte order mark":
            return b"\xef\xbb\xbf" + b"".join(lines)
        case _:
            return b"".join(
                json.dumps(json.loads(line), indent=None, sort_keys=True).encode() + b"\n" for line in lines
            )


@pytest.mark.parametrize("way", ["an editor of Windows", "a byte order mark", "a tool for JSON"])
def test_a_ledger_that_is_only_written_in_another_way_is_not_asked_again(path: Path, reader: Reader, way: str):
    whole = written(path, ["a", "b"])
    right, _, spent = reader(whole, ["a", "b"])
    assert reader(rewritten(whole.splitlines(keepends=True), way), ["a", "b"]) == (right, [], spent)

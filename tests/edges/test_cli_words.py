"""The command line takes words and options in any order, and what is misspelt is told with what was meant."""

from __future__ import annotations

import io
import itertools
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import streamkit as sk
from streamkit import testing
from streamkit.edges import cli


def parsed(*args: str) -> dict[str, Any]:
    return vars(cli.make_parser().parse_args(args))


def told(capsys: pytest.CaptureFixture[str], *args: str) -> str:
    """What is said of a line that makes no sense, without the usage."""
    with pytest.raises(SystemExit) as ended:
        cli.main(args)
    assert ended.value.code == 2
    out, err = capsys.readouterr()
    assert out == ""
    return err.splitlines()[-1]


CHAT = [["--json"], ["--model", "m"], ["--temperature", "-0.5"], ["--param=stop=x"], ["Why"], ["- is"], ["-"]]
RECORD = [["--overwrite"], ["--note", "a b"], ["--model=m"], ["-v"], ["file"], ["-3"], ["words"]]
SERVE = [["hello"], ["--port", "0"], ["--text", "-- a"], ["--text", "b c"], ["chat"], ["--first", "1"], ["-"]]


@pytest.mark.parametrize(("command", "groups"), [("chat", CHAT), ("record", RECORD), ("serve", SERVE)])
def test_words_and_options_come_in_any_order(command: str, groups: list[list[str]]):
    """Among all orders of these groups: what stays in order among themselves are words, and values of one option."""
    tops = cli.make_parser()
    words = [group for group in groups if not group[0].startswith("--") and group != ["-v"]]
    again = [group for group in groups if group[0] == "--text"]
    expected = vars(tops.parse_args([command, *itertools.chain(*groups)]))
    assert {word for (word,) in words} <= {*expected.get("prompt", ()), *expected.get("name", ()), expected.get("file")}
    tried = 0
    for order in itertools.permutations(groups):
        if [each for each in order if each in words] != words or [each for each in order if each in again] != again:
            continue
        tried += 1
        assert vars(tops.parse_args([command, *itertools.chain(*order)])) == expected
    assert tried > 200


def test_options_of_a_command_may_stand_before_it():
    expected = parsed("chat", "--json", "--model", "chat", "Hi")
    assert parsed("--json", "--model", "chat", "chat", "Hi") == expected
    assert parsed("--model=chat", "chat", "Hi", "--json") == expected


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        ("chat --system -terse Hi", "system", "-terse"),
        ("chat --system --terse Hi", "system", "--terse"),
        ("--system -terse chat Hi", "system", "-terse"),
        ("chat --sys -terse Hi", "system", "-terse"),
        ("chat Hi --temperature -1e-3", "temperature", -1e-3),
        ("chat Hi --temperature -inf", "temperature", float("-inf")),
        ("chat --param --x=1 Hi", "param", [("--x", 1)]),
        ("record --note -a f.jsonl Hi", "note", "-a"),
        ("chat Hi --system=", "system", ""),
        ("chat Hi --system -", "system", "-"),
        ("serve --text --json", "text", ["--json"]),
        ("chat Hi -vv", "verbose", True),
        ("-vv chat Hi", "verbose", True),
        ("chat -1e5 -inf -.5 -3", "prompt", ["-1e5", "-inf", "-.5", "-3"]),
        ("chat -- -5C -v", "prompt", ["-5C", "-v"]),
    ],
)
def test_values_and_numbers_may_begin_with_a_dash(line: str, name: str, value: Any):
    assert parsed(*line.split())[name] == value


def test_a_value_is_taken_as_it_is():
    for value in ("", "- a", "-a b=c", "a\nb", "--x y"):
        assert parsed("chat", "--system", value, "Hi")["system"] == value


def test_file_and_prompt_of_record_in_the_wrong_order_are_told(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    for args in (["Hi", "out.jsonl"], ["Why is 3.5 so?", "out.jsonl"], ["Hi", "out.jsonl", "there"]):
        assert cli.main(["record", *args, "--base-url", "http://127.0.0.1:1"]) == 2
        assert "FILE comes before the prompt: write streamkit record out.jsonl " in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
    for file, *words in (
        ["./Hi", "out.jsonl"],
        ["a.txt", "b.jsonl"],
        ["out", "What is b.jsonl"],
        ["out", "sum", "b.jsonl"],
    ):
        Path(file).touch()
        assert cli.main(["record", file, *words]) == 2
        assert "exists already" in capsys.readouterr().err


def test_what_follows_two_dashes_is_words():
    assert parsed("chat", "a", "--json", "--", "--model", "-v")["prompt"] == ["a", "--model", "-v"]
    assert parsed("chat", "--model", "m", "--", "-")["prompt"] == ["-"]


def test_the_beginning_of_an_option_will_do():
    assert parsed("chat", "Hi", "--temp", "0.5", "there") == parsed("chat", "Hi", "there", "--temperature", "0.5")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("chat Hi --modle m", "streamkit chat: error: there is no option --modle; did you mean --model?"),
        ("chat --base_url=x Hi", "streamkit chat: error: there is no option --base_url; did you mean --base-url?"),
        ("chat Hi -m x", "streamkit chat: error: there is no option -m; did you mean --max-tokens or --model?"),
        ("--jsn chat Hi", "streamkit: error: there is no option --jsn; did you mean --json?"),
        ("--host x chat Hi", "streamkit chat: error: there is no option --host"),
        ("--versoin", "streamkit: error: there is no option --versoin; did you mean --version?"),
        ("caht Hi", "streamkit: error: there is no command 'caht'; did you mean chat?"),
        ("Why --json", "streamkit: error: there is no command 'Why': write one of demo, replay, chat, record, follow"),
        ("--json", "streamkit: error: --json belongs to a command: write one of demo, replay, chat, record, follow"),
        ("chat Hi --model", "streamkit chat: error: --model needs a value: write --model=MODEL"),
        ("chat Hi --model -- there", "streamkit chat: error: --model needs a value: write --model=MODEL"),
        ("chat --model --json Hi", "streamkit chat: error: --model needs a value: write --model=--json"),
        ("chat --system -vv Hi", "streamkit chat: error: --system needs a value: write --system=-vv"),
        ("--model --json chat Hi", "streamkit: error: --model needs a value: write --model=--json"),
        (
            "chat What is -v?",
            "streamkit chat: error: there is no option -v?; if it is part of the text, write -- before",
        ),
        (
            "chat -5C",
            "streamkit chat: error: there is no option -5C; if it is part of the text, write -- before the text",
        ),
        (
            "record f git --amend",
            "streamkit record: error: there is no option --amend; if it is part of the text, write -",
        ),
        ("serve -5C", "streamkit serve: error: there is no option -5C"),
    ],
)
def test_what_is_misspelt_names_the_near_one(capsys: pytest.CaptureFixture[str], line: str, said: str):
    assert told(capsys, *line.split()).startswith(said)


def test_words_of_others_stay_in_one_line(capsys: pytest.CaptureFixture[str]):
    assert told(capsys, "chat", "--a\x1b[2J\nb=c").partition(";")[0].endswith(r"there is no option --a\x1b[2J b")


def test_all_words_are_asked_wherever_they_stand(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    server, stdin = testing.Server("Hello."), io.TextIOWrapper(io.BytesIO(b"from stdin"))
    monkeypatch.setattr(sys, "stdin", stdin)
    with closing(stdin), server.running() as url:
        code = cli.main(["--json", "chat", "Why", "--model", "m", "is", "-", "--base-url", url, "it?"])
    assert (code, capsys.readouterr().err) == (0, "")
    assert server.requests[0].body["messages"] == [sk.user("Why is it?\n\nfrom stdin")]

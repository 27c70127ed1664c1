"""The command line takes words and options in any order, and what is misspelt is told with what was meant."""

from __future__ import annotations

import io
import itertools
import sys
from contextlib import closing
from typing import Any

import pytest

import streamkit as sk
from streamkit import testing
from streamkit.edges import cli


def parsed(*args: str) -> dict[str, Any]:
    return vars(cli._parser().parse_args(args))


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
    tops = cli._parser()
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
        ("Why --json", "streamkit: error: there is no command 'Why': write one of demo, replay, chat, record, serve"),
        ("--json", "streamkit: error: --json belongs to a command: write one of demo, replay, chat, record, serve "),
        ("chat Hi --model", "streamkit chat: error: argument --model: expected one argument"),
        ("chat --model --json Hi", "streamkit chat: error: argument --model: expected one argument"),
    ],
)
def test_what_is_misspelt_names_the_near_one(capsys: pytest.CaptureFixture[str], line: str, said: str):
    assert told(capsys, *line.split()).startswith(said)


def test_words_of_others_stay_in_one_line(capsys: pytest.CaptureFixture[str]):
    assert told(capsys, "chat", "--a\x1b[2J\nb=c").endswith(r"there is no option --a\x1b[2J b")


def test_all_words_are_asked_wherever_they_stand(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    server, stdin = testing.Server("Hello."), io.TextIOWrapper(io.BytesIO(b"from stdin"))
    monkeypatch.setattr(sys, "stdin", stdin)
    with closing(stdin), server.running() as url:
        code = cli.main(["--json", "chat", "Why", "--model", "m", "is", "-", "--base-url", url, "it?"])
    assert (code, capsys.readouterr().err) == (0, "")
    assert server.requests[0].body["messages"] == [sk.user("Why is it?\n\nfrom stdin")]

"""Questions that the command line cannot ask: a sentence and exit code 2, never a traceback."""

from __future__ import annotations

import pytest

from streamkit.edges.cli import main
from streamkit.wire import APIS


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for api in APIS.values():
        for name in (*api.access.variables, api.access.model):
            monkeypatch.delenv(name or "none", raising=False)
        monkeypatch.setenv(api.access.keys[0], "the-key")


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (["--api", "anthropic", "--param", "seed=1"], "does not have seed"),
        (["--api", "gemini"], "the model is a part of the address here: pass --model"),
        (["--api", "responses", "--param", "n=2"], "does not have n"),
        (["--param", "response_format=5"], "response_format cannot be of type int"),
        (["--param", "stream=false"], "stream=False is refused"),
        (["--base-url", "http://far.example/v1"], "use https, or allow it with --allow-http"),
    ],
)
def test_a_question_that_makes_no_sense(args: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    for command in (["chat"], ["record", "never.jsonl"]):
        assert main([*command, *args, "--", "Hi"]) == 2
        out, err = capsys.readouterr()
        assert (out, err.startswith("streamkit: "), told in err, err.count("\n")) == ("", True, True, 1)


def test_json_that_is_nested_too_deeply(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["chat", "--param", f"stop={'[' * 100_000}", "Hi"])
    assert "the JSON of stop is nested too deeply" in capsys.readouterr().err


def test_a_token_is_as_good_as_a_key(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    assert main(["chat", "--api", "anthropic", "Hi"]) == 2
    assert "there is no API key: set ANTHROPIC_API_KEY" in capsys.readouterr().err
    monkeypatch.setenv("ANTHROPIC_AUTH_TOKEN", "the-token")
    assert main(["chat", "--api", "anthropic", "--param", "seed=1", "Hi"]) == 2
    assert "does not have seed" in capsys.readouterr().err


def test_the_help_names_every_variable_that_is_read(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["chat", "--help"])
    told = " ".join(capsys.readouterr().out.split())
    assert "chat, completions, responses: OPENAI_API_KEY, OPENAI_BASE_URL" in told
    for api in APIS.values():
        assert all(name in told for name in (*api.access.variables, api.access.model))

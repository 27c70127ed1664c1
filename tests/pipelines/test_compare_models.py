from __future__ import annotations

import pytest

import streamkit as sk
from pipelines import compare_models
from streamkit import testing

pytestmark = pytest.mark.slow  # each starts a program


def compared(**scripts):
    asks = {name: testing.client(script, retry=sk.Retry(attempts=0)).chat for name, script in scripts.items()}
    return testing.clock().run(compare_models.build(asks)("hi"))


def test_answers_come_as_they_are_done_with_their_times():
    got = compared(
        slow=testing.Script(["a", "b", "c"], first=2, every=1, usage=sk.Usage(1, 6, 7)),
        quick=testing.Script(["x", "y"], first=0.5, every=0.5),
    )
    assert [item.label for item in got.items] == ["quick", "slow"]
    quick, slow = (item.item for item in got.items)
    assert (quick.reply.text, quick.first, quick.seconds) == ("xy", pytest.approx(0.5), pytest.approx(1.0))
    assert (slow.reply.text, slow.first, slow.seconds) == ("abc", pytest.approx(2), pytest.approx(4))
    assert (slow.tokens, slow.rate) == (6, pytest.approx(3))


def test_one_that_fails_does_so_alone():
    got = compared(good=testing.Script("fine", first=1), broken=testing.Script("x", drop_after=1))
    assert got.error is None
    assert [(item.label, type(item.item)) for item in got.items] == [
        ("broken", sk.Failure),
        ("good", compare_models.Answer),
    ]


def test_without_usage_nothing_is_made_up():
    answer = compare_models.Answer(sk.Reply(), 0.5, 1.0)
    assert (answer.tokens, answer.rate) == (None, None)
    assert "? tokens ==" in compare_models.shown(sk.Labelled("m", answer))


def test_main_without_a_key_shows_every_script(capsys, monkeypatch):
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    assert compare_models.main(["Why?"]) == 0
    out, err = capsys.readouterr()
    assert sorted(line.split(":")[0] for line in out.splitlines() if line.startswith("==")) == [
        "== broken", "== large", "== small",
    ]  # fmt: skip
    assert "come from scripts" in err


def test_main_with_a_key_asks_for_each_model(capsys, monkeypatch):
    server = testing.Server("From the API.")
    with server.running() as url:
        monkeypatch.setenv("OPENAI_API_KEY", "key")
        monkeypatch.setenv("OPENAI_BASE_URL", url)
        assert compare_models.main(["--model", "one", "--model", "two", "Why?"]) == 0
    assert sorted(request.body["model"] for request in server.requests) == ["one", "two"]
    assert capsys.readouterr().out.count("From the API.") == 2

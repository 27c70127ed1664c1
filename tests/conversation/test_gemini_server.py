"""The native API of Gemini as a strict server: right requests and each wrong one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from .asking import changed, post, without
from .strict import StrictServer

USER = {"role": "user", "parts": [{"text": "q"}]}
CALLS = [
    {"functionCall": {"name": "w", "args": {"city": "Malmö", "days": [1, 2]}}, "thoughtSignature": "G1"},
    {"functionCall": {"name": "w", "args": {}}},
]
RESULTS = [{"functionResponse": {"name": "w", "response": {"result": text}}} for text in ("31", "12")]
GOOD: list[Any] = [USER, {"role": "model", "parts": CALLS}, {"role": "user", "parts": RESULTS}]
"""The second request after ``two parallel calls``."""

MISSING = "Function call is missing a thought_signature in functionCall parts."
CORRUPTED = "Corrupted thought signature."
NUMBER = "Please ensure that the number of function response parts is equal to the number of function call parts"
AFTER = "Please ensure that function response turn comes immediately after a function call turn."

WRONG: dict[str, tuple[Any, str]] = {
    "no signature": (without(GOOD, 1, "parts", 0, "thoughtSignature"), MISSING),
    "a signature altered": (changed(GOOD, 1, "parts", 0, "thoughtSignature", to="G2"), CORRUPTED),
    "a signature moved": (
        changed(without(GOOD, 1, "parts", 0, "thoughtSignature"), 1, "parts", 1, "thoughtSignature", to="G1"),
        MISSING,
    ),
    "a signature copied": (changed(GOOD, 1, "parts", 1, "thoughtSignature", to="G1"), CORRUPTED),
    "calls exchanged": (changed(GOOD, 1, "parts", to=CALLS[::-1]), MISSING),
    "a signature in a part of its own": (
        changed(GOOD, 1, "parts", to=[{"text": "", "thoughtSignature": "G1"}, *CALLS[1:], CALLS[1]]),
        MISSING,
    ),
    "the key of the compatible endpoint": (
        changed(GOOD, 1, "parts", 0, "thought_signature_", to="G1"),
        "Unknown name \"thought_signature_\" at 'contents[1].parts[0]': Cannot find field.",
    ),
    "no result": (without(GOOD, 2, "parts", 1), NUMBER),
    "no results": (GOOD[:2], NUMBER),
    "no call": (without(GOOD, 1, "parts", 1), NUMBER),
    "no calls": ([USER, GOOD[2]], AFTER),
    "results twice": ([*GOOD, GOOD[2]], AFTER),
    "a question between": ([*GOOD[:2], USER, GOOD[2]], NUMBER),
    "results in two contents": (
        [*GOOD[:2], {"role": "user", "parts": RESULTS[:1]}, {"role": "user", "parts": RESULTS[1:]}],
        NUMBER,
    ),
    "results between calls": (
        [
            USER,
            {"role": "model", "parts": CALLS[:1]},
            {"role": "user", "parts": RESULTS[:1]},
            *({"role": "model", "parts": CALLS[1:]}, {"role": "user", "parts": RESULTS[1:]}),
        ],
        "function call `default_api:w` , position 4.",
    ),
    "another name": (changed(GOOD, 2, "parts", 0, "functionResponse", "name", to="v"), NUMBER),
    "no name": (without(GOOD, 1, "parts", 1, "functionCall", "name"), "function_call.name: Name cannot be empty."),
    "a result as text": (
        changed(GOOD, 2, "parts", 0, "functionResponse", "response", to="31"),
        "Invalid value at 'contents[2].parts[0].functionResponse.response' (TYPE_DICT)",
    ),
    "a text of null": (changed(GOOD, 0, "parts", 0, "text", to=None), "Invalid value at 'contents[0].parts[0].text'"),
    "another role": (changed(GOOD, 1, "role", to="assistant"), "Please use a valid role: user, model."),
    "no parts": ([USER, {"role": "model", "parts": []}, USER], "contents.parts must not be empty."),
    "messages of chat completions": (
        [{"role": "user", "content": "q"}],
        "Invalid JSON payload received. Unknown name \"content\" at 'contents[0]': Cannot find field.",
    ),
}


def played(script: str = "two parallel calls", **options: Any) -> StrictServer:
    server = StrictServer("gemini", script, **options)
    server.play({"contents": [USER]})
    return server


def test_the_right_next_request_is_accepted_after_the_stream_with_its_signature():
    server = StrictServer("gemini", "two parallel calls")
    events = post(server, {"contents": [USER]}).text.split("\n\n")
    chunks = [json.loads(one.removeprefix("data: ")) for one in events if one]
    parts = [part for chunk in chunks for part in chunk["candidates"][0]["content"]["parts"]]
    assert parts == [*CALLS, {"text": ""}]
    assert chunks[-1]["candidates"][0]["finishReason"] == "STOP"
    assert post(server, {"contents": GOOD}).status_code == 200
    assert (server.refused, server.losses) == ([], [])


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_next_request_is_refused(name):
    contents, text = WRONG[name]
    server = played()
    answer = post(server, {"contents": contents})
    assert answer.status_code == 400
    assert text in answer.json()["error"]["message"]
    assert (len(server.said), server.check({"contents": GOOD})) == (1, [])


def test_the_error_has_the_form_of_google():
    answer = post(played(), {"contents": WRONG["no signature"][0]})
    assert answer.json() == {
        "error": {
            "code": 400,
            "message": "Function call is missing a thought_signature in functionCall parts. This is required for tools "
            "to work correctly, and missing thought_signature may lead to degraded model performance. Additional data, "
            "function call `default_api:w` , position 2. Please refer to "
            "https://ai.google.dev/gemini-api/docs/thought-signatures for more details.",
            "status": "INVALID_ARGUMENT",
        }
    }


def test_signatures_are_needed_in_the_current_turn_only():
    earlier = [*WRONG["no signature"][0], {"role": "model", "parts": [{"text": "Done."}]}, USER]
    server = played()
    server.play({"contents": GOOD})
    assert server.check({"contents": earlier}) != []  # a loss, and not an error


@pytest.mark.parametrize(
    "sentinel", ["skip_thought_signature_validator", "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I="]
)
def test_a_sentinel_is_taken_with_a_loss(sentinel):
    losses = played().check({"contents": changed(GOOD, 1, "parts", 0, "thoughtSignature", to=sentinel)})
    assert len(losses) == 1


def test_an_older_model_does_not_need_signatures():
    losses = played(model="gemini-2.5-pro").check({"contents": WRONG["no signature"][0]})
    assert len(losses) == 1


def test_a_signed_text_keeps_its_parts():
    server = played("signed text")
    parts = [{"text": "Hello there."}, {"text": "", "thoughtSignature": "G1"}]
    assert server.check({"contents": [USER, {"role": "model", "parts": parts}, USER]}) == []
    merged = [{"text": "Hello there.", "thoughtSignature": "G1"}]
    assert len(server.check({"contents": [USER, {"role": "model", "parts": merged}, USER]})) == 1


def test_calls_may_have_ids():
    server = played("two parallel calls", ids=True)
    calls = [{**call, "functionCall": {"id": f"0-{n}", **call["functionCall"]}} for n, call in enumerate(CALLS)]
    assert server.check({"contents": changed(GOOD, 1, "parts", to=calls)}) == []
    assert len(server.check({"contents": changed(GOOD, 1, "parts", to=[calls[0], CALLS[1]])})) == 1

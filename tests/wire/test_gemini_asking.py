"""How Gemini's own API is asked, and a round trip over a real connection."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest

import streamkit as sk
from streamkit.tokens.request_tokens import request_tokens
from streamkit.wire import APIS, Encoder
from tests.wire.bodies import sse

API = APIS["gemini"]
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}
FUNCTION = {"name": "weather", "description": "Tells it.", "parameters": SCHEMA}
DECLARED = {"name": "weather", "description": "Tells it.", "parametersJsonSchema": SCHEMA}


def body(messages: Any = "Hi", **params: Any) -> dict[str, Any]:
    assert API.body is not None
    return API.body([sk.user(messages)] if isinstance(messages, str) else messages, params)


def parts(*content: Any, role: str = "user", **more: Any) -> Any:
    return body([{"role": role, "content": list(content), **more}])["contents"][0]["parts"]


def made(id: str, name: str = "weather", arguments: Any = '{"city": "Oslo"}') -> dict[str, Any]:
    return {"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}


# -- turns -------------------------------------------------------------------------------------------------------------


def test_instructions_and_turns():
    asked = body(
        [sk.system("Be brief."), {"role": "developer", "content": "Be kind."}, sk.user("Hi"), sk.assistant("Yes?")]
    )
    assert asked == {
        "systemInstruction": {"parts": [{"text": "Be brief."}, {"text": "Be kind."}]},
        "contents": [{"role": "user", "parts": [{"text": "Hi"}]}, {"role": "model", "parts": [{"text": "Yes?"}]}],
    }


def test_calls_and_their_results():
    calls = [made("a"), made("b", "time", "")]
    results = [
        {"role": "tool", "tool_call_id": "b", "content": "noon"},
        {"role": "tool", "tool_call_id": "a", "content": '{"degrees": 5}'},
    ]
    asked = body(
        [sk.user("Hi"), {"role": "assistant", "content": None, "tool_calls": calls}, *results, sk.user("And?")]
    )
    assert asked["contents"][1:] == [
        {
            "role": "model",
            "parts": [
                {"functionCall": {"id": "a", "name": "weather", "args": {"city": "Oslo"}}},
                {"functionCall": {"id": "b", "name": "time", "args": {}}},
            ],
        },
        {
            "role": "user",
            "parts": [
                {"functionResponse": {"id": "a", "name": "weather", "response": {"degrees": 5}}},
                {"functionResponse": {"id": "b", "name": "time", "response": {"output": "noon"}}},
            ],
        },
        {"role": "user", "parts": [{"text": "And?"}]},
    ]


def test_what_a_tool_gave_may_have_files():
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}
    result = {"role": "tool", "tool_call_id": "a", "content": [{"type": "text", "text": "5"}, image]}
    asked = body([{"role": "assistant", "content": "", "tool_calls": [made("a")]}, result])
    assert asked["contents"][1]["parts"][0]["functionResponse"] == {
        "id": "a",
        "name": "weather",
        "response": {"output": "5"},
        "parts": [{"inlineData": {"mimeType": "image/png", "data": "AA=="}}],
    }


@pytest.mark.parametrize(
    ("part", "wanted"),
    [
        ({"type": "text", "text": "Hi"}, {"text": "Hi"}),
        (
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}},
            {"inlineData": {"mimeType": "image/png", "data": "AA=="}},
        ),
        (
            {"type": "image_url", "image_url": "https://a.example/b.png"},
            {"fileData": {"fileUri": "https://a.example/b.png"}},
        ),
        (
            {"type": "file", "file": {"file_data": "data:application/pdf;name=a;base64,AA=="}},
            {"inlineData": {"mimeType": "application/pdf", "data": "AA=="}},
        ),
        (
            {"type": "input_audio", "input_audio": {"format": "wav", "data": "AA=="}},
            {"inlineData": {"mimeType": "audio/wav", "data": "AA=="}},
        ),
        ({"fileData": {"fileUri": "gs://a"}}, {"fileData": {"fileUri": "gs://a"}}),
    ],
)
def test_parts(part: Any, wanted: Any):
    assert parts(part) == [wanted]


def test_a_refusal_is_text_and_a_turn_of_nothing_is_none():
    assert body([{"role": "assistant", "content": None, "refusal": "No."}])["contents"][0]["parts"] == [{"text": "No."}]
    assert parts({"type": "refusal", "refusal": "No."}, role="assistant") == [{"text": "No."}]
    assert body([sk.user("Hi"), sk.assistant(""), sk.assistant(None)]) == body()


def test_turns_in_its_own_form_pass():
    turn = {"role": "model", "parts": [{"functionCall": {"name": "f", "args": {}}, "thoughtSignature": "c2ln"}]}
    assert body([turn])["contents"] == [turn]
    assert body([sk.user("Hi")], contents=[turn])["contents"] == [turn]


@pytest.mark.parametrize(
    ("messages", "words"),
    [
        ([sk.user("Hi"), {"role": "model", "content": "x"}], "the role 'model' is not a message of the Gemini API"),
        ([{"role": "tool", "tool_call_id": "x", "content": "5"}], "the call 'x', which no message before it made"),
        ([{"role": "user", "content": [{"type": "video_url"}]}], "a part of the type 'video_url'"),
    ],
)
def test_what_has_no_form_here(messages: Any, words: str):
    with pytest.raises(ValueError, match=words):
        body(messages)


@pytest.mark.parametrize("entry", [5, {"id": "a"}, {"function": {"arguments": "{}"}}])
def test_an_entry_of_tool_calls_is_a_function(entry: Any):
    with pytest.raises(TypeError, match="is not a function with a name"):
        body([{"role": "assistant", "tool_calls": [entry]}])


# -- parameters --------------------------------------------------------------------------------------------------------


def test_parameters_have_other_names_and_places():
    asked = body(
        max_tokens=9, temperature=0.5, top_p=0.9, top_k=3, n=2, stop="END", seed=1, presence_penalty=0.1,
        frequency_penalty=0.2, logprobs=True, top_logprobs=4, safetySettings=[], cachedContent="cachedContents/a",
        generationConfig={"mediaResolution": "MEDIA_RESOLUTION_LOW", "temperature": 1},
    )  # fmt: skip
    assert asked.pop("contents")
    assert asked == {
        "safetySettings": [],
        "cachedContent": "cachedContents/a",
        "generationConfig": {
            "maxOutputTokens": 9, "temperature": 1, "topP": 0.9, "topK": 3, "candidateCount": 2,
            "stopSequences": ["END"], "seed": 1, "presencePenalty": 0.1, "frequencyPenalty": 0.2,
            "responseLogprobs": True, "logprobs": 4, "mediaResolution": "MEDIA_RESOLUTION_LOW",
        },
    }  # fmt: skip


def test_parameters_that_it_does_not_have_are_named():
    with pytest.raises(ValueError, match="does not have logit_bias, user: leave out"):
        body(user="me", logit_bias={"5": 1}, temperature=1)
    with pytest.raises(ValueError, match="parallel_tool_calls"):
        body(parallel_tool_calls=False)
    assert body(parallel_tool_calls=True, stream_options={"include_usage": True}) == body()


@pytest.mark.parametrize(
    ("effort", "wanted"),
    [("low", {"thinkingLevel": "LOW"}), ("high", {"thinkingLevel": "HIGH"}), ("none", {"thinkingBudget": 0})],
)
def test_effort_is_a_level_of_thinking(effort: str, wanted: Any):
    assert body(reasoning_effort=effort)["generationConfig"] == {"thinkingConfig": wanted}
    own = {"thinkingConfig": {"includeThoughts": True}, "temperature": 1}
    asked = body(reasoning_effort=effort, generationConfig=own)["generationConfig"]
    assert asked == {"thinkingConfig": {**wanted, "includeThoughts": True}, "temperature": 1}


def test_the_form_of_the_answer():
    assert API.format is not None
    schema = {"type": "json_schema", "json_schema": {"name": "a", "schema": SCHEMA, "strict": True}}
    assert body(**API.format({}, schema))["generationConfig"] == {
        "responseMimeType": "application/json",
        "responseJsonSchema": SCHEMA,
    }
    assert body(response_format={"type": "json_object"})["generationConfig"] == {"responseMimeType": "application/json"}
    assert "generationConfig" not in body(response_format={"type": "text"})


def test_tools_and_their_choice():
    assert API.tool is not None
    assert API.choice is not None
    nested = {"type": "function", "function": {**FUNCTION, "strict": True}}
    for tool in (nested, API.tool(FUNCTION)):
        assert body(tools=[tool])["tools"] == [{"functionDeclarations": [DECLARED]}]
    search = {"googleSearch": {}}
    assert body(tools=[search, nested, nested])["tools"] == [{"functionDeclarations": [DECLARED, DECLARED]}, search]
    assert body(tools=[search])["tools"] == [search]
    named = {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["weather"]}}
    for choice in ({"type": "function", "function": {"name": "weather"}}, API.choice("weather")):
        assert body(tool_choice=choice)["toolConfig"] == named
    for word, mode in (("auto", "AUTO"), ("none", "NONE"), ("required", "ANY")):
        assert body(tool_choice=word)["toolConfig"] == {"functionCallingConfig": {"mode": mode}}


def test_its_own_fields_under_the_names_of_its_library():
    asked = body(
        [sk.system("S"), sk.user("Hi")], system_instruction={"parts": {"text": "first"}}, safety_settings=[],
        generation_config={"max_output_tokens": 5, "thinking_config": {"thinking_budget": 0}}, topK=4, top_p=1,
        tool_config={"functionCallingConfig": {"mode": "NONE"}}, cached_content="c", reasoning_effort="low",
        tools=[{"function_declarations": [{"name": "f"}], "google_search": {}}, {"name": "g", "parameters": {}}],
        stream=True,
    )  # fmt: skip
    assert asked == {
        "contents": [{"role": "user", "parts": [{"text": "Hi"}]}],
        "systemInstruction": {"parts": [{"text": "first"}, {"text": "S"}]},
        "safetySettings": [],
        "generationConfig": {"topK": 4, "topP": 1, "maxOutputTokens": 5, "thinkingConfig": {"thinkingBudget": 0}},
        "toolConfig": {"functionCallingConfig": {"mode": "NONE"}},
        "cachedContent": "c",
        "tools": [{"functionDeclarations": [{"name": "f"}, {"name": "g", "parameters": {}}]}, {"google_search": {}}],
    }
    beside = body(maxOutputTokens=3, thinkingConfig={"includeThoughts": True}, response_schema={}, response_format=None)
    assert beside["generationConfig"] == {
        "maxOutputTokens": 3, "thinkingConfig": {"includeThoughts": True}, "responseSchema": {}}  # fmt: skip
    for own in ("first", ["first"], {"parts": [{"text": "first"}]}):
        asked = body([sk.system("S"), sk.user("Hi")], systemInstruction=own)
        assert asked["systemInstruction"] == {"parts": [{"text": "first"}, {"text": "S"}]}
        assert request_tokens("gemini", asked, Words()).tokens == 3 + (3 + 1 + 2) + (3 + 1 + 1)
    assert body(service_tier="flex", stream=False).keys() == {"contents", "serviceTier", "stream"}  # refused when sent
    assert body(service_tier="auto") == body()


@pytest.mark.slow
def test_objects_of_its_library():
    types = pytest.importorskip("google.genai.types")
    declared = types.FunctionDeclaration(name="f", parameters_json_schema=SCHEMA)
    asked = body(tools=[types.Tool(function_declarations=[declared])], generationConfig=types.GenerationConfig(top_k=3))
    assert asked["tools"] == [{"functionDeclarations": [{"name": "f", "parametersJsonSchema": SCHEMA}]}]
    assert asked["generationConfig"] == {"topK": 3}


@pytest.mark.parametrize(
    "params",
    [
        {"tool_choice": "some"},
        {"tool_choice": {"type": "allowed_tools"}},
        {"response_format": {"type": "grammar"}},
        {"response_format": {"type": "json_schema"}},
        {"reasoning_effort": "huge"},
    ],
)
def test_values_that_it_does_not_have_are_refused(params: Any):
    with pytest.raises(ValueError, match=f"^{next(iter(params))} is not "):
        body(**params)


# -- counting ----------------------------------------------------------------------------------------------------------


class Words:
    """An encoding of somebody's own: a token a word."""

    def encode_ordinary(self, text: str, /) -> list[int]:
        return [len(word) for word in text.split()]


def test_a_prompt_is_counted_as_an_estimate():
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}
    talk = [
        sk.system("Be brief."),
        {"role": "user", "content": [{"type": "text", "text": "Hi there"}, image]},
        {"role": "assistant", "tool_calls": [made("a")]},
        {"role": "tool", "tool_call_id": "a", "content": "5"},
    ]
    form = {"type": "json_schema", "json_schema": {"schema": SCHEMA}}
    tools = [{"type": "function", "function": FUNCTION}, {"googleSearch": {}}]
    count = request_tokens("gemini", body(talk, tools=tools, response_format=form, cachedContent="x"), Words())
    assert not count.exact
    assert {
        "how the Gemini API counts is not known",
        "inlineData is not counted",
        "the schema of the answer is not counted",
        "what cachedContent stands for is not counted",
        "the API's own tools are not counted",
    } <= {*count.notes}
    assert count.tokens > request_tokens("gemini", body(talk[:2]), Words()).tokens == 3 + (3 + 1 + 2) + (3 + 1 + 2)


def test_it_is_not_written():
    with pytest.raises(ValueError, match="not written in the form of 'gemini'"):
        Encoder("gemini")


# -- a real connection -------------------------------------------------------------------------------------------------

CALL = {"functionCall": {"name": "weather", "args": {"city": "Oslo"}}, "thoughtSignature": "c2ln"}
CHUNKS = [
    {
        "candidates": [{"content": {"parts": [{"text": "I look.", "thought": True}], "role": "model"}, "index": 0}],
        "usageMetadata": {"promptTokenCount": 8, "thoughtsTokenCount": 3, "totalTokenCount": 11},
        "modelVersion": "gemini-test",
        "responseId": "r1",
    },
    {
        "candidates": [{"content": {"parts": [{"text": "Grüße"}, CALL], "role": "model"}, "finishReason": "STOP"}],
        "usageMetadata": {"promptTokenCount": 8, "candidatesTokenCount": 5, "thoughtsTokenCount": 3},
    },
]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        server: Any = self.server
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        server.asked.append((self.path, self.headers["x-goog-api-key"], asked))
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        data = sse(*CHUNKS).replace(b"\n", b"\r\n")
        for at in range(0, len(data), 50):
            piece = data[at : at + 50]
            self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        server.asked = []  # type: ignore[attr-defined]  # for the test
        thread = threading.Thread(target=lambda: server.serve_forever(0.01))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def check(reply: sk.Reply) -> None:
    assert (reply.text, reply.reasoning, reply.outcome, reply.model) == ("Grüße", "I look.", "complete", "gemini-test")
    assert [(one.name, one.arguments) for one in reply.tool_calls] == [("weather", '{"city":"Oslo"}')]
    assert reply.usage is not None
    assert (reply.usage.prompt_tokens, reply.usage.completion_tokens, reply.usage.reasoning_tokens) == (8, 8, 3)


def test_a_stream_over_a_real_connection(server: Any):
    address = f"http://127.0.0.1:{server.server_port}"
    with httpx.stream("POST", f"{address}/x", json={}) as answer:
        check(sk.run(sk.from_bytes(answer.iter_raw(), api="gemini")))
    with sk.Client(address, api_key="the-key", api="gemini", model="gemini-test") as client:
        reply = sk.run(client.chat("Hi", temperature=0))
        check(reply)
        result = {"role": "tool", "tool_call_id": reply.tool_calls[0].id, "content": "5"}
        check(sk.run(client.chat([sk.user("Hi"), *reply.messages, result])))
    _, (path, key, asked), (_, _, again) = server.asked
    assert (path, key) == ("/v1beta/models/gemini-test:streamGenerateContent?alt=sse", "the-key")
    assert asked == {"contents": [{"role": "user", "parts": [{"text": "Hi"}]}], "generationConfig": {"temperature": 0}}
    call, answered = (
        again["contents"][1]["parts"][-1]["functionCall"],
        again["contents"][2]["parts"][0]["functionResponse"],
    )
    assert call == {"name": "weather", "args": {"city": "Oslo"}}  # as it came: an id that was made up is not sent
    assert answered == {"name": "weather", "response": {"output": "5"}}

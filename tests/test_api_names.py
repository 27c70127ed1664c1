"""Outside `streamkit.wire` and `streamkit.turns` nothing is decided by what an API is called, or by what only one of
them has: what differs between APIs is asked of `Api`.

What remains is listed in `REMAINS`, each with its reason; a line there of which nothing is left is a fault as well.
"""

from __future__ import annotations

from pathlib import Path

import streamkit
from tests.deciding import faults

PACKAGE = Path(streamkit.__file__).parent

OF_APIS = {"wire", "turns"}
"""The rooms that know the APIs: how they are asked and read, and the forms of their messages."""
NAMED = "a word for something else here"
LIBRARY = "the library of this name"
METHOD = "the API that the method of this name asks"
ASKED = "the field that the method of this name is for"
REMAINS: dict[tuple[str, str], str] = {
    ("*", "api='chat'"): "the default of a parameter",
    ("*", "api: str = 'chat'"): "the default of a field",
    ("tool_calls.py", "field(default='chat')"): "the default of a field",
    ("stages/growing.py", "self.api = 'chat'"): "the default of a field",
    ("__init__.py", "'chat'"): "the function `streamkit.chat`",
    ("sources/http/shared_client.py", "'chat'"): "the function `streamkit.chat`",
    ("sources/http/__init__.py", "'chat'"): "the function `streamkit.chat`",
    ("sources/http/__init__.py", "{..., 'chat'}"): "the function `streamkit.chat`",
    ("sources/http/shared_client.py", "APIS['chat']"): "the API of the function `streamkit.chat`",
    ("engine/streams/misuse.py", "getattr('chat')"): "the method `Client.chat`",
    ("engine/failures/tracebacks.py", "'anthropic'"): LIBRARY,
    ("engine/failures/tracebacks.py", "'ollama'"): LIBRARY,
    ("sources/library_errors.py", "'anthropic'"): LIBRARY,
    ("sources/library_errors.py", "'ollama'"): LIBRARY,
    ("edges/cli/ask.py", "commands.add_parser('chat')"): "the command `chat`",
    ("edges/cli/ask.py", "add(default='chat')"): "the default of an option",
    ("edges/cli/ask.py", "add('prompt')"): NAMED,
    ("edges/cli/commands.py", "action.dest == 'prompt'"): NAMED,
    ("scripted/answer.py", "APIS['chat']"): "the form of errors where nobody can tell which API was meant",
    ("scripted/playback.py", "api == self.recording.api"): "whether the recorded bytes are what is wanted",
    ("tokens/prices.py", "keep_number('input')"): NAMED,
    ("sources/http/rates.py", "'input'"): NAMED,
    ("sources/http/rates.py", "'prompt'"): NAMED,
    ("tokens/genai_prices_list.py", "{'input': ...}"): NAMED,
    ("tokens/litellm_list.py", "{'input': ...}"): NAMED,
    ("stages/rewriting/hiding.py", "'input'"): NAMED,
    ("sources/recording.py", "head.get('chat')"): "the API of a recording that does not say it",
    ("sources/recording.py", "api not in APIS"): "a file may name one that nobody knows",
    ("sources/sdk.py", "api is not APIS[FALLBACK_API]"): "whether the parser has to be another one",
    ("combine/sending.py", "APIS['chat']"): "the API of the function `streamkit.chat`",
    ("sources/http/requests.py", "api.access is access"): "the calls of one provider, whoever it is",
    ("sources/http/requests.py", "prefix in api.collections"): "a part of a model's name",
    (
        "sources/http/request_builder.py",
        "other.access is not api.access",
    ): "whether two APIs are of one provider, whoever it is",
    ("sources/http/client.py", "sibling_api('completions')"): METHOD,
    ("sources/http/client.py", "sibling_api('responses')"): METHOD,
    ("sources/http/client.py", "APIS['completions']"): METHOD,
    ("sources/http/client.py", "APIS['responses']"): METHOD,
    ("sources/http/client.py", "{'chat': ...}"): "a method's name",
    ("sources/http/client.py", "{'prompt': ...}"): ASKED,
    ("sources/http/client.py", "{'input': ...}"): ASKED,
}
"""What remains, by file (``*``: any) and by what stands there, each with its reason."""


def test_no_file_outside_wire_decides_by_an_api():
    files = [path for path in sorted(PACKAGE.rglob("*.py")) if path.relative_to(PACKAGE).parts[0] not in OF_APIS]
    assert len(files) > 100
    found = {(path.relative_to(PACKAGE).as_posix(), fault) for path in files for fault in faults(path.read_text())}
    unknown = [f"{file}:{line}: {told}" for file, (line, told) in sorted(found) if not _remains(file, told)]
    assert unknown == []
    left = {(where, told) for file, (_, told) in found for where in (file, "*")}
    assert sorted(REMAINS.keys() - left) == []
    assert all(REMAINS.values())


def _remains(file: str, told: str) -> bool:
    return (file, told) in REMAINS or ("*", told) in REMAINS


PLANTED = (
    # a name, compared
    'if api == "responses": pass',
    'if "completions" != api: pass',
    'if api in ("chat", "responses"): pass',
    'if api.name in {"chat"}: pass',
    'if api.name == f"chat": pass',
    'if api.__eq__("chat"): pass',
    'if operator.eq(api, "chat"): pass',
    'if re.match("chat", api): pass',
    'if re.match("c.*t", api): pass',
    'if {"chat"} & {api}: pass',
    'CHAT = "chat"',
    'def decides(asked, said="chat"): pass',
    # a part of one
    'flat = api.startswith("responses")',
    'if api.name.startswith("resp"): pass',
    'if api.name[0] == "c": pass',
    'short = api.name.replace("x", "")',
    "if api == CHAT: pass",
    "if self._api.name != other: pass",
    # a table of them
    'match api:\n    case "chat" | "responses": pass',
    "match api.name:\n    case CHAT: pass",
    'PATHS = {"chat": here, "other": there}',
    "PATHS = dict(chat=1, anthropic=2)",
    'read = {"anthropic": f}.get(api.name, g)',
    "read = READERS.get(api.name, g)",
    "read = READERS[request.api.name]",
    'APIS = ["chat", "completions"]',
    'APIS = "chat completions responses".split()',
    'Api = Literal["chat"]',
    'getattr(self, "_" + api.name)()',
    'getattr(self, f"_{api.name}")()',
    # values of `Api`, and what they hold
    'if api is APIS["responses"]: pass',
    "if APIS[name] == other: pass",
    "if api_named(name) is not api: pass",
    "if api.dialect is Other: pass",
    "if issubclass(api.dialect, Other): pass",
    "if isinstance(parser, Chat): pass",
    "if api.framing is LINES: pass",
    'if "completion" in api.path: pass',
    'if api.path.endswith("s"): pass',
    'if api.access.header[0] == "x": pass',
    "from ..wire.openai import CHAT",
    "from streamkit.wire.anthropic.dialect import Messages",
    "from ..wire import ollama",
    # fields, headers and paths
    'body["messages"] = []',
    'if "prompt" in body: pass',
    'asked = {"input": text}',
    'asked = body.get("contents")',
    'headers["x-api-key"] = key',
    'version = headers.get("anthropic-version")',
    'body["stream_options"] = {}',
    'if options.get("include_usage"): pass',
    'url = f"{base}/chat/completions"',
    'path = "/api/chat"',
)


def test_what_is_planted_is_found():
    missed = [planted for planted in PLANTED if {line for line, _ in faults(planted)} - {1, 2} or not faults(planted)]
    assert missed == []
    remaining = [planted for planted in PLANTED for _, told in faults(planted) if ("*", told) in REMAINS]
    assert remaining == []


def test_an_api_that_is_asked_decides_nothing():
    fine = (
        'def f(api="api"): return APIS[api].access',
        "if api.body is None: raise ValueError(f'{api.name!r} takes no conversation')",
        "if api is not None and api.asks_usage: pass",
        "Encoder(api.name, model=model)",
        'path.removesuffix(api.path.removeprefix(f"{api.access.version}/"))',
        'if reason == "stop": pass',
        '"""chat"""',
        "client.chat(messages=[])",
    )
    assert [faults(source) for source in fine] == [[]] * len(fine)

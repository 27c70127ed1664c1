"""The servers with chat completions: what each takes, needs and refuses."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from .chat_rules import call_ids, last_user
from .chat_server import ChatServer, Lenient
from .parts import Call, Thought
from .provider import Provider, Said
from .refusals import (
    RefusedError,
    cerebras_body,
    google_list_body,
    groq_body,
    mistral_body,
    openrouter_body,
    vllm_body,
)
from .signed_chat import check_details, check_thought_signatures
from .typed import Fault, dotted, indexed

__all__ = ["CHAT_HOSTS"]

Messages = Sequence[Mapping[str, Any]]


class DeepSeek(Lenient):
    """Page "Thinking Mode": in turns with tool calls every message of the model needs its reasoning, also an empty one
    (deepseek-ai/deepseek-harness #739) and the final text (langchain-ai/langchain #35620)."""

    name, address, model = "deepseek", "https://api.deepseek.com/v1", "deepseek-v4"

    def check_thoughts(self, messages: Messages, said: list[Said], model: str) -> None:
        if not _thinks(said):
            return
        for turn in _turns(messages):
            ours = [messages[index] for index in turn if messages[index]["role"] == "assistant"]
            if any(call_ids(message) for message in ours):
                for message in ours:
                    if not isinstance(message.get("reasoning_content"), str):
                        # anomalyco/opencode #24083
                        text = "The `reasoning_content` in the thinking mode must be passed back to the API."
                        raise RefusedError(text, code="invalid_request_error")


class Kimi(Lenient):
    """mastra-ai/mastra #12592; an empty one passes (Lapis0x0/obsidian-yolo #243)."""

    name, address, model = "kimi", "https://api.moonshot.ai/v1", "kimi-k3"

    def check_thoughts(self, messages: Messages, said: list[Said], model: str) -> None:
        for index, message in enumerate(messages):
            if _thinks(said) and call_ids(message) and not isinstance(message.get("reasoning_content"), str):
                text = "thinking is enabled but reasoning_content is missing in assistant tool call message at index "
                raise RefusedError(f"{text}{index}")


class Qwen(Lenient):
    """QwenLM/qwen-code #5637: asked for, and no error without it."""

    name, address, model = "qwen", "https://dashscope-intl.aliyuncs.com/compatible-mode/v1", "qwen3.7-max"


class Glm(Lenient):
    """Page "Thinking Mode" of Z.ai: asked for, and no error without it."""

    name, address, model = "glm", "https://api.z.ai/api/paas/v4", "glm-5.1"


class LlamaCpp(Lenient):
    """ggml-org/llama.cpp #18994."""

    name, address, model = "llama.cpp", "http://127.0.0.1:8080/v1", "local"
    error = staticmethod(vllm_body)


class Sglang(Lenient):
    name, address, model = "sglang", "http://127.0.0.1:30000/v1", "local"
    error = staticmethod(vllm_body)


class Vllm(Lenient):
    """vllm-project/vllm #38488: from 0.20 on only ``reasoning`` is read."""

    name, address, model = "vllm", "http://127.0.0.1:8000/v1", "local"
    streams = returns = "reasoning"
    error = staticmethod(vllm_body)


class Ollama(Lenient):
    """The compatible endpoint (ollama/ollama: openai/openai.go)."""

    name, address, model = "ollama", "http://127.0.0.1:11434/v1", "qwen3"
    streams = returns = "reasoning"

    def check(self, body: Mapping[str, Any], said: list[Said], headers: Mapping[str, str]) -> list[str]:
        for message in body.get("messages", ()):
            if isinstance(message, dict) and message.get("content") is None and not message.get("tool_calls"):
                raise RefusedError("invalid message content type: <nil>")
        return super().check(body, said, headers)


class MiniMax(Lenient):
    """Page "M2 Tool Use & Interleaved Thinking": the tags stay in the content."""

    name, address, model = "minimax", "https://api.minimax.io/v1", "MiniMax-M2.5"
    streams = returns = "tags"


class Groq(ChatServer):
    """janhq/jan #8136, and for ``reasoning`` karthink/gptel #774."""

    name, address, model = "groq", "https://api.groq.com/openai/v1", "qwen/qwen3-32b"
    streams = "reasoning"
    error = staticmethod(groq_body)

    def unknown(self, fault: Fault) -> RefusedError:
        place = ".".join(map(str, fault.path[:2]))
        inner = f"('{place}' : property '{fault.path[-1]}' is unsupported)"
        return RefusedError(f"'{place}' : for 'role:assistant' the following must be satisfied[{inner}]")


class Cerebras(ChatServer):
    """Kilo-Org/kilocode #10375; ``reasoning`` is taken (QwenLM/qwen-code #11045)."""

    name, address, model = "cerebras", "https://api.cerebras.ai/v1", "gpt-oss-120b"
    streams = returns = "reasoning"
    takes = frozenset({"reasoning"})
    error = staticmethod(cerebras_body)

    def unknown(self, fault: Fault) -> RefusedError:
        place = dotted((*fault.path[:2], "assistant", *fault.path[2:]))
        return RefusedError(f"{place}: property '{place}' is unsupported")


class Fireworks(ChatServer):
    """can1357/oh-my-pi #1157."""

    name, address, model = "fireworks", "https://api.fireworks.ai/inference/v1", "accounts/fireworks/models/glm-5"
    streams = returns = "reasoning_content"
    takes = frozenset({"reasoning_content"})

    def unknown(self, fault: Fault) -> RefusedError:
        text = f"Extra inputs are not permitted, field: '{indexed(fault.path)}', value: {fault.value!r}"
        return RefusedError(text, code="invalid_request_error")


class Mistral(ChatServer):
    """charmbracelet/crush #1590, and for names of users BerriAI/litellm #30835. Thoughts are parts of the content
    (mistralai/client-python: models/thinkchunk.py), and calls have an index there (models/toolcall.py)."""

    name, address, model = "mistral", "https://api.mistral.ai/v1", "magistral-medium-latest"
    streams = returns = "parts"
    takes = frozenset({"index"})
    error = staticmethod(mistral_body)
    keys: Mapping[str, frozenset[str]] = {
        "user": frozenset({"role", "content"}),
        "system": frozenset({"role", "content"}),
        "assistant": frozenset({"role", "content", "tool_calls", "prefix"}),
        "tool": frozenset({"role", "content", "tool_call_id", "name"}),
    }

    def write(self, said: Said) -> None:
        """Its ids have nine letters and digits (langchain-ai/langchain #24668)."""
        said.round = [
            replace(part, id=f"{part.id.replace('_', 'x'):x>9}") if isinstance(part, Call) else part
            for part in said.round
        ]
        super().write(said)

    def check(self, body: Mapping[str, Any], said: list[Said], headers: Mapping[str, str]) -> list[str]:
        for index, message in enumerate(body.get("messages", ())):
            for key in message:
                if key not in self.keys.get(message.get("role"), message):
                    raise self._extra(("messages", index, message["role"], key), message[key])
        return super().check(body, said, headers)

    def refusal(self, fault: Fault) -> RefusedError | None:
        is_own = len(fault.path) == 3 or (fault.kind == "literal" and fault.value == "thinking")
        return None if is_own and fault.kind in ("unknown", "literal") else super().refusal(fault)

    def unknown(self, fault: Fault) -> RefusedError:
        return self._extra((*fault.path[:2], "assistant", *fault.path[2:]), fault.value)

    def _extra(self, where: tuple[str | int, ...], value: Any) -> RefusedError:
        return RefusedError("Extra inputs are not permitted", status=422, where=where, value=value)

    def pair_error(self, kind: str, index: int, ids: list[str]) -> RefusedError:
        if kind == "orphan":
            return RefusedError("Unexpected role 'tool' after role 'user'")
        return RefusedError("Not the same number of function calls and responses", code="3230")


class OpenRouter(Lenient):
    """Page "Reasoning Tokens"; the rules of Anthropic apply behind it (OpenRouterTeam/ai-sdk-provider #423)."""

    name, address, model = "openrouter", "https://openrouter.ai/api/v1", "anthropic/claude-opus-5"
    streams = returns = "details"
    error = staticmethod(openrouter_body)

    def check_thoughts(self, messages: Messages, said: list[Said], model: str) -> None:
        check_details(messages, said, model)


class GeminiCompat(ChatServer):
    """Google's compatible endpoint. Page "Thought Signatures": Gemini 3 needs that of the first call of each step of
    the current turn; 2.5 does not, and it is only a loss."""

    name, address = "gemini-compat", "https://generativelanguage.googleapis.com/v1beta/openai"
    model = "gemini-3-pro-preview"
    takes = frozenset({"extra_content"})
    whole_calls = True
    error = staticmethod(google_list_body)

    def unknown(self, fault: Fault) -> RefusedError:
        # the wording of every Google API for keys that its messages do not have
        text = f"Invalid JSON payload received. Unknown name \"{fault.path[-1]}\" at '{indexed(fault.path[:-1])}': "
        return RefusedError(f"{text}Cannot find field.")

    def pair_error(self, kind: str, index: int, ids: list[str]) -> RefusedError:
        if kind == "orphan":
            return RefusedError(
                "Please ensure that function response turn comes immediately after a function call turn."
            )
        # google-gemini/gemini-cli #17208
        text = "Please ensure that the number of function response parts is equal to the number of function call parts "
        return RefusedError(f"{text}of the function call turn.")

    def check_thoughts(self, messages: Messages, said: list[Said], model: str) -> None:
        check_thought_signatures(messages, said, last_user(messages), required=not model.startswith("gemini-2"))


def _thinks(said: list[Said]) -> bool:
    """True if a reply had thoughts, so that thinking is on."""
    return any(isinstance(part, Thought) for reply in said for part in reply.round)


def _turns(messages: Messages) -> list[list[int]]:
    """The indexes of the messages after each message of the user, up to the next one."""
    turns: list[list[int]] = [[]]
    for index, message in enumerate(messages):
        if message["role"] == "user":
            turns.append([])
        else:
            turns[-1].append(index)
    return turns


HOSTS: tuple[type[ChatServer], ...] = (
    *(ChatServer, DeepSeek, Kimi, Qwen, Glm, LlamaCpp, Sglang, Vllm, Ollama, MiniMax),
    *(Groq, Cerebras, Fireworks, Mistral, OpenRouter, GeminiCompat),
)
CHAT_HOSTS: Mapping[str, Callable[..., Provider]] = {host.name: host for host in HOSTS}

"""The table of servers with chat completions: which fields of a reply each takes back, and which it refuses.

Servers that are not in the table get thoughts under the key that they sent them under, within a round only, and the
fields with signatures that they sent. A server that refuses one of them is asked once more without it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

__all__ = ["OPAQUE", "SENTINEL", "THOUGHTS", "Server", "server_of", "wants_signatures"]

OPAQUE = (
    "reasoning_details", "thinking_blocks", "provider_specific_fields", "extra_content", "reasoning_opaque",
    "thought_signature",
)  # fmt: skip
"""Fields with signatures or encrypted thoughts, which only the model that wrote them understands."""
THOUGHTS = ("reasoning_content", "reasoning", "reasoning_text", "thinking", "thinking_content", "thought")
"""Fields with thoughts as plain text."""
SIGNED = re.compile(r"gemini-(?:(\d+)|[a-z-]*latest$)")
"""Models that refuse calls without a signature, from version 3 on; the names that end in latest are of such a model."""
SENTINEL = "skip_thought_signature_validator"
"""The word that Gemini takes in place of a signature, for calls that none of its models wrote: page "Thought
signatures"."""


@dataclass(frozen=True, kw_only=True)
class Server:
    """The rules of one server.

    Attributes:
        hosts: the ends of the names of its hosts.
        models: words in the names of models that have its rules behind any gateway.
        thoughts: the key under which thoughts go back as text; empty for the one under which they came. ``parts`` and
            ``tags`` are not keys: parts of the content, and tags around them in the content.
        when: the messages whose thoughts go back. ``round``: those after the last message of the user; ``calls``: also
            those of earlier turns with calls, ``always``: all of them.
        filler: messages of a turn with calls that have no thoughts get empty ones. ``all``: replies get them too,
            whether they have calls or not.
        opaque: true if it takes the fields in `OPAQUE`, where it sent them.
        gateway: true if the model behind it may have rules of its own.
        signs: true if its models may refuse calls without a signature.
        ids: the pattern of ids of calls, if it refuses others.
    """

    hosts: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    thoughts: str = ""
    when: Literal["never", "round", "calls", "always"] = "round"
    filler: Literal["", "calls", "all"] = ""
    opaque: bool = True
    gateway: bool = False
    signs: bool = False
    ids: str = ""


UNKNOWN = Server(gateway=True)
TABLE = (
    # Unknown keys are refused: browser-use/jev-ultrafast #37; long ids: vercel/ai #5171.
    Server(hosts=("api.openai.com", "openai.azure.com"), when="never", opaque=False, ids=".{1,40}"),
    # The signature of a call or a text: page "Thought signatures"; a Vertex gateway has another name within
    # extra_content (earendil-works/pi #7745), so it goes back whole. Without one: the page's answer on other models.
    Server(
        hosts=("generativelanguage.googleapis.com", "aiplatform.googleapis.com"),
        when="never",
        signs=True,
    ),
    # Page "Thinking Mode". An absent key is refused even if the thought was empty, also in the last text of a turn with
    # calls: deepseek-ai/deepseek-harness #739, langchain-ai/langchain #35620.
    Server(
        hosts=("api.deepseek.com",), models=("deepseek",), thoughts="reasoning_content", when="calls", filler="all",
        opaque=False,
    ),
    # mastra-ai/mastra #12592; an empty text passes: Lapis0x0/obsidian-yolo #243.
    Server(
        hosts=("api.moonshot.ai", "api.moonshot.cn", "api.kimi.com"), models=("kimi", "moonshot"),
        thoughts="reasoning_content", when="always", filler="calls", opaque=False,
    ),
    # Earlier turns count with preserve_thinking, and are ignored else: QwenLM/qwen-code #5637.
    Server(hosts=("aliyuncs.com",), thoughts="reasoning_content", when="always", opaque=False),
    # Page "Thinking Mode": earlier turns count with clear_thinking=false, and are ignored else.
    Server(hosts=("api.z.ai", "bigmodel.cn"), thoughts="reasoning_content", when="always", opaque=False),
    # Page "M2 Tool Use & Interleaved Thinking": tags in the content, or reasoning_details.
    Server(hosts=("api.minimax.io", "api.minimaxi.com", "api.minimax.chat"), thoughts="tags", when="always"),
    # Its chat completions take no thoughts: page "Troubleshooting Reasoning".
    Server(hosts=("api.x.ai",), when="never", opaque=False),
    # Parts of the content: mistralai/client-python, models/thinkchunk.py; other keys are a 422: charmbracelet/crush
    # #1590; ids of another form are a 400: langchain-ai/langchain #24668.
    Server(hosts=("api.mistral.ai",), thoughts="parts", when="always", opaque=False, ids="[a-zA-Z0-9]{9}"),
    # Page "Reasoning Tokens"; plain thoughts repeat those in reasoning_details. The rules of the model behind it hold:
    # can1357/oh-my-pi #3399.
    Server(hosts=("openrouter.ai",), thoughts="reasoning", when="always", gateway=True),
    # janhq/jan #8136.
    Server(hosts=("api.groq.com",), when="never", opaque=False),
    # QwenLM/qwen-code #11045.
    Server(hosts=("api.cerebras.ai",), thoughts="reasoning", opaque=False),
    # `reasoning` is refused: can1357/oh-my-pi #1157; its page "Reasoning" has reasoning_content.
    Server(hosts=("api.fireworks.ai",), thoughts="reasoning_content", opaque=False),
)  # fmt: skip
"""One entry for each server, with the source of what it wants."""


@lru_cache(maxsize=256)
def server_of(host: str, model: str) -> Server:
    """The entry for a host, which may have a port, and a model; for a host that is not in the table the key of thoughts
    is the one under which they came."""
    name, words = host.lower().rpartition("]")[2].partition(":")[0], model.lower()
    found = next((entry for entry in TABLE if any(_ends(name, end) for end in entry.hosts)), UNKNOWN)
    if not found.gateway:
        return found
    behind = next((entry for entry in TABLE if any(word in words for word in entry.models)), None)
    if behind is None:
        return found
    return replace(found, when="always" if found.when == "always" else behind.when, filler="calls")


def _ends(host: str, end: str) -> bool:
    return host == end or host.endswith(f".{end}") or (end == "aiplatform.googleapis.com" and host.endswith(f"-{end}"))


def wants_signatures(model: str) -> bool:
    """True for a model of Gemini that refuses calls without a signature: page "Thought signatures"."""
    found = SIGNED.search(model.lower())
    return found is not None and (found[1] is None or int(found[1]) >= 3)

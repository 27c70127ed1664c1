"""The Messages API of Anthropic as a scripted provider: its stream, its form of a reply, and its errors."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from .anthropic_rules import check_blocks, check_bound, check_contents, check_pairs, check_thinking, losses_of, place
from .parts import Call, Part, Redacted, Refusal, Search, Text, Thought, pieces
from .provider import Provider, Said, cut_of, named_event, parts_of
from .refusals import RefusedError, anthropic_body
from .typed import Fault, Tag, faults

__all__ = ["AnthropicMessages", "blocks_of"]

Block = dict[str, Any]


class AnthropicMessages(Provider):
    """``bound``: thinking is bound to the conversation before it, as that of Fable 5.1 and the 5.5 models."""

    name, api, path = "anthropic", "anthropic", "/messages"
    address = "https://api.anthropic.com/v1"

    def __init__(self, model: str = "claude-opus-5", *, bound: bool = False) -> None:
        self.model, self.bound = model, bound

    def check(self, body: Mapping[str, Any], said: list[Said], headers: Mapping[str, str]) -> list[str]:
        from anthropic.types import MessageParam

        if not isinstance(body.get("max_tokens"), int):
            raise RefusedError("max_tokens: Field required")
        messages = body.get("messages")
        if not isinstance(messages, list) or not messages:
            raise RefusedError("messages: Field required")
        for index, message in enumerate(messages):
            for fault in faults(message, MessageParam, ("messages", index)):
                raise _fault_error(fault)
        check_contents(messages)
        check_pairs(messages)
        check_blocks(messages, said)
        if self.bound:
            check_bound(body, said, headers)
        check_thinking(messages, said, str(body.get("model")))
        return losses_of(messages, said, str(body.get("model")))

    def write(self, said: Said) -> None:
        said.id = f"msg_{said.number}"
        cut = cut_of(said.round)
        blocks = blocks_of(said)
        kept = [block for block in blocks if block["type"] != "text" or block["text"].strip()]  # others are refused
        said.form = [{"role": "assistant", "content": kept}] if kept else []
        usage = {"input_tokens": 10, "output_tokens": 1}
        head = {"id": said.id, "type": "message", "role": "assistant", "model": said.model, "content": []}
        head |= {"stop_reason": None, "stop_sequence": None, "usage": usage}
        said.events = [named_event({"type": "message_start", "message": head}), named_event({"type": "ping"})]
        for index, block in enumerate(blocks):
            written = [named_event({**one, "index": index}) for one in _events(block)]
            inside = cut is not None and cut.inside and index == len(blocks) - 1
            said.events += written[: -2 if len(written) > 2 else 1] if inside else written
        if cut:
            return
        calls = any(isinstance(part, Call) for part in said.round)
        refused = any(isinstance(part, Refusal) for part in said.round)
        reason = "tool_use" if calls else "refusal" if refused else "end_turn"
        delta = {"stop_reason": reason, "stop_sequence": None}
        said.events.append(named_event({"type": "message_delta", "delta": delta, "usage": {"output_tokens": 5}}))
        said.events.append(named_event({"type": "message_stop"}))

    def error(self, error: RefusedError) -> Any:
        return anthropic_body(error)


def _fault_error(fault: Fault) -> RefusedError:
    """The words of pydantic. Unknown keys: anthropics/claude-code #4378."""
    match fault.kind:
        case "unknown":
            text = "Extra inputs are not permitted"
        case "missing":
            text = "Field required"
        case "literal":
            text = f"Input should be {fault.expected}"
        case _:
            names = {"a string": "a valid string", "a boolean": "a valid boolean", "an array": "a valid list"}
            text = f"Input should be {names.get(fault.expected.split(' or ')[0], 'a valid dictionary')}"
    path = [step for index, step in enumerate(fault.path) if not (isinstance(step, Tag) and index == 2)]
    return RefusedError(f"{place(*path)}: {text}")


# -- the reply ---------------------------------------------------------------------------------------------------------


def blocks_of(said: Said) -> list[Block]:
    """The blocks of a reply, whole."""
    blocks: list[Block] = []
    for number, part in enumerate(parts_of(said.round)):
        blocks += _blocks(part, f"srvtoolu_{said.number}_{number}")
    return blocks


def _blocks(part: Part, id: str) -> Iterator[Block]:
    match part:
        case Text(text=text, cites=None):
            yield {"type": "text", "text": text}
        case Text(text=text, cites=url):
            yield {"type": "text", "text": text, "citations": [_citation(text, str(url))]}
        case Refusal(text=text):
            yield {"type": "text", "text": text}
        case Thought(text=text, signature=signature):
            yield {"type": "thinking", "thinking": text, "signature": signature}
        case Redacted(data=data):
            yield {"type": "redacted_thinking", "data": data}
        case Call(id=call, name=name, arguments=arguments):
            yield {"type": "tool_use", "id": call, "name": name, "input": json.loads(arguments)}
        case Search():
            yield {"type": "server_tool_use", "id": id, "name": "web_search", "input": {"query": part.query}}
            hit = {"type": "web_search_result", "url": part.url, "title": part.title}
            hit["encrypted_content"] = part.encrypted
            yield {"type": "web_search_tool_result", "tool_use_id": id, "content": [hit]}


def _citation(text: str, url: str) -> Block:
    where = {"type": "web_search_result_location", "url": url, "title": "Example"}
    return {**where, "cited_text": text[:10], "encrypted_index": "I1"}


def _events(block: Block) -> Iterator[dict[str, Any]]:
    """The events of a block, without its index."""
    match block["type"]:
        case "text":
            yield _start({**block, "text": "", **({"citations": []} if "citations" in block else {})})
            yield from (_delta("text", text=piece) for piece in pieces(block["text"]))
            yield from (_delta("citations", citation=one) for one in block.get("citations", ()))
        case "thinking":
            yield _start({"type": "thinking", "thinking": "", "signature": ""})
            yield from (_delta("thinking", thinking=piece) for piece in pieces(block["thinking"]))
            if block["signature"]:
                yield _delta("signature", signature=block["signature"])
        case "tool_use" | "server_tool_use":
            yield _start({**block, "input": {}})
            if block["input"]:
                text = json.dumps(block["input"], ensure_ascii=False)
                yield from (_delta("input_json", partial_json=piece) for piece in ["", *pieces(text)])
        case _:
            yield _start(block)
    yield {"type": "content_block_stop"}


def _start(block: Block) -> dict[str, Any]:
    return {"type": "content_block_start", "content_block": block}


def _delta(kind: str, **fields: Any) -> dict[str, Any]:
    return {"type": "content_block_delta", "delta": {"type": f"{kind}_delta", **fields}}

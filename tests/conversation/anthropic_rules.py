"""The rules of Anthropic that look at whole conversations, and what is lost in silence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .provider import Said, cut_of
from .refusals import RefusedError

__all__ = ["check_blocks", "check_bound", "check_contents", "check_pairs", "check_thinking", "losses_of", "place"]

Messages = Sequence[Mapping[str, Any]]
Block = Mapping[str, Any]

THINKING = ("thinking", "redacted_thinking")
DROPPING = "thinking-binding-controls-2026-08-01"


def place(*path: Any) -> str:
    return ".".join(map(str, path))


def blocks(message: Mapping[str, Any]) -> list[Block]:
    """The content of a message as blocks."""
    content = message["content"]
    return [{"type": "text", "text": content}] if isinstance(content, str) else list(content)


def _results(message: Mapping[str, Any]) -> list[Block]:
    return [block for block in blocks(message) if block["type"] == "tool_result"]


def check_contents(messages: Messages) -> None:
    """Refuse messages and texts that are empty (aliasrobotics/cai #182) or blank (anthropics/claude-code #23440), and
    white space at the end of a message that is to be continued (tailcallhq/forgecode #1872)."""
    for index, message in enumerate(messages):
        found = blocks(message)
        if not found and not (message["role"] == "assistant" and index == len(messages) - 1):
            text = "all messages must have non-empty content except for the optional final assistant message"
            raise RefusedError(f"messages.{index}: {text}")
        inner = [one for block in found for one in _content(block)]
        texts = [block["text"] for block in (*found, *inner) if block["type"] == "text"]
        if "" in texts:
            raise RefusedError("messages: text content blocks must be non-empty")
        if any(text.isspace() for text in texts):
            raise RefusedError("messages: text content blocks must contain non-whitespace text")
    last = blocks(messages[-1])[-1:] if messages[-1]["role"] == "assistant" else []
    if any(block["type"] == "text" and block["text"][-1].isspace() for block in last):
        raise RefusedError("messages: final assistant content cannot end with trailing whitespace")


def _content(block: Block) -> list[Block]:
    content = block.get("content") if block["type"] == "tool_result" else None
    return content if isinstance(content, list) else []


def check_pairs(messages: Messages) -> None:
    """Refuse calls without a result and results without a call; all results are at the beginning of the next message.
    anthropics/claude-code #3632 and #13460."""
    waiting: list[str] = []
    seen: set[str] = set()
    for index, message in enumerate(messages):
        found = blocks(message)
        first = [block["tool_use_id"] for block in _leading_results(found)]
        if missing := [one for one in waiting if one not in first]:
            raise _unanswered(index - 1, missing)
        for number, block in enumerate(found):
            if block["type"] == "tool_result":
                _check_result(index, number, block["tool_use_id"], waiting, first)
        waiting = [block["id"] for block in found if block["type"] == "tool_use"]
        if len({*waiting, *seen}) < len(waiting) + len(seen):
            raise RefusedError("messages: `tool_use` ids must be unique")
        seen |= {*waiting}
    if waiting:
        raise _unanswered(len(messages) - 1, waiting)


def _check_result(index: int, number: int, id: str, waiting: Sequence[str], first: Sequence[str]) -> None:
    if id not in waiting:
        text = f"unexpected `tool_use_id` found in `tool_result` blocks: {id}. Each `tool_result` block must have a "
        text += "corresponding `tool_use` block in the previous message."
        raise RefusedError(f"messages.{index}.content.{number}: {text}")
    if first.count(id) > 1:
        text = "each tool_use must have a single result. Found multiple `tool_result` blocks with id"
        raise RefusedError(f"messages.{index}.content.{number}: {text}: {id}")


def _leading_results(found: Sequence[Block]) -> Iterator[Block]:
    for block in found:
        if block["type"] != "tool_result":
            return
        yield block


def _unanswered(index: int, ids: Sequence[str]) -> RefusedError:
    text = f"`tool_use` ids were found without `tool_result` blocks immediately after: {', '.join(ids)}. Each "
    text += "`tool_use` block must have a corresponding `tool_result` block in the next message."
    return RefusedError(f"messages.{index}: {text}")


def check_blocks(messages: Messages, said: Sequence[Said]) -> None:
    """Refuse tools of the server without their results, results without them, and altered hits
    (anthropics/claude-code #64383)."""
    hits = {hit["encrypted_content"]: hit for block in _said_blocks(said) for hit in _hits(block)}
    for index, message in enumerate(messages):
        uses: set[str] = set()
        for number, block in enumerate(blocks(message)):
            if block["type"] == "server_tool_use":
                uses.add(block["id"])
            elif block["type"].endswith("_tool_result"):
                kind, id = block["type"], block["tool_use_id"]
                if id not in uses:
                    text = f"unexpected `tool_use_id` found in `{kind}` blocks: {id}. Each `{kind}` block must have a "
                    text += "corresponding `server_tool_use` block before it."
                    raise RefusedError(f"messages.{index}.content.{number}: {text}")
                uses.discard(id)
                if any(hits.get(hit["encrypted_content"]) != hit for hit in _hits(block)):
                    text = "Invalid `encrypted_content` in `search_result` block"
                    raise RefusedError(f"messages.{index}.content.{number}: {text}")
        if uses:
            text = f"`web_search` tool use with id `{min(uses)}` was found without a corresponding "
            raise RefusedError(f"messages.{index}: {text}`web_search_tool_result` block")


def _hits(block: Block) -> list[Block]:
    content = block.get("content") if block["type"] == "web_search_tool_result" else None
    return content if isinstance(content, list) else []


def _said_blocks(said: Sequence[Said]) -> Iterator[Block]:
    for reply in said:
        for message in reply.form:
            yield from message["content"]


# -- thinking ----------------------------------------------------------------------------------------------------------


def _turn(messages: Messages) -> int:
    """The index of the message that began the current turn: the last one of the user that is more than results."""
    asked = (i for i, one in enumerate(messages) if one["role"] == "user" and len(_results(one)) < len(blocks(one)))
    return max(asked, default=-1)


def check_thinking(messages: Messages, said: Sequence[Said], model: str) -> None:
    """Refuse thinking that is not the model's own, unaltered (anthropics/anthropic-sdk-python #1598), and in the
    current turn also thinking that is missing (pydantic/pydantic-ai #2075) or in another place
    (anthropics/claude-code #10199)."""
    own = [reply for reply in said if reply.model == model]
    issued = [block for block in _said_blocks(own) if block["type"] in THINKING]
    turn = _turn(messages)
    for index, message in enumerate(messages):
        if message["role"] != "assistant":
            continue
        for number, block in enumerate(blocks(message)):
            if block["type"] in THINKING and block not in issued:
                field = "signature" if block["type"] == "thinking" else "data"
                raise RefusedError(f"messages.{index}.content.{number}: Invalid `{field}` in `{block['type']}` block")
        reply = _reply_of(message, own) if index > turn else None
        if reply is not None and cut_of(reply.round) is None:
            _check_places(index, blocks(message), reply.form[0]["content"])


def _reply_of(message: Mapping[str, Any], said: Sequence[Said]) -> Said | None:
    """The reply with the same calls; None for a message without calls."""
    ids = {block["id"] for block in blocks(message) if block["type"] == "tool_use"}
    for reply in said:
        if ids and ids == {block["id"] for block in _said_blocks([reply]) if block["type"] == "tool_use"}:
            return reply
    return None


def _check_places(index: int, sent: Sequence[Block], wanted: Sequence[Block]) -> None:
    begins, found = wanted[0]["type"] in THINKING, sent[0]["type"]
    if begins and found not in THINKING:
        text = f"Expected `thinking` or `redacted_thinking`, but found `{found}`. When `thinking` is enabled, a final "
        text += "`assistant` message must start with a thinking block (preceeding the lastmost set of `tool_use` and "
        text += "`tool_result` blocks). We recommend you include thinking blocks from previous turns. To avoid this "
        text += "requirement, disable `thinking`. Please consult our documentation at "
        text += "https://docs.claude.com/en/docs/build-with-claude/extended-thinking"
        raise RefusedError(f"messages.{index}.content.0.type: {text}")
    before = _places(wanted)
    if _places(sent) != before:
        number = next((i for i, block in enumerate(sent) if block["type"] in THINKING), 0)
        text = "`thinking` or `redacted_thinking` blocks in the latest assistant message cannot be modified. These "
        text += "blocks must remain as they were in the original response."
        raise RefusedError(f"messages.{index}.content.{number}: {text}")


def _places(found: Sequence[Block]) -> list[Any]:
    """The thinking with the calls around it: texts may be changed, but nothing of this is moved."""
    kept = (block for block in found if block["type"] in (*THINKING, "tool_use"))
    return [block["id"] if block["type"] == "tool_use" else block for block in kept]


def check_bound(body: Mapping[str, Any], said: Sequence[Said], headers: Mapping[str, str]) -> None:
    """Refuse thinking after another system prompt, other tools or other messages than it was made after
    (anomalyco/opencode #48637, pydantic/pydantic-ai #7989)."""
    binding = (body.get("thinking") or {}).get("block_binding") or {}
    if binding.get("prefix_mismatch_behavior") == "drop_block" and DROPPING in headers.get("anthropic-beta", ""):
        return
    made = {str(block): reply for reply in said for block in _said_blocks([reply]) if block["type"] in THINKING}
    for index, message in enumerate(body["messages"]):
        for number, block in enumerate(blocks(message)):
            reply = made.get(str(dict(block)))
            if reply is not None and (changed := _changed(body, reply.body, index)):
                text = (
                    "Invalid `signature` in `thinking` block. The block is bound to a different conversation. Remove "
                )
                text += 'the block, or set `thinking.block_binding.prefix_mismatch_behavior` to "drop_block". That '
                text += f"setting requires the `{DROPPING}` value in the `anthropic-beta` header. The {changed} from "
                raise RefusedError(f"messages.{index}.content.{number}: {text}the one this block was created with.")


def _changed(body: Mapping[str, Any], before: Mapping[str, Any], index: int) -> str:
    if body.get("system") != before.get("system"):
        return "`system` prompt differs"
    if body.get("tools") != before.get("tools"):
        return "`tools` list differs"
    return "conversation differs" if body["messages"][:index] != before["messages"] else ""


# -- what is lost in silence -------------------------------------------------------------------------------------------


def losses_of(messages: Messages, said: Sequence[Said], model: str) -> list[str]:
    """The differences between the messages of the model and its replies. Thinking may be left out before the current
    turn, and for another model it has to be."""
    found = [index for index, message in enumerate(messages) if message["role"] == "assistant"]
    whole = [reply for reply in said if cut_of(reply.round) is None and reply.form]
    losses, turn = [], _turn(messages)
    for index, reply in zip(found, whole, strict=False) if len(found) == len(whole) else ():
        wanted, sent = reply.form[0]["content"], blocks(messages[index])
        if reply.model != model or index < turn:
            wanted = [block for block in wanted if block["type"] not in THINKING]
            sent = [block for block in sent if block["type"] not in THINKING]
        if list(sent) != list(wanted):
            losses.append(f"messages[{index}].content is {sent!r}, and the reply had {wanted!r}")
    if len(found) < len(whole):
        losses.append(f"{len(whole)} replies were given, and {len(found)} come back")
    return losses

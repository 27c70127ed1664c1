"""The blocks of Anthropic's Messages API as they are read: the events of their texts, of calls, of tools that the
server ran, and of what goes back of each.

A block ends where the server says so, at the latest where the next one begins: the events of a reply come one block
after the other. Only calls may grow at the same time, as they have events of their own.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ...events import BlockEnd, BlockStart, Event, File, Other, ReasoningDelta, ServerTool, TextDelta
from ..arguments import EMPTY
from ..calls import Calls
from ..dialect import Dialect
from ..fields import Chunk, object_in, text_field
from ..fragments import Fragment, arguments_text
from .block_forms import block_form, call_fields, citation_of, grown_fields, known_fields, tool_input
from .content_blocks import ContentBlock, ContentBlocks, generated_id

__all__ = ["DELTAS", "BlocksDialect"]

DELTAS = {"text_delta": "text", "thinking_delta": "thinking", "input_json_delta": "partial_json"}
"""The field with the text of a piece, by the type of its delta."""

GROWING = ("compaction", "connector_text")
"""Blocks without events of their own whose pieces are known: what they make up goes back."""
SIGNED = ("thinking", "connector_text")


class BlocksDialect(Dialect):
    """The part of the dialect that reads blocks. All events belong to choice 0."""

    def __init__(self, request_id: str | None = None) -> None:
        super().__init__(request_id)
        self._calls = Calls("anthropic")
        self._blocks = ContentBlocks()
        self._current: ContentBlock | None = None  # the block that the events of text belong to
        self._text_block: Any = object()  # the index of the block that the last text was of: none yet
        self._has_content = False
        self._signature = ""  # the last one
        self._tools: dict[str, ServerTool] = {}  # the tools that the server ran, by id

    @property
    def said(self) -> bool:
        return self._has_content or bool(self._calls.calls)

    # -- beginning -------------------------------------------------------------------------------------------------

    def _open(self, source: Chunk, chunk: Chunk, out: list[Event]) -> None:
        form, kind = object_in(source, "content_block"), object_in(source, "content_block").get("type")
        index = self._blocks.index_in(source, 1)
        kind = kind if isinstance(kind, str) else ""
        block = ContentBlock(kind)
        self._close(index, chunk, out)
        self._end_current(chunk, out)
        self._blocks.add(index, block)
        if block.has_words:
            self._open_words(block, index, form, chunk, out)
        elif kind == "tool_use":
            self._open_call(block, form, chunk, out)
        elif kind.endswith("_tool_result") and isinstance(form.get("tool_use_id"), str):
            self._open_result(form, chunk, out)
        elif kind == "container_upload" and isinstance(form.get("file_id"), str):
            self._has_content = True
            out.append(File("file", form["file_id"], form=form, raw=chunk))
        else:
            self._open_other(block, form, chunk, out)

    def _open_words(self, block: ContentBlock, index: int, form: Chunk, chunk: Chunk, out: list[Event]) -> None:
        block.fields, self._current = known_fields(form, "text", "thinking", "citations", "parsed_output"), block
        out.append(BlockStart(block.kind, raw=chunk))
        if block.kind == "text":
            self._piece(TextDelta, text_field(form, "text"), index, chunk, out)
            citations = form.get("citations")
            for citation in citations if isinstance(citations, list) else ():
                if isinstance(citation, dict):
                    self._cite(citation, block, chunk, out)
        else:
            self._piece(ReasoningDelta, text_field(form, "thinking"), index, chunk, out)
            self._sign(block, form.get("signature"))

    def _open_call(self, block: ContentBlock, form: Chunk, chunk: Chunk, out: list[Event]) -> None:
        input, call = arguments_text(form.get("input")), self._calls.open()
        block.call, block.input = call, "" if EMPTY.fullmatch(input.strip()) else input
        call.extra = call_fields(form)
        id = text_field(form, "id") or generated_id(self.id, call.position)
        self._grow_call(self._calls, call, 0, Fragment(None, id, text_field(form, "name"), ""), chunk, out)

    def _open_other(self, block: ContentBlock, form: Chunk, chunk: Chunk, out: list[Event]) -> None:
        self._has_content, self._current, block.fields = True, block, dict(form)
        if block.is_server_tool:
            tool = ServerTool(
                block.kind, text_field(form, "id"), text_field(form, "name"), input=form.get("input") or None, raw=chunk
            )
            self._tools[tool.id] = tool
            out.append(tool)
        else:
            out.append(BlockStart(block.kind, raw=chunk))

    def _open_result(self, form: Chunk, chunk: Chunk, out: list[Event]) -> None:
        """A result, which comes whole. It goes back with its call; if that was cut off, neither does. The call of a
        result may be in the reply before."""
        kind, id = form["type"], form["tool_use_id"]
        tool, self._has_content = self._tools.get(id), True
        name = kind.removesuffix("_tool_result") if tool is None else tool.name
        goes_back = known_fields(form) if tool is None or tool.form is not None else None
        out.append(ServerTool(kind, id, name, output=form.get("content"), form=goes_back, raw=chunk))

    # -- growing ---------------------------------------------------------------------------------------------------

    def _grow(self, index: int, form: Chunk, chunk: Chunk, out: list[Event]) -> None:
        """Add a piece to the block at ``index``."""
        kind = form.get("type")
        if not isinstance(kind, str):
            kind = next((kind for kind, field in DELTAS.items() if field in form), "")
        text, block = text_field(form, DELTAS[kind]) if kind in DELTAS else "", self._blocks.at(index)
        call = self._blocks.call_at(index, text) if kind == "input_json_delta" else None
        if kind == "text_delta":
            self._piece(TextDelta, text, index, chunk, out)
        elif kind == "thinking_delta":
            self._piece(ReasoningDelta, text, index, chunk, out)
        elif call is not None:
            self._grow_call(self._calls, call, 0, Fragment(None, "", "", text), chunk, out)
        elif kind == "citations_delta" and isinstance(form.get("citation"), dict):
            self._cite(form["citation"], block, chunk, out)
        elif block is None or block is not self._current or not self._grow_current(block, kind, form, text):
            self._other(kind or "content_block_delta", text or kind not in DELTAS, chunk, out)

    def _grow_current(self, block: ContentBlock, kind: str, form: Chunk, text: str) -> bool:
        """Add a piece that has no event: False if it is not known. What it adds is in the event that ends the block."""
        if kind == "signature_delta" and block.kind in SIGNED:
            self._sign(block, form.get("signature"))
        elif kind == "input_json_delta" and block.is_server_tool:
            block.input += text
            self._held = self._held or bool(text)
        else:
            grows = block.kind in GROWING and kind == f"{block.kind}_delta"
            block.fields = grown_fields(block.fields, form) if grows else block.fields
            block.whole = block.whole and (grows or block.has_words)
            return False
        return True

    def _piece(
        self, kind: type[TextDelta] | type[ReasoningDelta], text: str, index: int, chunk: Chunk, out: list[Event]
    ) -> None:
        if not text:
            return
        self._has_content = True
        self._text_block = index if kind is TextDelta else self._text_block
        before = len(out)
        self._say(kind, text, 0, chunk, out)
        for event in out[before:]:
            if isinstance(event, ReasoningDelta) and self._current is not None:
                self._current.think(event.text)

    def _sign(self, block: ContentBlock, signature: Any) -> None:
        """Note the signature of a thought; the last one counts, as in the official library."""
        if isinstance(signature, str) and signature:
            block.fields = {**block.fields, "signature": signature}
            self._has_content, self._signature = True, signature

    def _cite(self, citation: Chunk, block: ContentBlock | None, chunk: Chunk, out: list[Event]) -> None:
        self._has_content = True
        if block is not None and block is self._current:
            block.citations.append(citation)
        out.append(citation_of(citation, chunk))

    def _other(self, name: str, there: Any, chunk: Chunk, out: list[Event]) -> None:
        """Emit an `Other` for content that has no event of its own, if the content is ``there``."""
        if there:
            self._has_content = True
            out.append(Other(name, raw=chunk))

    # -- ending ----------------------------------------------------------------------------------------------------

    def _close(self, index: int, chunk: Chunk, out: list[Event], *, whole: bool = True) -> None:
        """End a block. A call without any input has no arguments, if the block is ``whole``; else its input may have
        been cut off."""
        block = self._blocks.close(index)
        if block is None:
            return
        if block is self._current:
            self._end_current(chunk, out, whole=whole)
        elif block.call is not None:
            if block.call.arguments.blank:
                block.call.add("", "", block.input or ("{}" if whole else ""))
            out += self._end_calls(self._calls, [block.call], 0, chunk)

    def _end_current(self, chunk: Chunk, out: list[Event], *, whole: bool = True) -> None:
        block, self._current = self._current, None
        if block is None:
            return
        form = block_form(block, unsigned=whole and self._takes_unsigned())
        if block.is_server_tool:
            tool = self._tools[block.id]
            self._tools[block.id] = replace(tool, input=tool_input(block), form=form, raw=chunk)
            out.append(self._tools[block.id])
        else:
            out.append(BlockEnd(block.kind, form=form, raw=chunk))
        block.fields, block.citations, block.input = {}, [], ""

    def _takes_unsigned(self) -> bool:
        """True if thinking without a signature may go back. Claude signs all that is whole. Other models with this API
        want theirs back, signed or not (DeepSeek and Kimi: NousResearch/hermes-agent #17510; MiniMax: #75779)."""
        model = self.model or (self.origin.model if self.origin else "")
        return bool(model) and "claude" not in model.lower()

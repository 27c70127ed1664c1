"""The reply: what the events of a stream make up together."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterable
from dataclasses import field, replace
from typing import Any, ClassVar, Literal, TypeAlias, TypeVar, cast

from .blocks import Citation, File, ServerTool
from .event_class import FromServer, event_class
from .messages import Message
from .rate_limits import RateLimits
from .timing import Timing
from .tool_calls import ToolCall
from .turns import FromModel, Origin, Piece, answered_ids, assemble, chat_turn, joined_results, request_fields
from .usage import Usage

__all__ = ["CUT", "Choice", "Outcome", "Part", "Reply", "warned"]

M = TypeVar("M")
Outcome: TypeAlias = Literal["complete", "length", "filtered", "refused", "stopped", "cancelled", "truncated", "failed"]

CUT: frozenset[Outcome] = frozenset({"stopped", "cancelled", "truncated", "failed"})
"""The outcomes of replies that were not written to their end."""


@event_class
class Part:
    """A part of a choice: a block, the text between two blocks, or a call.

    Attributes:
        kind, id: those of its `BlockStart`; empty if it is not a block.
        text, reasoning, refusal: the number of characters of each text of the choice that belong to it.
        call: the position of the call among the calls of the choice, if it is one.
        form: that of its `BlockEnd`.
    """

    kind: str = ""
    id: str = ""
    text: int = 0
    reasoning: int = 0
    refusal: int = 0
    call: int | None = None
    form: dict[str, Any] | None = None


@event_class
class Choice:
    """One choice of a reply, put together from its events. ``parts`` has the order of its blocks and calls if there are
    blocks. This and what follows take no part in comparison."""

    index: int = 0
    text: str = ""
    reasoning: str = ""
    refusal: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    finish_reason: str | None = None
    logprobs: tuple[dict[str, Any], ...] = ()
    parts: tuple[Part, ...] = field(default=(), repr=False, compare=False)
    citations: tuple[Citation, ...] = field(default=(), repr=False, compare=False)
    files: tuple[File, ...] = field(default=(), repr=False, compare=False)
    server_tools: tuple[ServerTool, ...] = field(default=(), repr=False, compare=False)

    def pieces(self, goes_back: Callable[[ToolCall], bool]) -> list[Piece]:
        """The pieces of this choice, in order. A call that does not go back leaves an empty piece in its place."""
        calls = [Piece(call=call) if goes_back(call) else Piece() for call in self.tool_calls]
        whole = Piece("", self.text, self.reasoning, self.refusal, lost=bool(self.parts))
        return self._pieces_of_parts(calls) or [whole, *calls]

    def _pieces_of_parts(self, calls: list[Piece]) -> list[Piece]:
        """The pieces of the parts; none if there are no parts, or if something changed the texts or the calls without
        them."""
        if sorted(part.call for part in self.parts if part.call is not None) != list(range(len(calls))):
            return []
        pieces, text, reasoning, refusal = [], 0, 0, 0
        for part in self.parts:
            ends = text + part.text, reasoning + part.reasoning, refusal + part.refusal
            own = self.text[text : ends[0]], self.reasoning[reasoning : ends[1]], self.refusal[refusal : ends[2]]
            pieces.append(Piece(part.kind, *own, form=part.form) if part.call is None else calls[part.call])
            text, reasoning, refusal = ends
        fits = (text, reasoning, refusal) == (len(self.text), len(self.reasoning), len(self.refusal))
        return pieces if fits else []


@event_class
class Reply(FromServer):
    """The whole reply, or as much of it as there is: the last event of every stream and ``.partial`` of every error.

    ``choices`` is never empty; ``text``, ``tool_calls`` and the like are those of the choice with the lowest index.
    ``attempts`` counts requests, ``rounds`` the replies of a tool loop. ``warnings`` name, in plain sentences, data
    of a server that was read with a doubt: an unknown finish reason, a token figure that cannot be right. ``origin``
    says which API of which server was asked for which model, as far as that is known.
    """

    type: ClassVar[str] = "reply"
    choices: tuple[Choice, ...] = (Choice(),)
    usage: Usage | None = None
    outcome: Outcome = "complete"
    stopped_by: str | None = None
    id: str = ""
    model: str = ""
    request_id: str | None = None
    attempts: int = 1
    rounds: int = 1
    earlier: tuple[Message, ...] = field(default=(), repr=False)
    answers: tuple[Message, ...] = field(default=(), repr=False)
    """The answers of tools to the calls of this reply, if it was cut while they ran."""
    warnings: tuple[str, ...] = ()
    origin: Origin | None = field(default=None, repr=False, compare=False)
    headers: dict[str, str] = field(default_factory=dict, compare=False, repr=False)
    """The headers of the server's answer that say something about it, by their names in lower case: rate limits,
    processing times, request ids, regions. None of them holds a secret."""
    rate_limits: RateLimits | None = field(default=None, compare=False, repr=False)
    timing: Timing | None = field(default=None, compare=False, repr=False)

    @property
    def text(self) -> str:
        """All text of the first choice, as its deltas have it. Whatever shows text puts a paragraph break between two
        messages of one response; it is in no event and not in here."""
        return self.choices[0].text

    @property
    def reasoning(self) -> str:
        return self.choices[0].reasoning

    @property
    def refusal(self) -> str:
        return self.choices[0].refusal

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        return self.choices[0].tool_calls

    @property
    def finish_reason(self) -> str | None:
        return self.choices[0].finish_reason

    @property
    def message(self) -> Message:
        """The assistant's turn in the form of chat completions, whatever API was asked."""
        turn = chat_turn(self._pieces())
        return cast(Message, turn[0]) if turn else {"role": "assistant", "content": ""}

    @property
    def messages(self) -> list[Message]:
        """The messages to append to the conversation, exactly, in the form of the API that was asked: messages of chat
        completions, items of the Responses API, messages with blocks of Anthropic's, contents of Gemini's.

        Whatever no server accepts is left out: open calls of a reply that was cut, thoughts that were cut or that led
        to nothing, a reply that says nothing. So only calls of a ``complete`` reply take a result. Signatures and
        encrypted thoughts are sent by a `Client` to the model that they are from only. Thoughts with a signature that
        an operator changed are left out.
        """
        origin = self.origin or Origin()
        pieces = self._pieces()
        fields = request_fields(pieces)
        turn = [FromModel(form, origin, self.id, fields) for form in assemble(origin.api, pieces)]
        return joined_results([*self.earlier, *turn, *(self.answers if turn else ())])

    def _pieces(self) -> list[Piece]:
        """The pieces that go back. Open calls of a reply that was cut are left out: no server accepts them
        unanswered."""
        answered = set(answered_ids(self.answers))
        pieces = self.choices[0].pieces(lambda call: self.outcome == "complete" or call.id in answered)
        for piece in pieces:
            piece.cut = self.outcome != "complete"
        return pieces

    def upto(self, end: int) -> Reply:
        """This reply as if it had ended after ``end`` characters of text, where a listener interrupted it. ``usage``
        stays that of the whole, which was paid for; calls and log probabilities are left out. ValueError if ``end`` is
        negative."""
        if end < 0:
            raise ValueError("end counts characters from the beginning")
        first = replace(self.choices[0], text=self.text[:end], tool_calls=(), finish_reason=None, logprobs=(), parts=())
        return replace(self, choices=(first, *self.choices[1:]), outcome="stopped", answers=(), raw=None)

    def parse(self, model: builtins.type[M]) -> M:
        """The text as an instance of a pydantic ``model``; `MalformedError` (with this reply) when it does not fit."""
        from .validation import parse_json

        parsed: M = parse_json(self.text, model, "text of the reply", self)
        return parsed

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        from .reply_repr import in_one_line

        return in_one_line(self)

    def _repr_markdown_(self) -> str:
        """The form for notebooks: the figures, the text as Markdown, calls of tools. All of it is shown as it is
        written if it has HTML, images or links to anything but the web."""
        from .reply_repr import as_markdown

        return as_markdown(self)


def warned(replies: Iterable[Reply]) -> tuple[str, ...]:
    """The warnings of all ``replies``, each once."""
    return tuple(dict.fromkeys(warning for reply in replies for warning in reply.warnings))

"""The reply: what the events of a stream make up together."""

from __future__ import annotations

import builtins
from collections.abc import Iterable
from dataclasses import field, replace
from typing import Any, ClassVar, Literal, TypeAlias, TypeVar

from .event_class import FromServer, event_class
from .messages import Message, turn
from .rate_limits import RateLimits
from .timing import Timing
from .tool_calls import ToolCall
from .usage import Usage

__all__ = ["CUT", "Choice", "Outcome", "Reply", "warned"]

M = TypeVar("M")
Outcome: TypeAlias = Literal["complete", "length", "filtered", "refused", "stopped", "cancelled", "truncated", "failed"]

CUT: frozenset[Outcome] = frozenset({"stopped", "cancelled", "truncated", "failed"})
"""The outcomes of replies that were not written to their end."""


@event_class
class Choice:
    """One choice of a reply, put together from its events."""

    index: int = 0
    text: str = ""
    reasoning: str = ""
    refusal: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    finish_reason: str | None = None
    logprobs: tuple[dict[str, Any], ...] = ()


@event_class
class Reply(FromServer):
    """The whole reply, or as much of it as there is: the last event of every stream and ``.partial`` of every error.

    ``choices`` is never empty; ``text``, ``tool_calls`` and the like are those of the choice with the lowest index.
    ``attempts`` counts requests, ``rounds`` the replies of a tool loop. ``warnings`` name, in plain sentences, data
    of a server that was read with a doubt: an unknown finish reason, a token figure that cannot be right.
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
    headers: dict[str, str] = field(default_factory=dict, compare=False, repr=False)
    """The headers of the server's answer that say something about it, by their names in lower case: rate limits,
    processing times, request ids, regions. None of them holds a secret."""
    rate_limits: RateLimits | None = field(default=None, compare=False, repr=False)
    timing: Timing | None = field(default=None, compare=False, repr=False)

    @property
    def text(self) -> str:
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
        """The assistant's turn. Open calls of a reply that was cut are left out: no server accepts them unanswered."""
        first, answered = self.choices[0], {message["tool_call_id"] for message in self.answers}
        calls = [call for call in first.tool_calls if self.outcome == "complete" or call.id in answered]
        return turn(first.text, first.refusal, first.reasoning, [call.as_part() for call in calls])

    @property
    def messages(self) -> list[Message]:
        """The messages to append to the conversation, exactly."""
        first, message = self.choices[0], self.message
        has_content = first.text or first.refusal or "tool_calls" in message
        return [*self.earlier, message, *self.answers] if has_content else list(self.earlier)

    def upto(self, end: int) -> Reply:
        """This reply as if it had ended after ``end`` characters of text, where a listener interrupted it. ``usage``
        stays that of the whole, which was paid for; calls and log probabilities are left out. ValueError if ``end`` is
        negative."""
        if end < 0:
            raise ValueError("end counts characters from the beginning")
        first = replace(self.choices[0], text=self.text[:end], tool_calls=(), finish_reason=None, logprobs=())
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

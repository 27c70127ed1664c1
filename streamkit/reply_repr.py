"""The forms in which a reply is shown: one line where it is printed, Markdown in a notebook."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from .clean import Cleaner
from .event_class import brief
from .mathematics import is_ordinary
from .wording import excerpt, one_line

if TYPE_CHECKING:
    from .reply import Reply
    from .usage import Usage

__all__ = ["as_markdown", "in_one_line"]

NAME = 60
"""Characters of a name: of a model, a tool, an operator."""
# Parts that renderers of Markdown do not show as mere text: HTML, images, links to anything but the web, and commands
# of mathematics that make links or load something (`is_ordinary` says which other commands may pass). They are looked
# for everywhere, as renderers do not agree on where code ends. Text that only looks like one of them is shown as it is
# written, which does no harm.
LIVE = re.compile(
    r"<[A-Za-z/!?]|!\[|&#?\w+;"
    r"|\]\((?!https?://|#|mailto:)|\]:(?!\s*https?://)"
    r"|\\(?:href|url|html\w*|style|class|cssId|require|include\w*|csname|def|let|(?:re)?newcommand)(?![a-z])",
    re.IGNORECASE,
)
FENCE = re.compile(r"`{3,}")


def in_one_line(reply: Reply) -> str:
    """The outcome, the beginning of the text, and the other parts of the reply."""
    return f"<Reply {'; '.join([_outcome(reply), *_besides(reply)])}>"


def as_markdown(reply: Reply) -> str:
    """The same in a line of its own, then the text, and calls of tools as they were written.

    The text is rendered as Markdown if nothing in it is live; else all of it is one block of code.
    """
    figures = "; ".join([*_ended(reply), *_besides(reply)]).replace("`", "'")
    parts = [_clean(text) for text in (reply.text, _quoted(reply.refusal)) if text]
    calls = [f"{one_line(call.name)}({_clean(call.arguments)})" for call in reply.tool_calls]
    whole = "\n\n".join([*parts, *calls])
    if any(LIVE.search(part) or not is_ordinary(part) for part in (whole, figures)):
        return _fenced(f"{figures}\n\n{whole}")
    return "\n\n".join([f"`{figures}`", *parts, *(_fenced(call, "python") for call in calls)])


def _outcome(reply: Reply) -> str:
    text = brief(reply.text) if reply.text else "no text"
    return f"{' '.join(_ended(reply))}: {text}"


def _ended(reply: Reply) -> Iterator[str]:
    by = f" by {excerpt(reply.stopped_by, NAME)}" if reply.stopped_by else ""
    yield f"{reply.outcome}{by}"


def _besides(reply: Reply) -> Iterator[str]:
    """Everything but the text, as far as the reply has it."""
    if reply.refusal:
        yield f"refusal {brief(reply.refusal)}"
    if reply.reasoning:
        yield f"{len(reply.reasoning):,} characters of reasoning"
    if reply.tool_calls:
        names = excerpt(", ".join(call.name for call in reply.tool_calls[:NAME]), 2 * NAME)
        yield f"calls {names}"
    first = reply.choices[0]
    for parts, what in ((first.server_tools, "server tool"), (first.citations, "citation"), (first.files, "file")):
        if parts:
            yield f"{len(parts)} {what}{'s' if len(parts) > 1 else ''}"
    if len(reply.choices) > 1:
        yield f"{len(reply.choices)} choices"
    if reply.finish_reason not in (None, "stop", "tool_calls"):
        yield f"finish_reason {excerpt(str(reply.finish_reason), NAME)}"
    if reply.usage is not None:
        yield _tokens(reply.usage)
    if reply.model:
        yield f"model {excerpt(reply.model, NAME)}"
    for count, what in ((reply.attempts, "attempts"), (reply.rounds, "rounds")):
        if count > 1:
            yield f"{count} {what}"
    if reply.warnings:
        more = f" (and {len(reply.warnings) - 1} more)" if len(reply.warnings) > 1 else ""
        yield f"warning: {excerpt(reply.warnings[0])}{more}"


def _tokens(usage: Usage) -> str:
    prompt, answer, total = usage.prompt_tokens, usage.completion_tokens, usage.total_tokens
    figures = (
        f"{prompt:,} + {answer:,}"
        if prompt is not None and answer is not None
        else f"{total or prompt or answer or 0:,}"
    )
    origin = "" if usage.origin == "provider" else f" ({usage.origin})"
    return f"{figures} tokens{origin}" + (f", cost {usage.cost:.6g}" if usage.cost is not None else "")


def _clean(text: str) -> str:
    cleaner = Cleaner()
    return "".join((*cleaner.feed(text), *cleaner.flush()))


def _quoted(refusal: str) -> str:
    return "\n".join(f"> {line}" for line in refusal.splitlines())


def _fenced(text: str, language: str = "text") -> str:
    """``text`` as a block of code that nothing in it ends."""
    longest = max(map(len, FENCE.findall(text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"

"""The newest rounds of a conversation that fit into the context of a model, beside the tools of the request."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...messages import Messages
from ...protocols import Encoding
from ...tokens import fitted
from .schemas import described_tools

__all__ = ["fit"]


def fit(messages: Messages, model: str | Encoding, *, tokens: int, tools: Sequence[Any] | None = None) -> list[Any]:
    """``messages`` without their oldest rounds, so that the prompt has at most ``tokens`` tokens.

    ::

        history = sk.fit(history, "gpt-4o-mini", tokens=100_000, tools=[weather])
        stream = client.chat(history, tools=[weather])

    Instructions at the start (roles ``system`` and ``developer``) always stay, and so does the newest turn of the user
    with everything after it. A round begins with a message of the user, or with instructions directly before that, and
    ends before the next round; it is kept or dropped whole, with its calls, their results and other instructions. A
    round that has results of calls of the round before is one with it. As many rounds as fit are kept.

    The messages may be in the form of any API, such as those of `Reply.messages`. The result is a new list of the same
    objects. ``tools`` are those of the request, and are counted with the messages, as `tokens.prompt_tokens` does it
    for ``model`` (or for a tokenizer). Only for text alone and models of OpenAI is that the exact number; anything else
    is an estimate, in which thinking and items of the server are counted by their text, images by their size if it is
    known, and encrypted text and files not at all. So leave room for them in ``tokens``, and for the answer.

    A message is counted once at most, and dropped ones are not counted. `tokens.TooLongError`, a ValueError, if what
    stays in any case does not fit. RuntimeError if the vocabulary of the model is not on this machine.
    """
    return fitted(messages, model, tokens=tokens, tools=described_tools(tools or ()))

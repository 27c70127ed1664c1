"""The description of an API: how its replies are read and written, and the forms of its requests.

Code outside of this room uses the attributes of an `Api` and never compares its name, so that a further API is a
further file here and one line in `apis`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, TypeAlias

from ..events import Event, Origin, Reply
from .access import Access
from .dialect import Dialect
from .framing import SSE, Framing

__all__ = ["USAGE", "Api", "Form", "Messages", "OwnMessages", "Prompt", "Writer", "named_tools"]

USAGE = "stream_options"
"""The field of a request that asks for token figures."""

Form: TypeAlias = dict[str, Any]
"""A JSON object."""
Messages: TypeAlias = Sequence[Mapping[str, Any]]
"""A conversation in the form of chat completions, which is that of `streamkit.messages`."""


class Writer(Protocol):
    """Writes events as the payloads of an API's stream: `feed` gives those of an event, `flush` those of the end,
    `fail` those of an error (a form with ``message``, ``type``, ``code`` and ``param``, the latter two perhaps None). A
    payload is a JSON object, or text that is written as it is.
    """

    named: bool
    """True if the payload's type is also the name of its server-sent event."""

    def feed(self, event: Event, /) -> Iterator[Form | str]: ...
    def flush(self) -> Iterator[Form | str]: ...
    def fail(self, error: Form, /) -> Iterator[Form | str]: ...


class Prompt(NamedTuple):
    """The content of a request, in the form of chat completions whatever API it is for; used to count its tokens.

    ``texts`` stand in place of messages where an API continues a text (or tokens) without anything around it. ``notes``
    say why a count of all this may differ from what the server will bill.
    """

    messages: Messages = ()
    tools: Sequence[Mapping[str, Any]] | None = None
    tool_choice: Any = None
    response_format: Any = None
    notes: tuple[str, ...] = ()
    texts: Sequence[str | Sequence[int]] | None = None


def named_tools(tool: Mapping[str, Any]) -> Iterable[str]:
    """The name of a function, or of a tool that takes a text, wherever APIs put it; a server runs any other kind of
    tool."""
    kind = tool.get("type")
    inner = (tool.get("function") or tool.get("custom") or tool) if kind in (None, "function", "custom") else {}
    return [inner["name"]] if isinstance(inner, Mapping) and isinstance(inner.get("name"), str) else []


@dataclass(frozen=True, kw_only=True)
class OwnMessages:
    """The messages, or items, of an API whose form is not that of chat completions.

    Attributes:
        is_own: true for a message in this form that is not also one of chat completions.
        plain: such a message for another model of its server, without what only the model that wrote it understands:
            signatures, encrypted thoughts, ids of stored items; None if nothing is left.
        movable: the same for another server, so also without the tools that its own server ran.
        to_chat: such messages, which follow each other, in the form of chat completions, without thoughts.
    """

    is_own: Callable[[Form], bool]
    plain: Callable[[Form], Form | None]
    movable: Callable[[Form], Form | None]
    to_chat: Callable[[Sequence[Form]], Iterable[Form]]


@dataclass(frozen=True, kw_only=True)
class Api:
    """One API.

    Attributes:
        dialect: reads the chunks of its replies. ``framing`` separates these in a body.
        writer: makes the payloads of a stream for a model, an id and a time (Unix seconds); None if there is none.
        whole: a reply as one JSON document, for requests that do not ask for a stream; None where ``writer`` is None.
        owns: true for an object (a chunk or a whole reply, as a library gives it) of this API.
        path: the path of requests, after the address; ``{model}`` stands for the name of the model, which is then not
            in the body. ``query`` is sent with it.
        collections: prefixes that the name of a model may have, with a slash, in place of the one in the path.
        deployed: on Azure, true if the path names the deployment.
        stream: the fields of a body that ask for a stream. ``streams`` if a body without them asks for one as well.
        asks_usage: true if a stream has token figures only if its request asks for them (``stream_options``).
        body: the fields of a request, from a conversation and from parameters under the names of chat completions. Its
            tools and formats are in this API's own form already if ``tool`` and ``format`` made them; those of chat
            completions are translated. ValueError for what this API does not have. None if it has no conversations.
        native: true if the form of chat completions is this API's own form, so that parameters are sent as they are.
        tool: a function (``name``, ``description``, ``parameters``: a JSON schema) as an entry of ``tools``; None if
            there are no tools.
        strict_tools: true if a function whose form has ``strict`` is called with arguments that fit its schema only.
        tool_names: the names by which a model calls the tools of an entry of ``tools``; none if the server runs them.
        choice: the ``tool_choice`` that makes the model call the tool of this name.
        format: parameters with a further one: the form of the answer, given as ``response_format`` of chat completions.
        prompt: the `Prompt` of a request's body. A malformed body may make it raise any exception.
        required: fields that the body of a request must have, with their types.
        error: the body of an error response, for an HTTP status and the fields that `Writer.fail` takes.
        own: what is known of messages in this API's own form; None if that is the form of chat completions.
        conversation: the field of a body that holds a conversation, if requests may give it in this API's own form.
        finished: the body of a request as it goes to a server and model: without what the server has by then, and with
            what it needs besides.
    """

    name: str
    dialect: type[Dialect]
    access: Access
    path: str
    owns: Callable[[Form], bool]
    prompt: Callable[[Mapping[str, Any]], Prompt]
    framing: Framing = SSE
    writer: Callable[[str, str, int], Writer] | None = None
    whole: Callable[[Reply], Form] | None = None
    query: Mapping[str, str] = field(default_factory=dict)
    collections: tuple[str, ...] = ()
    deployed: bool = False
    stream: Mapping[str, Any] = field(default_factory=lambda: {"stream": True})
    streams: bool = False
    asks_usage: bool = False
    body: Callable[[Messages, Form], Form] | None = None
    native: bool = False
    tool: Callable[[Form], Form] | None = None
    strict_tools: bool = False
    tool_names: Callable[[Mapping[str, Any]], Iterable[str]] = named_tools
    choice: Callable[[str], Any] | None = None
    format: Callable[[Form, Form], Form] | None = None
    required: Mapping[str, tuple[type, ...]] = field(default_factory=dict)
    error: Callable[[int, Form], Form] | None = None
    own: OwnMessages | None = None
    conversation: str = ""
    finished: Callable[[Form, Origin], Form] | None = None

    @property
    def names_stream(self) -> bool:
        """True if the body of a request says that a stream is wanted; with other APIs the path does."""
        return "stream" in self.stream

    @property
    def names_model(self) -> bool:
        """True if the body of a request names the model."""
        return "{model}" not in self.path

    def wants_stream(self, body: Mapping[str, Any]) -> bool:
        """True if a request is for a stream, and not for one document."""
        return bool(body.get("stream", self.streams))

    def may_ask_usage(self, body: Mapping[str, Any]) -> bool:
        """True if token figures have to be asked for, and ``body`` has not decided about it."""
        options = body.get(USAGE, {})
        return self.asks_usage and isinstance(options, Mapping) and "include_usage" not in options

    def with_usage(self, body: Mapping[str, Any]) -> Form:
        """``body`` with the field that asks for token figures."""
        return {**body, USAGE: {**body.get(USAGE, {}), "include_usage": True}}

    def names_usage(self, told: str) -> bool:
        """True if a server's error message names the field that asks for token figures: the server does not know it."""
        return self.asks_usage and (USAGE in told or "include_usage" in told)

    def tells_usage(self, body: Mapping[str, Any]) -> bool:
        """True if the stream that a request asks for has token figures."""
        options = body.get(USAGE)
        return not self.asks_usage or (isinstance(options, Mapping) and bool(options.get("include_usage")))

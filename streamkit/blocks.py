"""Events of what a reply has besides text, thoughts and calls: its blocks, citations, files, and the tools that the
server ran."""

from __future__ import annotations

from dataclasses import field
from typing import Any, ClassVar

from .event_class import FromServer, event_class

__all__ = ["BlockEnd", "BlockStart", "Citation", "File", "ServerTool"]


@event_class
class BlockStart(FromServer):
    """A block of the reply begins, in APIs whose replies consist of blocks. ``kind`` is the server's word for it, an
    open set (``message`` and ``reasoning`` in the Responses API, ``text`` and ``thinking`` in Anthropic's). Calls of
    tools have events of their own."""

    type: ClassVar[str] = "block.start"
    kind: str
    id: str = ""
    index: int = 0


@event_class
class BlockEnd(FromServer):
    """A block has ended. ``form`` is what goes back of it to the model besides its text (a signature, encrypted
    thoughts, ids), in the server's own form with slots for the text: see `streamkit.turns`. None if nothing does."""

    type: ClassVar[str] = "block.end"
    kind: str
    id: str = ""
    index: int = 0
    form: dict[str, Any] | None = field(default=None, repr=False)


@event_class
class Citation(FromServer):
    """A source of the text: a page, a document, a file.

    Attributes:
        kind: the server's word for it (``url_citation``, ``char_location``), an open set.
        url, title: the source, as far as it has an address and a title.
        text: the words of the source that are cited, if the server quotes them.
        start, end: the part of the text that it belongs to, in characters from the beginning of the text of its choice;
            None where the server does not say it.
        form: all that the server said, under its own names.
    """

    type: ClassVar[str] = "citation"
    kind: str
    url: str = ""
    title: str = ""
    text: str = ""
    start: int | None = None
    end: int | None = None
    index: int = 0
    form: dict[str, Any] | None = field(default=None, repr=False)


@event_class
class File(FromServer):
    """A picture, sound or other file that the model made.

    Attributes:
        kind: ``image``, ``audio``, ``video`` or ``file``.
        id, name: those that the server gave it.
        media_type: its media type, as far as it is known (``image/png``).
        data: its content in base64, or a further piece of it.
        url: its address, if the server gave one in place of the content.
        last: false if the same file (by its ``id``) comes again: further pieces of sound, a finer picture.
        form: what goes back of it to the model, in the server's own form; None if nothing does.
    """

    type: ClassVar[str] = "file"
    kind: str
    id: str = ""
    media_type: str = ""
    data: str = field(default="", repr=False)
    url: str = ""
    name: str = ""
    last: bool = True
    index: int = 0
    form: dict[str, Any] | None = field(default=None, repr=False)


@event_class
class ServerTool(FromServer):
    """A tool that the server runs itself: a search, code, a tool of an MCP server. Each event has all that is known of
    it by then, and the later one with the same ``kind`` and ``id`` replaces the earlier one.

    Attributes:
        kind: the server's word for it (``web_search_call``, ``server_tool_use``, ``mcp_call``), an open set.
        id: its id. The result of a tool may be a block of its own, whose ``id`` is that of its call.
        name: the name of the tool.
        status: the server's word for how far it is (``in_progress``, ``completed``, ``failed``).
        input, output: what it was asked, and its result, as JSON values in the server's form.
        form: once it is whole all of it, in the server's own form, as it goes back to the model; before that None.
    """

    type: ClassVar[str] = "server_tool"
    kind: str
    id: str = ""
    name: str = ""
    status: str = ""
    input: Any = None
    output: Any = None
    index: int = 0
    form: dict[str, Any] | None = field(default=None, repr=False)

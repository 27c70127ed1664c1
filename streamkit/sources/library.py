"""The objects that a provider's own library returns, opened and read as chunks of JSON.

Such an object is a stream, one behind a context manager or in a raw response, or a whole reply; it consists of chunks,
or of the events that the library's helpers make of them. Objects are recognised by what they can do, so that those of
every version work, and those of whatever wraps them.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, Callable, Iterable, Mapping
from contextlib import AsyncExitStack, aclosing, suppress
from inspect import getattr_static, isawaitable
from typing import Any

from ..awaitables import close_unused, is_async
from ..wire import load_json
from ..worker import in_thread
from .iterators import check_source, pull_items

__all__ = ["as_dict", "asked_of", "check_library", "forms_of", "is_whole", "open_library"]

ENTRANCES = ("__await__", "__aenter__", "__enter__", "parse")
DERIVED = ("content.", "refusal.", "tool_calls.function.", "logprobs.")
"""The prefixes of the types of events that the helpers of ``openai`` make of a chunk, besides emitting the chunk."""
REPEATED = frozenset({"citation", "compaction", "input_json", "signature", "text", "thinking"})
"""The types of events that the helpers of ``anthropic`` make of a delta, after emitting the delta."""
ORIGINALS = frozenset({"chunk", "content_block_delta"})
"""The types of the chunks and deltas that both are made of."""
SUMMED_UP = {"content_block_stop": "content_block", "message_stop": "message"}
"""The fields in which the helpers of ``anthropic`` repeat, at an end, what came before it; no server sends them."""
PASS_INSTEAD = "pass what create(..., stream=True) or stream(...) gives, or a callable that gives it"


def check_library(source: Any) -> None:
    """TypeError if no stream of the library can come from ``source``."""
    if not any(hasattr(source, name) for name in ENTRANCES):
        check_source(source, "events of the library")


async def open_library(source: Any, closing: AsyncExitStack) -> Any:
    """The stream (or the whole reply) that ``source`` leads to. ``closing`` closes all that was opened on the way."""
    # What the call gives after a cancel is closed; that of an async client is a coroutine, which never began.
    is_factory = callable(source) and not _is_readable(source)
    opened = await _await(await in_thread(source, close_unused) if is_factory else source, closing)
    if not _is_readable(opened):
        opened = await _enter(opened, closing)
    if not _is_readable(opened) and callable(getattr(opened, "parse", None)):  # a raw response
        opened = await _await(await in_thread(opened.parse, close_unused), closing)
    if not _is_readable(opened):
        raise TypeError(f"no stream of the library is made of {type(opened).__name__}: {PASS_INSTEAD}")
    below = getattr_static(opened, "_raw_stream", None)  # of a helper, which fails where it cannot parse the text
    return opened if below is None else below


async def _enter(manager: Any, closing: AsyncExitStack) -> Any:
    """The result of entering a context manager; anything else unchanged."""
    if hasattr(manager, "__aenter__"):
        entered = await manager.__aenter__()
        closing.push_async_callback(_without_errors, lambda: manager.__aexit__(None, None, None))
    elif hasattr(manager, "__enter__"):
        entered = await in_thread(manager.__enter__, lambda _: manager.__exit__(None, None, None))
        closing.push_async_callback(_without_errors, lambda: in_thread(lambda: manager.__exit__(None, None, None)))
    else:
        entered = manager
    return entered


async def _await(value: Any, closing: AsyncExitStack) -> Any:
    result = await value if isawaitable(value) else value
    closing.push_async_callback(_without_errors, lambda: _close(result))
    return result


def _is_readable(value: Any) -> bool:
    return isinstance(value, (AsyncIterable, Iterable)) and not isinstance(value, (str, bytes))


def is_whole(value: Any) -> bool:
    """True if ``value`` is a reply that was requested without ``stream=True``."""
    return callable(getattr(value, "model_dump", None)) or isinstance(value, Mapping)


async def _close(opened: Any) -> None:
    close = getattr(opened, "close", None)
    if callable(close):
        is_non_blocking = isinstance(opened, AsyncIterable) or is_async(close)
        ending = close() if is_non_blocking else await in_thread(close)
        if isawaitable(ending):
            await ending


async def _without_errors(close: Callable[[], Any]) -> None:
    """Call ``close`` and ignore its failures: an object that fails while it is closed is closed all the same."""
    with suppress(Exception):
        await close()


async def forms_of(stream: Any) -> AsyncGenerator[Any, None]:
    """The chunks of ``stream`` as the JSON they were made from. TypeError for events of helpers without chunks."""
    has_originals = False
    async with aclosing(pull_items(stream)) as items:
        async for item in items:
            kind, chunk = _part(item, "type"), _part(item, "chunk")
            if not _is_derived(kind):
                has_originals = has_originals or kind in ORIGINALS
                _check_item(item)
                form = as_dict(chunk if kind == "chunk" and chunk is not None else item)
                if kind in SUMMED_UP and isinstance(form, dict):
                    form.pop(SUMMED_UP[kind], None)
                yield form
            elif not has_originals:
                raise TypeError(f"events of a helper without its chunks, the first is {kind!r}: {PASS_INSTEAD}")


def _is_derived(kind: Any) -> bool:
    return isinstance(kind, str) and (kind in REPEATED or kind.startswith(DERIVED))


def _check_item(item: Any) -> None:
    name = _part(item, "event")
    if isinstance(name, str) and name.startswith("thread."):
        raise TypeError(f"events of assistants are not those of a reply, the first is {name!r}: {PASS_INSTEAD}")
    if _is_readable(item) and not is_whole(item) and not isinstance(item, list):
        raise TypeError(f"{type(item).__name__} is not a chunk but holds some: {PASS_INSTEAD}")


def _part(item: Any, name: str) -> Any:
    return item.get(name) if isinstance(item, Mapping) else getattr(item, name, None)


def asked_of(opened: Any) -> tuple[str, str]:
    """The host and the model that a stream's request was for, as far as its library shows the request; else empty."""
    try:
        request = opened.response.request
        host, body = request.url.netloc.decode("ascii"), load_json(request.content.decode())
    except Exception:  # a library may show anything, or nothing
        return "", ""
    model = body.get("model") if isinstance(body, dict) else None
    return host, model if isinstance(model, str) else ""


def as_dict(value: Any) -> Any:
    """An object of the library, or a mapping in place of one, as the dict it was made from."""
    dump = getattr(value, "model_dump", None)
    if callable(dump):
        return dump(mode="json", by_alias=True, exclude_unset=True, warnings=False)
    if isinstance(value, Mapping):
        return {name: as_dict(item) for name, item in value.items()}
    return [as_dict(item) for item in value] if isinstance(value, (list, tuple)) else value

"""What a provider's own library gives, in whichever way it was asked: a stream, one behind a context manager or
in a raw answer, a whole reply; of chunks, or of the events that its helpers make of them.

Objects are known by what they can do, so that those of every version serve, and those of whatever wraps them.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, Callable, Iterable, Mapping
from contextlib import AsyncExitStack, aclosing, suppress
from inspect import getattr_static, isawaitable, iscoroutinefunction
from typing import Any

from .iterators import check_given, pull_items
from .threads import in_thread

__all__ = ["as_dict", "check_library", "forms_of", "is_whole", "open_library"]

ENTRANCES = ("__await__", "__aenter__", "__enter__", "parse")
DERIVED = ("content.", "refusal.", "tool_calls.function.", "logprobs.")
"""How the types of events begin that the helpers of ``openai`` make of a chunk, which they give too."""
REPEATED = frozenset({"citation", "compaction", "input_json", "signature", "text", "thinking"})
"""The types of events that the helpers of ``anthropic`` make of a delta, which they give before."""
TOLD = frozenset({"chunk", "content_block_delta"})
"""What both are made of."""
SUMMED_UP = {"content_block_stop": "content_block", "message_stop": "message"}
"""Fields in which the helpers of ``anthropic`` add to an end what came before it; no server sends them there."""
PASS_INSTEAD = "pass what create(..., stream=True) or stream(...) gives, or a callable that gives it"


def check_library(given: Any) -> None:
    """TypeError for what no stream of the library can come from."""
    if not any(hasattr(given, name) for name in ENTRANCES):
        check_given(given, "events of the library")


async def open_library(given: Any, closing: AsyncExitStack) -> Any:
    """The stream (or the whole reply) that ``given`` leads to. ``closing`` closes whatever was opened on the way."""
    called = callable(given) and not _readable(given)
    made = await _awaited(await in_thread(given, _shut) if called else given, closing)
    if not _readable(made):
        made = await _entered(made, closing)
    if not _readable(made) and callable(getattr(made, "parse", None)):  # a raw answer
        made = await _awaited(await in_thread(made.parse, _shut), closing)
    if not _readable(made):
        raise TypeError(f"no stream of the library is made of {type(made).__name__}: {PASS_INSTEAD}")
    below = getattr_static(made, "_raw_stream", None)  # of a helper, which fails where it cannot parse what was said
    return made if below is None else below


async def _entered(manager: Any, closing: AsyncExitStack) -> Any:
    """What a context manager gives; anything else as it is."""
    if hasattr(manager, "__aenter__"):
        made = await manager.__aenter__()
        closing.push_async_callback(_quietly, lambda: manager.__aexit__(None, None, None))
    elif hasattr(manager, "__enter__"):
        made = await in_thread(manager.__enter__, lambda _: manager.__exit__(None, None, None))
        closing.push_async_callback(_quietly, lambda: in_thread(lambda: manager.__exit__(None, None, None)))
    else:
        made = manager
    return made


async def _awaited(given: Any, closing: AsyncExitStack) -> Any:
    made = await given if isawaitable(given) else given
    closing.push_async_callback(_quietly, lambda: _closed(made))
    return made


def _readable(made: Any) -> bool:
    return isinstance(made, (AsyncIterable, Iterable)) and not isinstance(made, (str, bytes))


def is_whole(made: Any) -> bool:
    """Whether it is a reply that was asked for without ``stream=True``."""
    return callable(getattr(made, "model_dump", None)) or isinstance(made, Mapping)


def _shut(opened: Any) -> None:
    """Close what was opened too late; of an async client that is a coroutine that never began."""
    close = getattr(opened, "close", None)
    if callable(close):
        close()


async def _closed(opened: Any) -> None:
    close = getattr(opened, "close", None)
    if callable(close):
        quick = isinstance(opened, AsyncIterable) or iscoroutinefunction(close)
        ending = close() if quick else await in_thread(close)
        if isawaitable(ending):
            await ending


async def _quietly(close: Callable[[], Any]) -> None:
    """What fails while it is closed is closed all the same."""
    with suppress(Exception):
        await close()


async def forms_of(stream: Any) -> AsyncGenerator[Any, None]:
    """The chunks of ``stream`` as the JSON they were made from. TypeError for events that hold no chunks."""
    told = False
    async with aclosing(pull_items(stream)) as items:
        async for item in items:
            kind, chunk = _part(item, "type"), _part(item, "chunk")
            if not _is_derived(kind):
                told = told or kind in TOLD
                _check_item(item)
                form = as_dict(chunk if kind == "chunk" and chunk is not None else item)
                if kind in SUMMED_UP and isinstance(form, dict):
                    form.pop(SUMMED_UP[kind], None)
                yield form
            elif not told:
                raise TypeError(f"events of a helper without its chunks, the first is {kind!r}: {PASS_INSTEAD}")


def _is_derived(kind: Any) -> bool:
    return isinstance(kind, str) and (kind in REPEATED or kind.startswith(DERIVED))


def _check_item(item: Any) -> None:
    name = _part(item, "event")
    if isinstance(name, str) and name.startswith("thread."):
        raise TypeError(f"events of assistants are not those of a reply, the first is {name!r}: {PASS_INSTEAD}")
    if _readable(item) and not is_whole(item) and not isinstance(item, list):
        raise TypeError(f"{type(item).__name__} is not a chunk but holds some: {PASS_INSTEAD}")


def _part(item: Any, name: str) -> Any:
    return item.get(name) if isinstance(item, Mapping) else getattr(item, name, None)


def as_dict(value: Any) -> Any:
    """An object of the library, or whatever mapping stands for one, as the dict it was made from."""
    dump = getattr(value, "model_dump", None)
    if callable(dump):
        return dump(mode="json", by_alias=True, exclude_unset=True, warnings=False)
    if isinstance(value, Mapping):
        return {name: as_dict(item) for name, item in value.items()}
    return [as_dict(item) for item in value] if isinstance(value, (list, tuple)) else value

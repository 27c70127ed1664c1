"""Keys that are asked for before each request: tokens that expire, keys that are changed while a program runs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from inspect import isawaitable, iscoroutine
from typing import Any, TypeAlias, TypeGuard

from ...awaitables import close_unused, is_async
from ...checks import type_name
from ...engine.failures import failure_of
from ...engine.loops import is_cancel
from ...engine.streams import check_function
from ...errors import ConnectError, StreamkitError
from ...worker import in_thread

__all__ = ["KeyProvider", "fetch_key", "is_provider"]

KeyProvider: TypeAlias = Callable[[], str | Awaitable[str]]


def is_provider(api_key: Any) -> TypeGuard[KeyProvider]:
    """True if ``api_key`` is a function that gives a key; TypeError if it is one that cannot do so, or the coroutine of
    one."""
    if isinstance(api_key, str) or not (callable(api_key) or iscoroutine(api_key)):
        return False
    check_function("api_key", api_key, "api_key() gives the key of a request")
    return True


async def fetch_key(provider: KeyProvider) -> str:
    """The key that ``provider`` gives: called in a thread unless it is async, as a blocking call must not hold up the
    loop.

    `ConnectError` if it raises, or if it gives anything but text. That is ``retryable`` only if what it raised is an
    error of this package that is: whatever it asks for keys may have its own policy of asking again.
    """
    try:
        key: Any = provider() if is_async(provider) else await in_thread(provider, close_unused)
        key = await key if isawaitable(key) else key
    except BaseException as exc:
        if is_cancel(exc) or failure_of("api_key", exc) is None:
            raise
        passes = isinstance(exc, StreamkitError) and exc.retryable and not exc.given_up
        raise ConnectError.wrapping("api_key raised", exc, retryable=passes) from exc
    if not isinstance(key, str):
        raise ConnectError(f"api_key() gave {type_name(key)}, not the key as a str")  # its value is not shown
    return key

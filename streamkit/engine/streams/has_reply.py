"""A helpful AttributeError for members of a Reply that are looked up on a stream or a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from ...events import Reply

__all__ = ["HasReply"]


class HasReply:
    """The base of objects that produce a Reply but do not have its members: an AttributeError says where these are."""

    _where_reply: ClassVar[str]

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            message = f"{type(self).__name__!r} object has no attribute {name!r}"
            if hasattr(Reply, name) and not name.startswith("_"):
                message += f", but its Reply has: write {self._where_reply}"
            raise AttributeError(message, name=name, obj=self)

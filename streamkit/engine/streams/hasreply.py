"""What a Reply has, looked for where there is none yet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from ...events import Reply

__all__ = ["HasReply"]


class HasReply:
    """Something that comes to a Reply, and has not got its members: an AttributeError says where these are."""

    _where_reply: ClassVar[str]

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            told = f"{type(self).__name__!r} object has no attribute {name!r}"
            if hasattr(Reply, name) and not name.startswith("_"):
                told += f", but its Reply has: write {self._where_reply}"
            raise AttributeError(told, name=name, obj=self)

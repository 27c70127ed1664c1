"""The origins of parts of a conversation: signatures and encrypted thoughts go back to their own model only."""

from __future__ import annotations

from typing import Any

from ..event_class import event_class

__all__ = ["FromModel", "Origin"]


@event_class
class Origin:
    """The source of a reply.

    Attributes:
        api: the API that was asked, by its name (``chat``, ``responses``, ``anthropic``, ``gemini``, ``ollama``).
        host: the host of the server, with its port if it has one; empty if it is not known.
        model: the model that was asked for; empty if it is not known.
    """

    api: str = "chat"
    host: str = ""
    model: str = ""


class FromModel(dict[str, Any]):
    """A message or an item that a model wrote: a dict like any other, which knows its ``origin``, the ``reply`` (its
    id) that it is from, and the fields of the ``request`` that have to go with it in its round. They are lost where the
    message is stored as JSON (a `Reply` keeps them) or made a plain dict, and then all of it is sent to any model."""

    __slots__ = ("origin", "reply", "request")

    def __init__(
        self, form: dict[str, Any], origin: Origin, reply: str = "", request: dict[str, Any] | None = None
    ) -> None:
        super().__init__(form)
        self.origin, self.reply, self.request = origin, reply, request

    def copy(self) -> FromModel:
        """A copy that knows the same, as `copy.copy` makes it; `dict` makes one without."""
        return self.with_form(dict(self))

    def with_form(self, form: dict[str, Any]) -> FromModel:
        """Another form of the same origin."""
        return FromModel(form, self.origin, self.reply, self.request)

    @classmethod
    def again(cls, form: dict[str, Any], origin: Origin) -> dict[str, Any]:
        """``form`` with its origin if a model wrote it; else, as for a result, ``form`` itself."""
        is_item = "role" not in form and not str(form.get("type", "")).endswith("_output")
        return cls(form, origin) if is_item or form.get("role") in ("assistant", "model") else form

    def __reduce__(self) -> Any:
        return FromModel, (dict(self), self.origin, self.reply, self.request)

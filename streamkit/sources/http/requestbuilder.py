"""The request that a call of a `Client` makes: which API it speaks, and what of it goes where in the body."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...checks import check_instance, check_text
from ...errors import StatusError, StreamkitError
from ...wire import APIS, Api, api_named
from ..tools import with_schemas
from .requests import HttpRequest, check_line

__all__ = ["Asked", "beside", "conversing", "refuses_usage", "request_for"]

Asked = dict[str, Any] | list[Mapping[str, Any]]
"""Fields of a request as they are, or a conversation in the form of chat completions."""


def conversing(name: str) -> Api:
    """The API of this name, if it has conversations; ValueError if it has none, or if there is no such API."""
    api = api_named(name)
    if api.body is None:
        raise ValueError(f"api={name!r} takes no conversation: leave it out, and ask by client.complete(prompt)")
    return api


def beside(api: Api, name: str) -> Api:
    """The API of this name, which a client that speaks ``api`` can ask as well if it is of the same provider."""
    other = APIS[name]
    if other.access is not api.access:
        raise ValueError(f"a client with api={api.name!r} has no {name}: ask it by client.chat(messages)")
    return other


def request_for(
    api: Api, model: str | None, asked: Asked, params: Mapping[str, Any], extra: Mapping[str, Any] | None
) -> HttpRequest:
    """What is sent for ``asked``. Parameters that are None are left out; ``extra`` are further ones, sent as they are
    unless ``api`` calls them otherwise: None is left out then as well."""
    check_instance("extra", extra, Mapping, "extra={'top_k': 40}")
    given, further = {name: value for name, value in params.items() if value is not None}, dict(extra or {})
    if not (isinstance(asked, dict) or api.native):  # null has no meaning that could be translated
        further = {name: value for name, value in further.items() if value is not None}
    if not api.names_model:  # it is a part of the address
        model = further.pop("model", model)
    check_text("model", model, optional=True)
    model = check_line("model", model or "") or None
    named = {"model": model} if model is not None and api.names_model else {}
    sent = with_schemas(api, given, further)
    if isinstance(asked, dict):
        sent = {**asked, **sent}
    elif api.body is not None:
        sent = api.body(asked, sent)
    if not api.names_stream and sent.get("stream") is True:  # it is a stream that is asked for
        del sent["stream"]
    return HttpRequest(api, model, {**named, **sent})


def refuses_usage(api: Api, error: StreamkitError) -> bool:
    """Whether a server has refused a request because it asks for token figures."""
    return isinstance(error, StatusError) and error.status in (400, 422) and api.names_usage(error.body)

"""The request that a call of a `Client` makes: its API, and the place of each argument in the body."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...checks import check_instance, check_text
from ...errors import StatusError, StreamkitError
from ...events import Origin
from ...wire import APIS, USAGE, Api, api_named, refused_fields, refused_suggestions, returned, returned_body
from ..tools import with_schemas
from .requests import HttpRequest, check_line

__all__ = ["RequestInput", "conversation_api", "refused_by", "request_for", "sibling_api"]

RequestInput = dict[str, Any] | list[Mapping[str, Any]]
"""Fields of a request as they are, or a conversation in the form of chat completions."""


def conversation_api(name: str) -> Api:
    """The API of this name; ValueError if it takes no conversations, or if there is no such API."""
    api = api_named(name)
    if api.body is None:
        raise ValueError(f"api={name!r} takes no conversation: leave it out, and ask by client.complete(prompt)")
    return api


def sibling_api(api: Api, name: str) -> Api:
    """The API of this name, which a client for ``api`` can use too; ValueError if it is of another provider."""
    other = APIS[name]
    if other.access is not api.access:
        raise ValueError(f"a client with api={api.name!r} has no {name}: ask it by client.chat(messages)")
    return other


def request_for(
    api: Api,
    model: str | None,
    content: RequestInput,
    params: Mapping[str, Any],
    extra: Mapping[str, Any] | None,
    server: str = "",
) -> HttpRequest:
    """The request for ``content``, as it goes to ``server`` (a host, with its port if it has one). Parameters that are
    None are left out. ``extra`` has further ones, which are sent unchanged unless ``api`` has other names for them; in
    that case None is left out of them too."""
    check_instance("extra", extra, Mapping, "extra={'top_k': 40}")
    known, further = {name: value for name, value in params.items() if value is not None}, dict(extra or {})
    if not (isinstance(content, dict) or api.native):  # null has no meaning that could be translated
        further = {name: value for name, value in further.items() if value is not None}
    if not api.names_model:  # it is a part of the address
        model = further.pop("model", model)
    check_text("model", model, optional=True)
    model = check_line("model", model or "") or None
    model_field = {"model": model} if model is not None and api.names_model else {}
    body, target = with_schemas(api, known, further), Origin(api.name, server, model or "")
    if isinstance(content, dict):
        body = returned_body(api, target, {**content, **body})
    elif api.body is not None:
        body = api.body(returned(api, target, content, body), body)
    if api.finished is not None:
        body = api.finished({**model_field, **body}, target)
    if not api.names_stream and body.get("stream") is True:  # a stream is requested anyway: this API has no such field
        del body["stream"]
    return HttpRequest(api, model, {**model_field, **body})


def refused_by(request: HttpRequest, error: StreamkitError, left_out: set[str]) -> set[str]:
    """The fields for which a server has refused a request, and which it can do without: the one that asks for token
    usage, those of earlier replies, and those that were suggested. Those that were ``left_out`` are not counted."""
    if not (isinstance(error, StatusError) and error.status in (400, 422)):
        return set()
    if request.may_ask_usage and request.api.names_usage(error.body):
        return {USAGE} - left_out
    named = refused_fields if request.api.native else refused_suggestions
    return named(request.body, error.body) - left_out

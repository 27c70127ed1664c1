"""The endpoint of a request, or at least its API, by its path and headers. All functions take linear time."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from ..sources.http import names_version
from ..wire import APIS, Api

__all__ = ["MODELS", "apis_by_path", "endpoint_and_deployment", "key_headers", "likely_api", "split_target"]

MODELS = "models"
DEPLOYMENTS = "/deployments/"


@cache
def apis_by_path() -> dict[str, Api]:
    """The APIs in whose form a server answers, by the last part of their path, after the version if it has one.
    A folder of another name (``api/chat``) is a part of it."""
    apis = (api for api in APIS.values() if api.writer is not None)
    return {_last_part(api): api for api in apis}


def _last_part(api: Api) -> str:
    version = api.access.version
    return api.path.removeprefix(f"{version}/") if names_version(f"/{version}") else api.path


@cache
def key_headers() -> tuple[tuple[str, str], ...]:
    """Each header in which one of these APIs has its key, with what stands before it there."""
    return tuple(dict.fromkeys(api.access.header for api in apis_by_path().values()))


@cache
def _marks() -> dict[str, Api]:
    """Headers that only the requests of one provider have, each with an API of that provider."""
    apis = {api.access.address: api for api in apis_by_path().values()}.values()
    named = [(name, api) for api in apis for name in (api.access.header[0], *api.access.headers)]
    names = [name for name, _ in named]
    return {name: api for name, api in named if names.count(name) == 1}


def likely_api(path: str, headers: Mapping[str, str]) -> Api | None:
    """The API that a request is most likely for, even if its path is not served; None if there is no indication.

    Errors are written in the form of that API. A longer part of the path counts for more than a shorter one; at
    last a folder (``/api/tags`` beside ``/api/chat``), and headers (lower case) that only one of them has.
    """
    path_in_slashes = f"/{path.strip('/')}/"
    folder = path_in_slashes.removesuffix("/").rpartition("/")[0]
    for name in sorted(apis_by_path(), key=len, reverse=True):
        if f"/{name}/" in path_in_slashes:
            return apis_by_path()[name]
    for name in apis_by_path():
        if "/" in name and folder.endswith(f"/{name.rpartition('/')[0]}"):
            return apis_by_path()[name]
    return next((api for name, api in _marks().items() if name in headers), None)


def split_target(target: str) -> tuple[str, str, str]:
    """The authority of a request's target (mostly none), its path and its query (RFC 9112, section 3.2).

    ``//v1/models`` is a path here: a target that begins with a slash never names a host.
    """
    authority, target = "", target.partition("#")[0]
    scheme, colon, rest = target.partition("://")
    if colon and "/" not in scheme and "?" not in scheme:
        end = min((at for at in map(rest.find, "/?") if at >= 0), default=len(rest))
        authority, target = rest[:end], rest[end:]
    path, _, query = target.partition("?")
    return authority, path, query


def endpoint_and_deployment(path: str) -> tuple[str, str | None] | None:
    """The endpoint of a path with any prefix, and the deployment that the prefix names, if any; None if it is unknown.

    ``/openai/deployments/gpt/chat/completions`` gives ``("chat/completions", "gpt")``. The last deployment counts.
    """
    path = path.removesuffix("/")
    names = (*apis_by_path(), MODELS)
    ends = sorted((len(path) - len(name) - 1, name) for name in names if path.endswith(f"/{name}"))  # longest first
    if not ends:
        return None
    at = path.rfind(DEPLOYMENTS)
    while at >= 0:
        begin = at + len(DEPLOYMENTS)
        end = path.find("/", begin)
        for start, name in ends:
            if begin < end <= start:
                return name, path[begin:end]
        at = path.rfind(DEPLOYMENTS, 0, begin - 1)  # the slash of this one may end the one before
    return ends[0][1], None

"""The addresses, headers and bodies of requests, checked before anything is sent."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast
from urllib.parse import SplitResult, quote, urlsplit

from ...checks import type_name
from ...errors import ConnectError
from ...wire import APIS, Access, Api, without_refused
from ...wording import one_line
from .addresses import is_local, is_private_literal
from .secrets import Scrubber, secrets_in, without_secrets

__all__ = ["Endpoint", "HttpRequest", "check_line", "names_version"]

TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""The syntax of the name of a header (RFC 9110, section 5.6.2)."""
VERSION = re.compile(r"/v[0-9]")
ENDS_WITH_VERSION = re.compile(r"/v[0-9][^/]*$")

T = TypeVar("T")


def names_version(path: str) -> bool:
    """True if the path of an address contains a version, as nearly all servers expect."""
    return VERSION.search(path) is not None


def check_line(what: str, value: str) -> str:
    """``value``; ValueError if it would break out of its line in a request."""
    if any(ord(char) < 32 or ord(char) == 127 for char in value):
        raise ValueError(f"the {what} contains a control character")
    return value


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The address, key, headers and query of a server's requests; the key stays out of every `repr`."""

    base_url: str
    access: Access
    key: str | None = field(default=None, repr=False)
    azure: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    query: Mapping[str, str] = field(default_factory=dict, repr=False)
    allow_http: bool = False
    allow_private: bool = True
    source: str = "base_url"
    """The origin of the address: the argument, or the name of an environment variable."""
    renews_key: bool = False
    """True if the key is asked for before each request."""
    former_keys: tuple[str, ...] = field(default=(), repr=False)
    """The keys of earlier requests of the same call, which its server may repeat."""

    def __post_init__(self) -> None:
        parts = self._parts()
        if parts.username or parts.password:
            raise ValueError(f"{self.source} must not hold a user name or password: pass headers= instead")
        host = one_line(parts.hostname or "")
        if parts.scheme not in ("http", "https") or not parts.hostname or not _has_port(parts):
            address = f"{parts.scheme}://{host}" if parts.scheme else repr(self.base_url)
            address = address if _has_port(parts) else f"{address} with a port that is not a number"
            raise ValueError(f"{self.source} must be an http(s) address, perhaps with a port, not {address}")
        if parts.query or parts.fragment:
            raise ValueError(f"{self.source} must not hold a query: pass query= instead")
        if parts.scheme == "http" and not self.allow_http and not is_local(parts.hostname):
            prefix = "" if self.source == "base_url" else f"{self.source}: "
            reason = f"plain http to {host} would show key and prompt to the network"
            raise ValueError(f"{prefix}{reason}: use https, or pass allow_http=True")
        if not self.allow_private and is_private_literal(parts.hostname):
            raise ValueError(f"{host} is not public, and allow_private=False refuses that")
        if _names_call(self.access, parts.path.rstrip("/")):
            rule = "ends before the call, with the version as a rule (…/v1)"
            raise ValueError(f"{self.source} {rule}, not {self.base_url!r}")
        self._check_headers()

    def _parts(self) -> SplitResult:
        try:
            return urlsplit(check_line(self.source, self.base_url))
        except ValueError as exc:
            raise ValueError(f"{self.source} must be an http(s) address: {exc}") from exc

    def _check_headers(self) -> None:
        for name in self.headers:
            if not (isinstance(name, str) and TOKEN.fullmatch(name)):
                raise ValueError(
                    f"{name!r} is not the name of a header: it is empty, or has a space or control character"
                )
        for name, value in (*self.headers.items(), ("api key", self.key or "")):
            if not isinstance(value, str):
                raise TypeError(f"the {name} is a str, not {type(value).__name__}")
            check_line(name, value)
            if not value.isascii() or value != value.strip():
                raise ValueError(f"the {name} holds characters, or white space around it, that no header may hold")

    @property
    def host(self) -> str:
        return urlsplit(self.base_url).hostname or ""

    @property
    def server(self) -> str:
        """The host, with its port if the address has one."""
        return urlsplit(self.base_url).netloc.rpartition("@")[2]

    @property
    def secure(self) -> bool:
        return urlsplit(self.base_url).scheme == "https"

    def url(self, api: Api, model: str | None) -> str:
        """The address of a call of ``api``; ValueError if it needs a model and there is none."""
        base, path = self.base_url.rstrip("/"), api.path
        if self.azure is not None and not base.endswith("/v1"):
            base = f"{base.removesuffix('/openai')}/openai"
            if not api.deployed:
                return f"{base}/{path}"
            if not model:
                raise ValueError("the model names the Azure deployment: pass model=")
            return f"{base}/deployments/{quote(model, safe='')}/{path}"
        for end in self.access.spare:
            base = base.removesuffix(end)
        version = self.access.version
        if version and ENDS_WITH_VERSION.search(base):
            path = path.removeprefix(f"{version}/")
        return f"{base}/{path}" if api.names_model else _with_model(base, path, api, model)

    @property
    def lacks_version(self) -> bool:
        """True if the addresses of calls contain no version, neither in their path nor, on Azure, in their query, but
        those of the provider do."""
        wanted = names_version(urlsplit(self.access.address).path)
        return wanted and self.azure is None and not names_version(urlsplit(self.base_url).path)

    def params(self, api: Api) -> dict[str, str]:
        version = {"api-version": self.azure} if self.azure is not None else {}
        return {**api.query, **version, **self.query}

    def sent_headers(self, api: Api) -> dict[str, str]:
        """The headers of a request; `ConnectError` if the address needs a key and there is none."""
        access = self.access
        headers = {
            "accept": api.framing.media,
            "accept-encoding": "identity",  # a compressing proxy may hold events back
            "cache-control": "no-store",
            "content-type": "application/json",
            "user-agent": "streamkit",
            **access.headers,
        }
        if self.key:
            name, scheme = self._key_header
            headers[name] = f"{scheme}{self.key}"
        elif access.needs_key and self.base_url.rstrip("/") == access.address and not self.holds_key:
            hint = f"set {access.keys[0]} or pass" if access.keys else "pass"
            raise ConnectError(f"There is no API key: {hint} api_key=.")
        return {**headers, **{name.lower(): value for name, value in self.headers.items()}}

    @property
    def _key_header(self) -> tuple[str, str]:
        """The name of the header with the key, and the word before it. Keys of Azure do not change: what is asked for
        anew is a token of Entra."""
        if self.azure is None:
            return self.access.header
        return ("authorization", "Bearer ") if self.renews_key else ("api-key", "")

    @property
    def holds_key(self) -> bool:
        """True if the user's headers contain the authentication."""
        return not {"authorization", self.access.header[0]}.isdisjoint(name.lower() for name in self.headers)

    @property
    def secrets(self) -> list[str]:
        """The key, those of earlier requests of the same call, and the values of headers and query fields whose names
        are those of secrets, the longest first."""
        return secrets_in(self.headers, self.query, keys=(self.key, *self.former_keys))

    def scrub(self, value: T) -> T:
        """``value`` without secrets, cut ones included, if it is text (servers repeat them); else unchanged."""
        return cast(T, without_secrets(value, self.secrets)) if isinstance(value, str) else value

    def scrubber(self) -> Scrubber:
        return Scrubber(self.secrets)


def _names_call(access: Access, path: str) -> bool:
    """True if the path of an address already contains a call of this provider; the call is added to it later."""
    if not path or ENDS_WITH_VERSION.search(path):
        return False
    calls = [api.path.removeprefix(f"{access.version}/") for api in APIS.values() if api.access is access]
    return any(path.endswith(f"/{call}") for call in calls)


def _with_model(base: str, path: str, api: Api, model: str | None) -> str:
    """The address of a call whose path contains the model. The model may name its collection, as lists of models do.
    An address that ends with the usual collection already contains all that comes before it in the path."""
    if not model:
        raise ValueError("the model is a part of the address here: pass model=")
    before, _, after = path.partition("{model}")
    before, _, usual = before.rstrip("/").rpartition("/")
    if base.endswith(f"/{usual}"):
        base, before = base.removesuffix(f"/{usual}"), ""
    prefix, slash, name = model.partition("/")
    collection, name = (prefix, name) if slash and prefix in api.collections else (usual, model)
    return "/".join(filter(None, [base, before, collection, quote(name, safe="") + after]))


def _refuse(value: Any) -> Any:
    """TypeError for a value that has no form in JSON."""
    hint = ": write reply.id" if hasattr(value, "outcome") else ""
    hint = ": add reply.messages, which have the calls" if hasattr(value, "as_part") else hint
    raise TypeError(f"a request is JSON, which cannot hold a value of type {type_name(value)}{hint}")


def _has_port(parts: SplitResult) -> bool:
    """True if the port of an address is a number or left out."""
    try:
        return parts.port != 0
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """One question to a server; it may be sent several times."""

    api: Api
    model: str | None
    body: Mapping[str, Any]

    def __post_init__(self) -> None:
        if self.body.get("stream", True) is not True:
            raise ValueError(f"stream={self.body['stream']!r} is refused: replies are read while they are written")

    @property
    def body_model(self) -> str:
        """The model that the body names, as text; "None" if it names none."""
        return str(self.body.get("model"))

    @property
    def may_ask_usage(self) -> bool:
        """True if usage has to be asked for and the caller has not decided about it."""
        return self.api.may_ask_usage(self.body)

    def content(self, *, include_usage: bool, left_out: Collection[str] = ()) -> bytes:
        """The body as JSON, without the fields of earlier replies that are ``left_out``; TypeError or ValueError if it
        has a value that JSON cannot hold."""
        body = without_refused({**self.api.stream, **self.body}, left_out)
        if include_usage and self.may_ask_usage:
            body = self.api.with_usage(body)
        try:
            text = json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_refuse)
            return text.encode()
        except UnicodeEncodeError:  # lone surrogates, for instance of an earlier reply
            return json.dumps(body, allow_nan=False, separators=(",", ":")).encode()

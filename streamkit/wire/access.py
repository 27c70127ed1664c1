"""The address of a provider's APIs, and how requests to it authenticate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["Access"]


@dataclass(frozen=True, kw_only=True)
class Access:
    """The address of one provider's APIs, and how requests to it authenticate.

    Attributes:
        address: the provider's own address; if ``needs_key``, it refuses requests without a key.
        version: the version in the paths of requests (``v1``), if an address may include it or leave it out.
        keys, addresses: variables of the environment that may hold a key or an address; the first that is set counts.
        tokens: variables that may hold a bearer token, which is sent where there is no key.
        spare: endings of an address that are removed from it: the beginning of a path, or the path of another API.
        header: name of the header that holds the key, and the text before the key in its value.
        headers: sent with every request.
        accounts: headers by the variables of the environment that may hold their values.
        model: the variable that may name the model for the command line.
        bare_hosts: true if a variable may hold a host alone in place of an address.
        azure: true if Azure OpenAI has these APIs, with paths of its own.
    """

    address: str
    version: str = ""
    keys: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    tokens: tuple[str, ...] = ()
    spare: tuple[str, ...] = ()
    header: tuple[str, str] = ("authorization", "Bearer ")
    headers: Mapping[str, str] = field(default_factory=dict)
    accounts: Mapping[str, str] = field(default_factory=dict)
    needs_key: bool = True
    model: str = ""
    bare_hosts: bool = False
    azure: bool = False

    @property
    def variables(self) -> tuple[str, ...]:
        """All variables of the environment that these APIs use."""
        return (*self.keys, *self.tokens, *self.addresses, *self.accounts)

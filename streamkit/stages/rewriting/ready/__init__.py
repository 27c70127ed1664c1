"""Ready rules: the forms of e-mail addresses, phone numbers, payment cards and keys, in text of every script."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ....lazy import lazily

if TYPE_CHECKING:
    from .armour import ArmouredKeys
    from .cards import Cards
    from .emails import Emails
    from .keys import Keys
    from .names import READY, check_name
    from .phones import Phones

__all__ = ["READY", "ArmouredKeys", "Cards", "Emails", "Keys", "Phones", "check_name"]

if not TYPE_CHECKING:  # else a type checker would accept every name
    __getattr__ = lazily(
        __name__,
        {
            "armour": "ArmouredKeys",
            "cards": "Cards",
            "emails": "Emails",
            "keys": "Keys",
            "names": "READY check_name",
            "phones": "Phones",
        },
    )


def __dir__() -> list[str]:
    return __all__

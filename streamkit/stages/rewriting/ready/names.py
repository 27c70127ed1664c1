"""Names of ready rules, and words so near to one that they can hardly be meant as a regular expression.

A user who writes ``redact("Email")`` or ``redact("PHONE_NUMBER")`` wants addresses and numbers hidden. As an expression
it would hide that word and nothing else, without a warning.
"""

from __future__ import annotations

import re
import unicodedata
from difflib import get_close_matches
from itertools import pairwise

__all__ = ["READY", "check_name"]

READY = ("email", "phone", "card", "key")

MEANT = {
    "email": "email emailaddress emailaddr emailid mailaddress emails",
    "phone": "phone phonenumber phoneno phonenum telephone telephonenumber tel telno mobilephone mobilenumber"
    " cellphone cellphonenumber faxnumber contactnumber",
    "card": "card cardnumber creditcard creditcardnumber debitcard debitcardnumber paymentcard paymentcardnumber"
    " creditdebitnumber bankcard bankcardnumber cardno ccn ccnumber creditcardno",
    "key": "key apikey apitoken secretkey accesskey accesstoken privatekey authtoken bearertoken awskey awsaccesskey"
    " awssecretkey awskeyid githubtoken jsonwebtoken openaikey sshkey pemkey jwt apisecret",
}
"""Other names of the ready rules, without capitals, marks and the s of a plural."""
SLIPS = "emial emal eamil emaii emaill e-mial phne phon phonee phoen fone crad carrd keey"
OTHERS = (
    "ip ipaddress ipv ipaddr macaddress iban ibancode ssn socialsecuritynumber swiftcode"
    " bankaccount bankaccountnumber accountnumber routingnumber passport passportnumber driverlicense drivinglicense"
    " driverslicense nationalid taxid vatid zipcode postalcode"
    " postcode streetaddress postaladdress birthdate dateofbirth"
    " dob medicallicense personname firstname lastname fullname cryptowallet pii cvv cvc"
    " uspassport usssn usitin usdriverlicense usbanknumber uknhs uknino esnif esnie itfiscalcode itdriverlicense"
    " itvatcode itpassport ititentitycard plpesel sgnricfin sguen auabn auacn autfn aumedicare inpan inaadhaar"
    " invehicleregistration invoter inpassport fipersonalidentitycode krrrn"
)
"""Kinds of data that other tools hide, and that have no rule here."""
ENTITIES = (
    "PERSON LOCATION ORGANIZATION NRP CRYPTO ADDRESS NAME AGE ID DATE TITLE PASSWORD SECRET TOKEN MAC PHI PCI PAN BIC"
    " SWIFT FAX URL URI UUID USERNAME DATETIME DATE_TIME MAIL MOBILE CELL CC"
)
"""More of these, in words that are quite ordinary unless they are written in capitals."""

BEFORE = {
    "key": "api access secret auth private service ssh pem rsa pgp gpg aws gcp azure google openai anthropic github"
    " gitlab stripe slack twilio sendgrid huggingface groq mistral deepseek",
    "card": "credit debit payment bank",
    **dict.fromkeys(
        ("email", "phone", "telephone", "ip", "iban", "ssn", "passport"),
        "my your user customer client contact home work office personal business mobile cell",
    ),
}
"""Words that name a rule as the last part of an identifier, as in ``GCP_API_KEY``, if one of these stands before
them."""
BEHIND = "number no num id address addr"
"""The same words name a rule if one of these follows, as in ``customerPhoneNumber``."""

NEAR = {near for names in (*MEANT.values(), SLIPS, OTHERS) for near in names.split()}
LONG = sorted(near for near in NEAR if len(near) > 7)
WORDS = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[ _-]?[A-Za-z0-9]+)*")


def check_name(rule: str) -> None:
    """Check ``rule``: ValueError if it is nearly, but not exactly, a ready name (or several, in one text)."""
    plain = unicodedata.normalize("NFKC", rule).strip(AROUND)
    names = [name.strip(AROUND) for name in re.split(r"[,;|/&+]|\band\b|\bor\b", plain) if name.strip(AROUND)]
    if rule not in READY and names and (all(map(_is_near, names)) or all(map(_is_near, " ".join(names).split()))):
        raise ValueError(
            f"{rule!r} is not a ready rule: these are {', '.join(map(repr, READY))}, each an argument of its own; "
            f"to hide a word as it stands give a list: [{rule!r}]"
        )


AROUND = " \t\r\n:.,;!'\"`<>{}()[]"
PART = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")


def _is_near(name: str) -> bool:
    if name in ENTITIES.split():
        return True
    if WORDS.fullmatch(name) is None:
        return False
    bare = re.sub(r"[ _-]|(?<=[a-z])\d$", "", name.casefold())
    single = bare.removesuffix("es") if bare.endswith("sses") else bare.removesuffix("s")
    return bool({bare, single} & NEAR) or _is_misspelt(bare) or (" " not in name and _is_identifier(name))


def _is_misspelt(bare: str) -> bool:
    close = get_close_matches(bare, LONG, 1, 0.88) if len(bare) > 7 else []
    return bool(close) and abs(len(close[0]) - len(bare)) < 2


def _is_identifier(name: str) -> bool:
    """True if the parts at the end of an identifier name a rule."""
    parts = [part.casefold().removesuffix("s") for part in PART.findall(name)]
    return any(
        (part in BEFORE and behind in BEHIND.split() and part not in ("key", "card"))
        or (number == len(parts) - 2 and behind in BEFORE and part in BEFORE[behind].split())
        for number, (part, behind) in enumerate(pairwise(parts))
    )

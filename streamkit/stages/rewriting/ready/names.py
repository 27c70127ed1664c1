"""Names of ready rules, and what is so near to one that it can hardly be meant as a regular expression.

Who writes ``redact("Email")`` or ``redact("PHONE_NUMBER")`` wants addresses and numbers hidden. As an expression it
would hide that word and nothing else, and nobody would notice.
"""

from __future__ import annotations

import re
from difflib import get_close_matches

__all__ = ["READY", "check_name"]

READY = ("email", "phone", "card", "key")

MEANT = {
    "email": "mail email emailaddress emailaddr emailid mailaddress emails mails",
    "phone": "phone phonenumber phoneno phonenum telephone telephonenumber tel telno mobilephone mobilenumber"
    " cellphone cellphonenumber faxnumber contactnumber",
    "card": "card cardnumber creditcard creditcardnumber debitcard debitcardnumber paymentcard paymentcardnumber"
    " creditdebitnumber bankcard bankcardnumber cardno ccn ccnumber creditcardno",
    "key": "key apikey apitoken secretkey accesskey accesstoken privatekey authtoken bearertoken awskey awsaccesskey"
    " awssecretkey awskeyid githubtoken jsonwebtoken openaikey sshkey pemkey jwt apisecret",
}
"""What else the ready rules are called, without capitals, marks and the s of a plural."""
SLIPS = "emial emal eamil emaii emaill e-mial phne phon phonee phoen fone crad carrd keey"
OTHERS = (
    "ip ipaddress ipv ipaddr macaddress url uri iban ibancode ssn socialsecuritynumber swiftcode"
    " bankaccount bankaccountnumber accountnumber routingnumber passport passportnumber driverlicense drivinglicense"
    " driverslicense nationalid taxid vatid zipcode postalcode"
    " postcode streetaddress postaladdress birthdate dateofbirth"
    " dob medicallicense personname firstname lastname fullname username datetime cryptowallet uuid pii"
    " uspassport usssn usitin usdriverlicense usbanknumber uknhs uknino esnif esnie itfiscalcode itdriverlicense"
    " itvatcode itpassport ititentitycard plpesel sgnricfin sguen auabn auacn autfn aumedicare inpan inaadhaar"
    " invehicleregistration invoter inpassport fipersonalidentitycode krrrn"
)
"""What other tools hide as well, and we have no rule for."""
ENTITIES = (
    "PERSON LOCATION ORGANIZATION NRP CRYPTO ADDRESS NAME AGE ID DATE TITLE PASSWORD SECRET TOKEN MAC PHI PCI PAN BIC"
    " SWIFT FAX"
)
"""The same in words that are quite ordinary unless they are written in capitals."""

PARTS = {"email", "phone", "telephone", "card", "key", "ip", "iban", "ssn", "passport", "pii"}
"""Words that tell the same as parts of an identifier, as in ``GCP_API_KEY`` or ``CreditCardNumber``."""

NEAR = {near for names in (*MEANT.values(), SLIPS, OTHERS) for near in names.split()}
LONG = sorted(near for near in NEAR if len(near) > 7)
WORDS = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[ _-]?[A-Za-z0-9]+)*")


def check_name(rule: str) -> None:
    """ValueError for what is no ready name, but nearly one (or several, in one text)."""
    names = [name for name in re.split(r"\s*[,;|]\s*", rule.strip()) if name]
    if rule not in READY and names and all(map(_is_near, names)):
        raise ValueError(
            f"{rule!r} is no ready rule: these are {', '.join(map(repr, READY))}, each an argument of its own; "
            f"to hide a word as it stands give a list: [{rule!r}]"
        )


PART = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")


def _is_near(name: str) -> bool:
    if name in ENTITIES.split():
        return True
    if WORDS.fullmatch(name) is None:
        return False
    bare = re.sub(r"[ _-]|(?<=[a-z])\d$", "", name.casefold())
    single = bare.removesuffix("es") if bare.endswith("sses") else bare.removesuffix("s")
    if {bare, single} & NEAR or (len(bare) > 7 and get_close_matches(bare, LONG, 1, 0.88)):
        return True
    parts = {part.casefold().removesuffix("s") for part in PART.findall(name)}
    return " " not in name and len(parts) > 1 and bool(parts & PARTS)

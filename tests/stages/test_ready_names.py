"""A name that is nearly that of a ready rule is an error: as an expression it would hide that word and nothing else."""

from __future__ import annotations

import re

import pytest

from streamkit import operators as ops
from streamkit.stages import Redactor
from tests.stages.readiness import redacted

NEAR = [
    "Email", "EMAIL", "emails", "e-mail", "E-Mail", "email_address", "EMAIL_ADDRESS", "emailAddress",
    "email address", "emial",
    "Phone", "phones", "phone_number", "PHONE_NUMBER", "phone-number", "PhoneNumber", "telephone", "phone number",
    "tel", "phne",
    "phone_nubmer", "credit_crad", "Card", "cards", "credit_card", "CREDIT_CARD", "creditcard", "credit-card",
    "Credit card",
    "credit_card_number", "card_number", "debit_card", "Key", "keys", "api_key", "API_KEY", "apikey", "ApiKey",
    "api-keys",
    "access_token", "secret_key", "private_key", "jwt", "ip", "IP", "ip_address", "IP_ADDRESS",
    "ipv4", "iban",
    "IBAN_CODE", "ssn", "US_SSN", "US_DRIVER_LICENSE", "PERSON", "LOCATION", "DATE_TIME", "NRP", "URL",
    "MEDICAL_LICENSE",
    "US_BANK_NUMBER", "UK_NHS", "passport", "pii", "PII", "GCP_API_KEY", "CreditCardNumber", "my-phone",
    "JSON_WEB_TOKEN", "AUTH_TOKEN", "email_addresses", "API keys", "email, phone", "email,phone", "email|card",
    " email", "email:", "'email'", '"email"', "<email>", "{email}", "[phone]", "email.", "Email/Phone", "email phone",
    "email and phone", "email, phone and card", "email & card", "ｅｍａｉｌ", "CC", "cvv", "MOBILE", "CELL", "UUID",
    "OPENAI_KEY", "userEmail", "customerPhoneNumber", "debitCard", "ssh-key", "aws_access_key",
]  # fmt: skip
WORDS = [
    "Bob", "art", "secret", "bcd", "a", "end", "Emil", "phony", "cart", "hard", "monkey", "swift", "mobile",
    "person", "location",
    "date", "name",
    "password", "Bluebird", "the key", "key to it", "my email is", "keyboard", "cardigan", "headphone", "mailbox",
    "Alice Smith",
    "Project Phoenix", "keynote", "telegram", "ape", "PROJECT_X", "Phoebe", "Carla", "Kelly",
    "KeyError", "primaryKey", "foreign_key", "sort_key", "public_key", "cmp_to_key", "CardView", "MasterCard",
    "sim_card", "ipRange", "iPhone", "PhoneGap", "WildCard", "test_no_logger_tells_the_key", "url", "uuid", "mail",
    "username", "datetime", "national", "cell", "token", "Mr. Key", "phone home", "salt and pepper", "Card_Deck",
]  # fmt: skip
PATTERNS = {
    r"\d+": "7",
    "e.mail": "e-mail",
    "emails?": "emails",
    "(?i)email": "EMAIL",
    r"phone\b": "phone",
    "x|y": "y",
    "key$": "key",
}


@pytest.mark.parametrize("name", NEAR)
def test_what_is_nearly_a_ready_name_is_refused(name: str):
    for rule in (name, (name, "#"), (name, lambda found: None)):
        with pytest.raises(ValueError, match="'email', 'phone', 'card', 'key'"):
            Redactor(rule)
    with pytest.raises(ValueError, match=re.escape(f"[{name!r}]")):
        ops.redact("email", name)


@pytest.mark.parametrize(("rule", "text"), [*((word, word) for word in WORDS), *PATTERNS.items()])
def test_other_words_are_regular_expressions(rule: str, text: str):
    assert redacted([text], rule) == "[redacted]"
    assert redacted([text], (rule, "#")) == "#"


@pytest.mark.parametrize("name", ["email", "phone", "card", "key", "Email", "api_key", "ip"])
def test_a_list_hides_the_word_itself(name: str):
    assert redacted([f"my {name} is bob@example.com"], [name]) == "my [redacted] is bob@example.com"
    assert redacted([f"my {name} is"], ([name], "#")) == "my # is"
    assert redacted([f"my {name} is"], re.compile(name)) == "my [redacted] is"


@pytest.mark.parametrize("name", ["email", "phone", "card", "key"])
def test_the_ready_names_themselves_are_taken(name: str):
    assert redacted([f"my {name}"], name, (name, "#")) == f"my {name}"

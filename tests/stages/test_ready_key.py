"""Keys: every row of the table of vendors, private keys in text armour, and what is neither."""

from __future__ import annotations

import random
import re
import string

import pytest
from hypothesis import given, strategies as st

from streamkit.stages import Redactor
from streamkit.stages.rewriting.ready.armour import LONGEST as LONGEST_BLOCK
from streamkit.stages.rewriting.ready.keys import LONGEST
from streamkit.stages.rewriting.ready.vendors import SECRETS, Secret
from tests.stages.readiness import MASK, check, redacted

DICE = random.Random(7)
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jk5N8Q1w0x"

JWE = (
    "eyJhbGciOiJSU0EtT0FFUCJ9.OKOawDo13gRp2ojaHV7LFpZcgV7T6DVZKTyKOMTYUmKoTCVJRgckCL9kiMT03JGe.48V1_ALb6US04U3b."
    "5eym8TW_c8SuK0ltJ3rpYIzOeDQz7TALvtu6UG9oMo4vpzs9tX_EFShS8iB7j6ji.XFBoMYUZodetZdvTiFvSkQ"
)


def examples(row: Secret) -> list[str]:
    """The shortest and the longest secret for each beginning."""
    beginnings, *parts = row
    return [
        beginning + "".join(_part(part, size) for part in parts)
        for beginning in beginnings.split(" ")
        for size in (1, 2)
    ]


def _part(part, size) -> str:
    if isinstance(part, str):
        return part
    chars = [char for char in string.ascii_letters + string.digits if re.match(part[0], char)]
    return "".join(DICE.choices(chars, k=part[size]))


SURROUNDINGS = [
    ("", ""),
    ("KEY=", ";"),
    ("`", "`"),
    ("密钥", "谢谢"),
    ("ключ", "да"),
    ('"', '"'),
    ("https://x/?k=", "&"),
]


@pytest.mark.parametrize("row", SECRETS, ids=lambda row: row[0][:20] or "by form")
def test_every_kind_of_key_is_hidden_and_nothing_else(row: Secret):
    for number, secret in enumerate(examples(row)):
        assert len(secret) <= LONGEST
        before, behind = SURROUNDINGS[number % len(SURROUNDINGS)]
        text, place = before + secret + behind, len(before) + len(secret) // 2
        for pieces in (
            [text],
            [text[:place], text[place:]],
            list(text) if len(text) < 100 else [*text[:40], text[40:]],
        ):
            assert redacted(pieces, "key") == before + MASK + behind


def pem(label: str, body: str, sep: str = "\n") -> str:
    return f"-----BEGIN {label}-----{sep}{body}{sep}-----END {label}-----"


LINE = "MIIEogIBAAKCAQEAx+/AbCdEf0123456789MIIEogIBAAKCAQEAx+/AbCdEf0123"
KEYS = [
    "OPENAI=⟦sk-proj-abcdEFGH0123456789abcd⟧;", "⟦ghp_" + "a1" * 18 + "⟧", f"Bearer ⟦{JWT}⟧.",
    "**⟦sk_live_0123456789abcdefghij⟧**",
    "(⟦AKIAIOSFODNN7EXAMPLE⟧)", "密钥⟦sk-proj-abcdEFGH0123456789abcd⟧谢谢", "⟦ｓｋ－proj-abcdEFGH0123456789abcd⟧です",
    "_⟦sk-abcdefghijklmnop1234⟧", "⟦xoxe.xoxb-1-0123456789abcdef⟧",
    "⟦glpat-abcdefghij0123456789.01.1a2b3c4d5⟧. ⟦glpat-abcdefghij0123456789⟧.", "⟦sk-abcdefghijklmnop⟧",
    # escapes, percent codes and colours before it
    r'"Key:\n⟦sk-proj-abcdEFGH0123456789abcd⟧\n"', r"\t⟦ghp_" + "a1" * 18 + r"⟧\r\n",
    r"\u0022⟦sk-proj-abcdEFGH0123456789abcd⟧\u0022", r"\x22⟦sk-proj-abcdEFGH0123456789abcd⟧\x22",
    "%22⟦sk-proj-abcdEFGH0123456789abcd⟧%22", "key%3D⟦sk-proj-abcdEFGH0123456789abcd⟧", f"Bearer%20⟦{JWT}⟧",
    "\x1b[32m⟦sk-proj-abcdEFGH0123456789abcd⟧\x1b[0m", r"\033[1;31m⟦sk-proj-abcdEFGH0123456789abcd⟧",
    # what must be taken as one
    "⟦dapi" + "0a" * 16 + "-2⟧", "⟦dapi" + "0a" * 16 + "⟧-x", "⟦xoxe.xoxp-1-0123456789abcdef⟧",
    f"⟦{JWE}⟧. And",
    "⟦discord.com/api/webhooks/123456789012345678/" + "aB3" * 22 + "⟧ now", "⟦sk-3f2b1a9c-1234-5678-9abc-def012345678⟧",
    # armour
    f"1. ⟦-----BEGIN PRIVATE KEY-----\n2. {LINE}\n3. -----END PRIVATE KEY-----⟧",
    f"<p>⟦{pem('PRIVATE KEY', LINE, '<br/>')}⟧</p>",
    f"a ⟦{pem('RSA PRIVATE KEY', 'MIIE')}⟧\n.", f"⟦{pem('PRIVATE KEY', LINE)}⟧",
    f"⟦{pem('ENCRYPTED PRIVATE KEY', LINE)}⟧ and",
    "⟦" + pem("RSA PRIVATE KEY",
    f"Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,0123ABCD\n\n{LINE}\nAbCdEf==") + "⟧\nbye",
    "⟦" + pem("PGP PRIVATE KEY BLOCK",
    f"Version: GnuPG v2 (x)\nComment: https://example.com/-/x\n\n{LINE}\n=aBcD") + "⟧",
    "⟦" + pem("OPENSSH PRIVATE KEY", f"{LINE}\r\nAbC=", "\r\n") + "⟧\r\n",
    'KEY="⟦' + pem("EC PRIVATE KEY", LINE, r"\n") + '⟧\\n"',
    "⟦" + pem("EC PRIVATE KEY", LINE, r"\\n") + "⟧", "⟦" + pem("PRIVATE KEY", f"{LINE} {LINE} AbC=", " ") + "⟧",
    "⟦" + pem("PRIVATE KEY", LINE, "") + "⟧", "> ⟦" + pem("PRIVATE KEY", f"> {LINE}\n> AbC=\n> ").replace("\n-",
    "-") + "⟧",
    "  ⟦" + pem("PRIVATE KEY", f"    {LINE}\n    AbC=", "\n") + "⟧", '"⟦' + pem("PRIVATE KEY",
    f'"{LINE}\\n" +\n  "AbC=\\n" +', '\\n" +\n  ').replace("  -", '  "-') + '⟧"',
    "⟦—–-----END"[:0] + "⟦" + pem("PRIVATE KEY", LINE) + "⟧" + "⟦" + pem("PRIVATE KEY", LINE) + "⟧",
    f"so ⟦-----BEGIN PRIVATE KEY-----\n{LINE}\n{LINE}⟧\n…",
    f"⟦-----BEGIN PRIVATE KEY-----\n{LINE}⟧ that was it",  # no last line
    f"⟦-----BEGIN PRIVATE KEY-----\n{LINE}\nabcdefGH0123456789AbCd⟧\nbye",
    f"⟦-----BEGIN PRIVATE KEY-----\n{LINE}⟧\nbye",
    # whatever stands before the lines
    f"1\t⟦-----BEGIN PRIVATE KEY-----\n2\t{LINE}\n3\tAbC=\n4\t-----END PRIVATE KEY-----⟧ ok",
    f"     1\t⟦-----BEGIN PRIVATE KEY-----\n     2\t{LINE}\n     3\t-----END PRIVATE KEY-----⟧",
    f"1→⟦-----BEGIN PRIVATE KEY-----\n2→{LINE}\n3→-----END PRIVATE KEY-----⟧",
    f"[10:30:45] ⟦-----BEGIN PRIVATE KEY-----\n[10:30:45] {LINE}\n[10:30:46] -----END PRIVATE KEY-----⟧",
    f"- ⟦-----BEGIN PRIVATE KEY-----\n- {LINE}\n- -----END PRIVATE KEY-----⟧",
    f'echo "⟦-----BEGIN PRIVATE KEY-----" >> f\necho "{LINE}" >> f\necho "-----END PRIVATE KEY-----⟧" >> f',
    "⟦" + pem("PRIVATE KEY", LINE, "\\\n") + "⟧", "⟦" + pem("PRIVATE KEY", LINE, r"\x0a") + "⟧",
    "⟦" + pem("PRIVATE KEY", LINE, "&#10;") + "⟧", "⟦" + pem("PRIVATE KEY", LINE, "\u2028") + "⟧",
    "⟦" + pem("PGP PRIVATE KEY BLOCK", f"Comment:\n\n{LINE}\n=aBcD") + "⟧",
    "⟦" + pem("RSA PRIVATE KEY", f"Proc-Type: 4,ENCRYPTED\nX-Note: one,\n two,\n three\n\n{LINE}") + "⟧",
    "⟦" + pem("PRIVATE KEY", LINE).lower() + "⟧", "⟦" + pem("PGP SECRET KEY BLOCK", LINE) + "⟧",
    "⟦" + pem("PRIVATE KEY", LINE).replace("-----", "----") + "⟧ x",
]  # fmt: skip
OTHERS = [
    "risk-free sk-short",
    "sk-spinner-container-wrapper, pk-based-lookup-for-the-database rk_some_words_like_these",
    "sk-estimator-id-3-checkbox-hidden, sk-toggleable__control sk-hidden--visually sk-container-id-1",
    "pk_table_name_1_column_name_2, sk_buff_head_init_2, sk_stream_wait_memory2, rk-3588-rockchip-board",
    "pk_users_2024_01_01_partition, tskey-for-all-of-the-hosts-of-a-team",
    "The sky is blue. A key is a key; sk- and pk_ and AKIA and eyJ are beginnings.",
    "xsk-proj-abcdEFGH0123456789abcd",
    "-----BEGIN RSA PRIVATE KEY----- is the first line of such a file, -----END RSA PRIVATE KEY----- the last.",
    "-----BEGIN CERTIFICATE-----\nMIIE\n-----END CERTIFICATE-----",
    "-----BEGIN PUBLIC KEY-----\nMIIE\n-----END PUBLIC KEY-----",
    "-----BEGIN PRIVATE KEY-----\nand so on, up to\n-----END PRIVATE KEY-----", "----- ---- -----BEGIN -----",
    "-----BEGIN PRIVATE KEY-----",
    "commit 3d78fe5acb10b17821d4532e3cf4e3e0c1947ac899 and 123456789:AB",
    "https://example.com/a/very/long/path/to/nothing/at-all?x=y&z=1",
    "123e4567-e89b-12d3-a456-426614174000", "hello.world.this.is.a.dotted.name", "NOTHING.BUT.WORDS MORE",
]  # fmt: skip


@pytest.mark.parametrize("row", KEYS, ids=range(len(KEYS)))
def test_a_key_is_hidden_and_nothing_else(row: str):
    check("key", row)


@pytest.mark.parametrize("text", OTHERS)
def test_what_is_no_key_stays(text: str):
    check("key", text)


PIECES = [
    "-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----", "----", "-", "\n", r"\n", "1\t", " is the ", "QUJD",
    LINE, LINE[:16], LINE[:15], "sk-", "sk-proj-abcdEFGH0123456789abcd", "\x1b[32m", "%22", "words-", "_7", ".",
    "a", "eyJ", JWT, "dapi" + "0a" * 16, "-2", "Comment:", " ", ",",
]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_nothing_depends_on_the_cut(text: str):
    whole = redacted([text], "key")
    for size in (1, 2, 7, 31):
        assert redacted([text[at : at + size] for at in range(0, len(text), size)], "key") == whole


def test_a_sentence_about_the_first_line_is_not_held():
    stage = Redactor("key")
    assert stage.feed("-----BEGIN PRIVATE KEY----- is the") == ["-----BEGIN PRIVATE KEY----- is the"]
    assert stage.feed(" first") == [" first"]


def test_a_key_may_be_long_and_what_is_longer_is_hidden_as_far_as_it_is_looked_at():
    long = pem("PRIVATE KEY", "\n".join([LINE] * 450))
    assert 29_000 < len(long) < LONGEST_BLOCK
    pieces = [long[at : at + 97] for at in range(0, len(long), 97)]
    assert redacted(pieces, "key") == MASK
    endless = "-----BEGIN PRIVATE KEY-----\n" + "\n".join([LINE] * 600)
    assert redacted([endless], "key") == redacted([endless[:999], endless[999:]], "key")
    assert len(redacted([endless], "key")) < len(endless) - 32_000


def test_a_long_token_is_hidden_whole():
    token = "eyJ" + "a" * 2000 + "." + "b" * 4000 + "." + "c" * 1000
    assert len(token) <= LONGEST
    assert redacted([token[at : at + 31] for at in range(0, len(token), 31)], "key") == MASK

"""What of an address must be shown nowhere."""

from __future__ import annotations

import traceback

import pytest

import streamkit as sk
from tests.faults.server import head, serving


def test_a_key_in_the_query_is_in_no_message():
    with serving([head("400 No", "text/plain"), b"the key AIzaTOPSECRET is not valid"]) as server:
        client = sk.Client(server.url, model="m", query={"key": "AIzaTOPSECRET"})
        with client, pytest.raises(sk.StatusError) as caught:
            sk.run(client.chat("hi"))
    assert "TOPSECRET" not in str(caught.value) + caught.value.body + repr(client) + repr(vars(client))
    assert "key=AIzaTOPSECRET" in server.requests[0].path


@pytest.mark.parametrize("address", ["ftp://bob:hunter2x@h/v1", "https:bob:hunter2x@h/v1", "https://h:hunter2x/v1"])
def test_a_password_in_an_address_is_in_no_message(address: str):
    with pytest.raises(ValueError) as caught:
        sk.Client(address)
    assert "hunter2x" not in str(caught.value)


@pytest.mark.parametrize("password", ["hunter2x#", "hunter2x/pw", "hunter2x?pw"])
def test_a_proxys_password_that_is_not_escaped_is_in_no_message(monkeypatch: pytest.MonkeyPatch, password: str):
    monkeypatch.setenv("HTTPS_PROXY", f"http://bob:{password}@127.0.0.1:9")
    with sk.Client("https://example.invalid/v1", "k", model="m") as client, pytest.raises(sk.ConnectError) as caught:
        sk.run(client.chat("hi"))
    assert "HTTPS_PROXY" in str(caught.value)
    assert "hunter2x" not in "".join(traceback.format_exception(caught.value))


def test_blanks_around_an_address_do_no_harm():
    assert repr(sk.Client(" https://example.com/v1 ")) == repr(sk.Client("https://example.com/v1"))

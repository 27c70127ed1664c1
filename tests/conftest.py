"""The whole suite runs in asyncio's debug mode, without the settings of its user, and with no way off this machine."""

from __future__ import annotations

import gc
import ipaddress
import logging
import os
import sys
import traceback
from asyncio import constants
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import settings

import streamkit
from streamkit.sources.http import shared_client
from tests.bus.servers import StorageServer, binary_of
from tests.reports import Reports, reported
from tests.transports import asks_over_sockets, passes

os.environ["PYTHONASYNCIODEBUG"] = "1"  # read by every loop when it is made; subprocesses inherit it

# In debug mode every task, future and handle takes the stack that made it along, down to pytest's own frames: that was
# half of the time of all tests. The nearest frames tell as much. (The C code of asyncio calls this without arguments.)
FRAMES = 3
traceback.extract_stack.__defaults__ = (None, FRAMES)
constants.DEBUG_STACK_DEPTH = FRAMES

_personal = {
    name: os.environ.pop(name)
    for name in list(os.environ)
    if name.startswith(("ANTHROPIC_", "GEMINI_", "GOOGLE_", "OLLAMA_", "OPENAI_")) or name.lower().endswith("_proxy")
}
_online = False

# The same examples in each run, so that a run that fails does so again. Other ones, and many more, are tried with
# --hypothesis-profile thorough.
settings.register_profile("streamkit", deadline=None, print_blob=True, max_examples=60, derandomize=True)
settings.register_profile("thorough", deadline=None, print_blob=True, max_examples=1000)
settings.load_profile("streamkit")


class LeftTheMachineError(Exception):
    """A test without the marker ``network`` tried to connect to something that is not loopback."""


def _watch(event: str, args: tuple[Any, ...]) -> None:
    if event == "socket.connect" and not _online and isinstance(args[1], tuple) and not _is_here(args[1][0]):
        raise LeftTheMachineError(args[1])


def _is_here(host: Any) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost"
    return address.is_loopback or address.is_unspecified


sys.addaudithook(_watch)  # sees the connections of every library; a patched socket class would miss some


def pytest_collection_finish() -> None:
    """What is there before the first test stays, so the collector need not look through it each time."""
    gc.collect()
    gc.freeze()


def pytest_report_header() -> str:
    return f"streamkit: {os.path.dirname(streamkit.__file__)}"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if asks_over_sockets(metafunc.module):
        metafunc.parametrize("transport_name", passes(metafunc.module, metafunc.function), indirect=True)


@pytest.fixture(autouse=True)
def transport_name(request: pytest.FixtureRequest) -> Iterator[str]:
    """The transport of every client that names none."""
    name = getattr(request, "param", "httpx")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STREAMKIT_TRANSPORT", name)
        yield name


@pytest.fixture(autouse=True)
def _surroundings(request: pytest.FixtureRequest) -> Iterator[None]:
    global _online
    _online = request.node.get_closest_marker("network") is not None
    with pytest.MonkeyPatch.context() as patch:
        for name, value in _personal.items() if _online else ():
            patch.setenv(name, value)
        yield
    _online = False


class _Complaints(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())


@pytest.fixture
def reports(request: pytest.FixtureRequest) -> Iterator[Reports]:
    """What the package reports, as ERROR or from the level on that it is parametrized with."""
    with reported(getattr(request, "param", logging.ERROR)) as reports:
        yield reports


@pytest.fixture
def no_default_client(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client behind `sk.chat` is yet to be made, and is forgotten after the test."""
    monkeypatch.setattr(shared_client, "_default", None)


@pytest.fixture(scope="session")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StorageServer]:
    """A server for buses, which all tests share."""
    pytest.importorskip("redis")
    with StorageServer(binary_of("valkey"), tmp_path_factory.mktemp("valkey"), saves=False) as server:
        yield server


@pytest.fixture(autouse=True)
def loop_complaints() -> Iterator[list[str]]:
    """What event loops logged as errors: forgotten tasks, failures nobody took. Clear it where that is meant."""
    handler, logger = _Complaints(), logging.getLogger("asyncio")
    logger.addHandler(handler)
    yield handler.messages
    logger.removeHandler(handler)
    assert not handler.messages

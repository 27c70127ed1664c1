"""A sink that writes text to the standard input of another program."""

from __future__ import annotations

import asyncio
import codecs
import os
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any, ClassVar, Literal

from .. import patience
from ..checks import check_instance, check_number, check_text, quote
from ..errors import SinkError
from ..events import Event, RefusalDelta, Reply, TextDelta
from ..stages import Pieces
from ..wording import excerpt, one_line, said
from ..worker import Worker, closing_limit

__all__ = ["Process", "process"]

TAIL = 4096
"""Bytes kept of the end of the program's stderr."""
QUOTED = 400
"""Characters of them that an error message quotes."""


class _RunningProgram:
    """One run of the program. Everything but `stop` blocks and is called in one thread."""

    def __init__(self, argv: list[str], env: Mapping[str, str] | None, stdout: int | IO[Any] | None) -> None:
        self._argv, self._env, self._stdout = argv, env, stdout
        self.name = one_line(Path(argv[0]).name)
        self._child: subprocess.Popen[bytes] | None = None
        self._tail = bytearray()
        self._reader: threading.Thread | None = None
        self._killer: threading.Timer | None = None
        self._stopped = False

    def write(self, data: bytes) -> None:
        child = self._child or self._start()
        assert child.stdin is not None
        rest = memoryview(data)
        try:
            while rest:  # a full pipe blocks, so the program sets the pace
                rest = rest[os.write(child.stdin.fileno(), rest) :]
        except OSError as exc:
            end = self._end(patience.TERMINATED_PROGRAM)
            raise SinkError(f"{self.name} {end} before it had read everything{self._stderr()}") from exc

    def _start(self) -> subprocess.Popen[bytes]:
        try:
            child = subprocess.Popen(
                self._argv, bufsize=0, stdin=subprocess.PIPE, stdout=self._stdout, stderr=subprocess.PIPE, env=self._env
            )
        except OSError as exc:
            raise SinkError(f"{self.name} could not be started: {said(exc)}") from exc
        self._reader = threading.Thread(
            target=_keep_tail, args=(child.stderr, self._tail), name=f"streamkit {self.name} stderr", daemon=True
        )
        self._reader.start()
        self._child = child
        if self._stopped:  # `stop` was called before there was a process to terminate
            self.stop()
        return child

    def stop(self) -> None:
        """Terminate the program, and kill it after a grace period; called from any thread. Then no thread of this
        package waits for a pipe that is not read any more."""
        self._stopped = True
        if self._child is not None and self._killer is None:
            self._child.terminate()
            self._killer = threading.Timer(patience.TERMINATED_PROGRAM, _kill, [self._child])
            self._killer.daemon = True
            self._killer.start()

    def finish(self, limit: float | None) -> None:
        """End of input; SinkError if the program fails, or takes longer than ``limit`` seconds and is killed."""
        child = self._child
        if child is None:
            return
        assert child.stdin is not None
        child.stdin.close()
        try:
            child.wait(limit)
        except subprocess.TimeoutExpired:
            _kill(child)
            if not self._stopped:
                raise SinkError(f"{self.name} did not end within {limit:g} s and was killed") from None
        finally:
            self._release()
        if child.returncode and not self._stopped:
            raise SinkError(f"{self.name} {self._end(0)}{self._stderr()}")

    def _release(self) -> None:
        if self._killer is not None:
            self._killer.cancel()
            self._killer.join()
        if self._reader is not None:
            self._reader.join(patience.TERMINATED_PROGRAM)  # a child of the program may keep its stderr open

    def _end(self, limit: float) -> str:
        assert self._child is not None
        try:
            status = self._child.wait(limit)
        except subprocess.TimeoutExpired:
            return "closed its input"
        if status < 0:
            return f"was ended by signal {-status} ({signal.strsignal(-status)})"
        return f"ended with status {status}"

    def _stderr(self) -> str:
        if self._reader is not None:
            self._reader.join(patience.TERMINATED_PROGRAM)
        text = self._tail.decode("utf-8", "replace")
        text = excerpt(text if len(text) <= QUOTED else "…" + text[1 - QUOTED :], QUOTED)
        return f": {text}" if text else ""


def _kill(child: subprocess.Popen[bytes]) -> None:
    child.kill()
    child.wait()


def _keep_tail(stream: IO[bytes], tail: bytearray) -> None:
    with stream:
        while data := stream.read(TAIL):
            tail += data
            del tail[:-TAIL]


def _check_program(argv: Any, encoding: Any, newline: Any, env: Any) -> None:
    if isinstance(argv, (str, bytes, os.PathLike)):
        raise TypeError(f"argv is a list, the program and each argument: [{argv!r}, ...]; no shell takes it apart")
    if not isinstance(argv, Sequence) or not all(isinstance(part, (str, os.PathLike)) for part in argv):
        raise TypeError(
            f'argv is a list of str, the program and each argument: ["say", "-v", "Alex"], not {quote(argv)}'
        )
    if not argv:
        raise ValueError("argv needs at least the program")
    check_text("encoding", encoding)
    check_text("newline", newline)
    try:
        newline.encode(encoding)
    except LookupError as exc:
        raise ValueError(str(exc)) from None
    if env is not None:
        check_instance("env", env, Mapping, "env={**os.environ, 'LANG': 'C'}")
        for name, value in env.items():
            check_text("a name in env", name)
            check_text(f"env[{name!r}]", value)


def _check_output(stdout: Any) -> None:
    if isinstance(stdout, bool) or not (stdout is None or isinstance(stdout, int) or hasattr(stdout, "fileno")):
        raise TypeError(f"stdout is an open file or a descriptor, not {quote(stdout)}")
    if stdout == subprocess.PIPE:
        raise ValueError("stdout cannot be PIPE: it would not be read")


class Process:
    """Writes pieces of text to a program; see `process`."""

    patience: ClassVar[None] = None
    """None: a run waits for `close` without a limit of its own, as the sink has one."""

    def __init__(
        self,
        argv: Sequence[str | os.PathLike[str]],
        *,
        encoding: str,
        newline: str,
        env: Mapping[str, str] | None,
        stdout: int | IO[Any] | None,
        patience: float | None,
        on_cancel: Literal["discard", "drain"],
    ) -> None:
        _check_program(argv, encoding, newline, env)
        _check_output(stdout)
        patience = check_number("patience", patience, infinite=True, optional=True)
        check_text("on_cancel", on_cancel)
        if on_cancel not in ("discard", "drain"):
            raise ValueError(f"on_cancel is 'discard' or 'drain', not {on_cancel!r}")
        self.on_cancel = on_cancel
        self._argv = [os.fspath(part) for part in argv]
        self._encoding, self._newline = encoding, newline
        self._options, self._patience = (env, stdout), patience
        self._program: _RunningProgram | None = None
        self._worker = Worker("Process")
        self._pieces = Pieces(TextDelta, RefusalDelta)

    async def write(self, item: Event | str) -> None:
        text = self._pieces.feed(item)
        if not text:
            return
        program = self._program = self._program or self._begin()
        if self._newline and isinstance(item, str):
            text = text.replace(self._newline, " ") + self._newline
        try:
            await self._worker.call(program.write, self._encoder.encode(text))
        except asyncio.CancelledError:
            program.stop()
            raise

    def _begin(self) -> _RunningProgram:
        self._encoder = codecs.getincrementalencoder(self._encoding)("replace")  # a byte order mark comes once
        return _RunningProgram(self._argv, *self._options)

    async def close(self, reply: Reply) -> None:
        program, self._program = self._program, None
        self._pieces = Pieces(TextDelta, RefusalDelta)
        if program is None:
            return
        if reply.outcome == "cancelled" and self.on_cancel == "discard":
            program.stop()
        allowed = [seconds for seconds in (self._patience, closing_limit(reply)) if seconds is not None]
        try:
            await self._worker.end(program.finish, min(allowed, default=None), limit=None)
        except asyncio.CancelledError:
            program.stop()
            raise

    def __repr__(self) -> str:
        return f"<process {self._argv}>"


def process(
    argv: Sequence[str | os.PathLike[str]],
    *,
    encoding: str = "utf-8",
    newline: str = "\n",
    env: Mapping[str, str] | None = None,
    stdout: int | IO[Any] | None = None,
    patience: float | None = 60.0,
    on_cancel: Literal["discard", "drain"] = "discard",
) -> Process:
    """A sink that writes pieces of text to the standard input of a program: str, or the deltas of the first choice.

    ``argv`` is the program and its arguments; no shell is involved. Every str is ended by ``newline`` (one inside
    it becomes a space, so that a piece is a line; "" writes it as it is), deltas are written as they are; all in
    ``encoding``, with "?" for what that cannot express. The program starts with the first text, sets the pace (what it
    does not read waits in the mailbox of the branch, whose ``max_wait`` counts), and gets the end of input when the
    reply ends; then it has ``patience`` seconds, None for any number. ``env`` replaces the environment
    of this process; its output goes to ``stdout`` (a file or descriptor, by default that of this process), the end of
    its stderr into errors.

    SinkError if it cannot be started, stops reading (early, or for ``max_wait`` seconds), takes too long or ends with
    another status than 0. A cancelled run stops it at once (terminated, after 1 s killed); with ``on_cancel="drain"``
    it has 4 s to finish.
    """
    return Process(
        argv, encoding=encoding, newline=newline, env=env, stdout=stdout, patience=patience, on_cancel=on_cancel
    )

"""The command line as people type it: the command, its options and its words in any order.

`argparse` takes the words of a command in one row only. So the arguments are put in order before it sees them: options
with their values first, then ``--``, then the words. What looks like an option and is none is told at once, with the
nearest one that there is.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, NoReturn, TypeAlias

from streamkit.errors import excerpt, one_line

__all__ = ["Command", "Program"]

Options: TypeAlias = Mapping[str, argparse.Action]

NUMBER = re.compile(r"-\d+$|-\d*\.\d+$")
"""A negative number is a word or a value, as for `argparse`."""


class Command(argparse.ArgumentParser):
    """The parser of one command: its options may stand before, between and behind its words."""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:  # a program calls it for its command
        return super().parse_known_args(self._in_order(sys.argv[1:] if args is None else args), namespace)

    def error(self, message: str) -> NoReturn:
        """Quotes arguments in one line: a script may have put words of others among them."""
        super().error(one_line(message))

    @property
    def options(self) -> Options:
        """Every spelling of an option, with what it does."""
        return self._option_string_actions

    def _in_order(self, args: Sequence[str]) -> list[str]:
        options: list[str] = []
        words: list[str] = []
        rest = list(args)
        while rest:
            word = rest.pop(0)
            if word == "--":
                words += rest
                break
            if _is_option(word):
                options += [word, *_value(self._known(word, self.options), word, rest)]
            else:
                words.append(word)
        return [*options, "--", *words] if words else options

    def _known(self, word: str, options: Options) -> argparse.Action:
        found = _meant(word, options)
        if not found:
            self.error(f"there is no option {excerpt(word.partition('=')[0], 60)}{_near(word, options)}")
        return found[0]


class Program(Command):
    """The parser of the whole line: its command is the first word, and options of the command may stand before it."""

    commands: Mapping[str, Command]

    def _in_order(self, args: Sequence[str]) -> list[str]:
        theirs = {name: action for command in self.commands.values() for name, action in command.options.items()}
        own: list[str] = []
        early: list[str] = []
        rest = list(args)
        while rest and _is_option(rest[0]):
            word = rest.pop(0)
            if word in self.options or (_meant(word, self.options) and not _meant(word, theirs)):
                own.append(word)
            else:
                early += [word, *_value(self._known(word, {**theirs, **self.options}), word, rest)]
        if rest:
            return [*own, self._command(rest[0]), *early, *rest[1:]]
        if early and not own:
            self.error(f"{excerpt(early[0], 60)} belongs to a command: write one of {', '.join(self.commands)} with it")
        return own

    def _command(self, word: str) -> str:
        if word not in self.commands:
            near = get_close_matches(word, self.commands, 1)
            hint = f"; did you mean {near[0]}?" if near else f": write one of {', '.join(self.commands)}"
            self.error(f"there is no command {excerpt(word, 60)!r}{hint}")
        return word


def _is_option(word: str) -> bool:
    """`-` stands for stdin, and a text with blanks before any `=` is a text, whatever it begins with."""
    if word in ("-", "--") or " " in word.partition("=")[0]:
        return False
    return word.startswith("-") and not NUMBER.match(word)


def _meant(word: str, options: Options) -> list[argparse.Action]:
    """The option of that name, else those whose names begin so."""
    name = word.partition("=")[0]
    if name in options:
        return [options[name]]
    return [action for full, action in options.items() if name.startswith("--") and full.startswith(name)]


def _value(action: argparse.Action, word: str, rest: list[str]) -> list[str]:
    """The value of the option, taken from what follows it."""
    takes = action.nargs is None and "=" not in word and rest and rest[0] != "--"
    return [rest.pop(0)] if takes else []


def _near(word: str, options: Iterable[str]) -> str:
    """What was meant, perhaps: ``; did you mean --model?``."""
    name = "--" + word.partition("=")[0].lstrip("-")
    full = sorted(option for option in options if option.startswith("--"))
    near = [option for option in full if option.startswith(name)] or get_close_matches(name, full, 1)
    return f"; did you mean {' or '.join(near)}?" if near else ""

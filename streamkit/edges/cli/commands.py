"""The command line as people type it: the command, its options and its words in any order.

`argparse` takes the words of a command in one row only. So the arguments are put in order before it sees them: options
first, each in one word with its value (``--system=-terse``), then ``--``, then the words. What looks like an option and
is none is told at once, with the nearest one that there is.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, NoReturn, TypeAlias

from streamkit.wording import excerpt, one_line

__all__ = ["Command", "Program"]

Options: TypeAlias = Mapping[str, argparse.Action]


class Command(argparse.ArgumentParser):
    """The parser of one command: its options may stand before, between and behind its words. ``more`` ends its help,
    and is made when somebody reads it."""

    more: Callable[[], str] | None = None

    def format_help(self) -> str:
        if self.more is not None:
            self.epilog = self.more()
        return super().format_help()

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:  # a program calls it for its command
        return super().parse_known_args(self._in_order(sys.argv[1:] if args is None else args), namespace)

    def error(self, message: str) -> NoReturn:
        """Quotes arguments in one line: a script may have put words of others among them."""
        super().error(one_line(message))

    @property
    def takes_text(self) -> bool:
        """Whether its words are a text of the user's."""
        return any(action.dest == "prompt" for action in self._actions)

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
                options.append(self._with_value(word, self._known(word, self.options), rest, self.options))
            else:
                words.append(word)
        return [*options, "--", *words] if words else options

    def _known(self, word: str, options: Options) -> argparse.Action:
        found = _meant(word, options)
        if not found:
            hint = _near(word, options)
            if not hint and self.takes_text:
                hint = "; if it is part of the text, write -- before the text"
            self.error(f"there is no option {excerpt(word.partition('=')[0], 60)}{hint}")
        return found[0]

    def _with_value(self, word: str, action: argparse.Action, rest: list[str], options: Options) -> str:
        """The option in one word with its value, which is taken from what follows it, whatever that begins with."""
        if action.nargs is not None or "=" in word:
            return word
        if not rest or rest[0] == "--" or (_is_option(rest[0]) and _meant(rest[0], options)):
            value = excerpt(rest[0], 60) if rest and rest[0] != "--" else action.metavar or action.dest.upper()
            self.error(f"{word} needs a value: write {word}={value}")
        return f"{word}={rest.pop(0)}"


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
                known = {**theirs, **self.options}
                early.append(self._with_value(word, self._known(word, known), rest, known))
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
    return word.startswith("-") and not _is_number(word)


def _is_number(word: str) -> bool:
    """A negative number is a word or a value, in any way that Python reads one: -5, -1e-3, -inf."""
    try:
        float(word)
    except ValueError:
        return False
    return True


def _meant(word: str, options: Options) -> list[argparse.Action]:
    """The option of that name, or flags of one letter behind one dash (``-vv``), else those whose names begin so."""
    name = word.partition("=")[0]
    if name in options:
        return [options[name]]
    flags = [options.get(f"-{letter}") for letter in word[1:]]
    if flags and all(flag is not None and flag.nargs == 0 for flag in flags):
        return [flag for flag in flags if flag is not None]
    return [action for full, action in options.items() if name.startswith("--") and full.startswith(name)]


def _near(word: str, options: Iterable[str]) -> str:
    """What was meant, perhaps: ``; did you mean --model?``."""
    name = "--" + word.partition("=")[0].lstrip("-")
    full = sorted(option for option in options if option.startswith("--"))
    near = [option for option in full if option.startswith(name)] or get_close_matches(name, full, 1)
    return f"; did you mean {' or '.join(near)}?" if near else ""

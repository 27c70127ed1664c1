"""The parsers of the command line, which take the command, its options and its words in any order.

`argparse` takes the words of a command in one row only. So the arguments are put in order before it sees them: options
first, each in one word with its value (``--system=-terse``), then ``--``, then the words. A word that looks like an
option but is not one is an error, which names the nearest option.
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
    """The parser of one command: its options may stand before, between and behind its words. ``more`` gives
    the end of its help, and is called only when the help is printed."""

    more: Callable[[], str] | None = None

    def format_help(self) -> str:
        if self.more is not None:
            self.epilog = self.more()
        return super().format_help()

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:  # called for the command, too
        return super().parse_known_args(self._in_order(sys.argv[1:] if args is None else args), namespace)

    def error(self, message: str) -> NoReturn:
        """Print the message as one line: it quotes arguments, which a script may have taken from elsewhere."""
        super().error(one_line(message))

    @property
    def takes_text(self) -> bool:
        """True if its words are a text of the user."""
        return any(action.dest == "prompt" for action in self._actions)

    @property
    def options(self) -> Options:
        """Every spelling of an option, with its action."""
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
                options.append(self._with_value(word, self._action(word, self.options), rest, self.options))
            else:
                words.append(word)
        return [*options, "--", *words] if words else options

    def _action(self, word: str, options: Options) -> argparse.Action:
        matches = _matches(word, options)
        if not matches:
            hint = _hint(word, options)
            if not hint and self.takes_text:
                hint = "; if it is part of the text, write -- before the text"
            self.error(f"there is no option {excerpt(word.partition('=')[0], 60)}{hint}")
        return matches[0]

    def _with_value(self, word: str, action: argparse.Action, rest: list[str], options: Options) -> str:
        """The option in one word with its value, which is the next word, whatever that begins with."""
        if action.nargs is not None or "=" in word:
            return word
        if not rest or rest[0] == "--" or (_is_option(rest[0]) and _matches(rest[0], options)):
            value = excerpt(rest[0], 60) if rest and rest[0] != "--" else action.metavar or action.dest.upper()
            self.error(f"{word} needs a value: write {word}={value}")
        return f"{word}={rest.pop(0)}"


class Program(Command):
    """The parser of the whole line: the first word is the command, and options of the command may stand before it."""

    commands: Mapping[str, Command]

    def _in_order(self, args: Sequence[str]) -> list[str]:
        of_commands = {name: action for command in self.commands.values() for name, action in command.options.items()}
        own: list[str] = []
        early: list[str] = []
        rest = list(args)
        while rest and _is_option(rest[0]):
            word = rest.pop(0)
            if word in self.options or (_matches(word, self.options) and not _matches(word, of_commands)):
                own.append(word)
            else:
                known = {**of_commands, **self.options}
                early.append(self._with_value(word, self._action(word, known), rest, known))
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


def _matches(word: str, options: Options) -> list[argparse.Action]:
    """The option of that name, or flags of one letter behind one dash (``-vv``), else those whose names begin so."""
    name = word.partition("=")[0]
    if name in options:
        return [options[name]]
    flags = [options.get(f"-{letter}") for letter in word[1:]]
    if flags and all(flag is not None and flag.nargs == 0 for flag in flags):
        return [flag for flag in flags if flag is not None]
    return [action for full, action in options.items() if name.startswith("--") and full.startswith(name)]


def _hint(word: str, options: Iterable[str]) -> str:
    """A hint at the nearest options, empty if there are none: ``; did you mean --model?``."""
    name = "--" + word.partition("=")[0].lstrip("-")
    full = sorted(option for option in options if option.startswith("--"))
    near = [option for option in full if option.startswith(name)] or get_close_matches(name, full, 1)
    return f"; did you mean {' or '.join(near)}?" if near else ""

"""Rewriters: operators that change or hide text within events; the Reply of the run has the text that they emitted.

All work on every choice, each by itself, and on bare str as well. Text that they hold back comes out before the end of
its choice, before an error and before the Reply.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from reactivex import Observable, abc
from reactivex.disposable import CompositeDisposable

from ..checks import check_flag, check_text
from ..engine.streams import KeepsAll, Scheduler, check_function, keeping_operator, refuse_operator
from ..stages import Factory, check_text_stage
from ..stages.rewriting import HOLD, MASK, EarlyEnd, JsonRedactor, Redactor, Rewriter, Rule, StopAt, ThinkTags, parts_of
from .above import Above, keeping_stage_operator

__all__ = ["redact", "rewrite", "stop_at", "stop_when", "think_tags"]

S = TypeVar("S")
TEXT_TRIGGER = ": to stop at a text or a pattern write ops.stop_at(...)"
ALL = ("text", "reasoning", "refusal", "tool_calls")


def rewrite(
    factory: Callable[[], Any], *, parts: Sequence[str] = ("text",), name: str = "rewrite", hides: bool = False
) -> Callable[[S], S]:
    """Events → the same events, their text rewritten by a stage over str that ``factory`` makes for each part.

    ``parts`` are out of ``text``, ``reasoning``, ``refusal`` and ``tool_calls`` (the JSON text of arguments). With
    ``hides`` nothing of the original is left anywhere: ``raw`` is None and log probabilities are dropped.

    ``feed(text)`` gives a list of str, and so does ``flush()``, as for `stage`. A `StageBase` may end the reply where
    it sets ``done``: ``stopped``, by ``name``; its ``cut`` is called instead of ``flush`` where the text was cut off.
    """
    refuse_operator("ops.rewrite", factory)
    check_text("name", name)
    check_flag("hides", hides)
    return _rewriter(Factory("ops.rewrite", factory, check_text_stage), parts, name, hides=hides)


def _rewriter(factory: Callable[[], Any], parts: Sequence[str], name: str, **options: Any) -> KeepsAll:
    kinds = parts_of(parts)
    rewriter = keeping_stage_operator(
        name, lambda above: Rewriter(factory, kinds, name=name, keep_text=above.keeps_text, **options)
    )
    return rewriter.with_kinds("text", "same")


def redact(*rules: Rule, parts: Sequence[str] = ALL, mask: str = MASK, hold: int = HOLD) -> Callable[[S], S]:
    """Events → the same events without what a rule hides, at any split; nothing of it is left anywhere.

    A rule is a ready name (``email``, ``phone``, ``card``, ``key``), a regular expression, a list or set of literal
    words, a callable ``word -> str | None`` over runs without white space, or any of the first three in a pair with
    its replacement (text, or a callable that gets the match; None keeps it). Held back is only text in which a
    match could still begin, ``hold`` characters or so at most; beyond that it is masked as far as it goes, so of a
    pattern's match that is longer the end may show. Literal words are held as long as they are.

    Arguments of tools stay JSON: each string in them, keys too (but not by a callable over words), is searched in its
    decoded form, and each number as it is written, which becomes a string if something in it is hidden. Rules are not
    applied to the punctuation between them, nor ``true``, ``false`` and ``null``, and no match spans two values.
    Arguments that are not JSON are searched as text.

    Where text was cut off, by an error or a limit, a possible beginning of a match is masked as well. Messages
    of errors and of tools that quote the reply are rewritten, and that of a `MalformedError` is left out.

    A name that is nearly a ready one (``Email``, ``phone_number``, ``ip``) is a ValueError: as an expression it would
    hide that word only. To hide a word as it stands give a list, ``redact(["email"])``.

    Patterns have the syntax of the ``regex`` package. ValueError for one that cannot be decided in a text that grows
    (docs/text.md lists them). A search that takes more than a second, as some patterns do for some texts, ends the
    reply with a `StreamkitError` that names the pattern, and nothing more is shown.

    Note: literal words and patterns mean exactly what they say: for any case pass ``re.compile(..., re.IGNORECASE)``.
    Keys of arguments in which something is hidden may come out equal, and then readers keep one of them; those of
    results are numbered then.
    """
    for_text, for_json = (kind(*rules, mask=mask, hold=hold) for kind in (Redactor, JsonRedactor))
    return _rewriter(for_text.fresh, parts, "redact", hides=True, make_json=for_json.fresh)


def stop_at(*patterns: Any, parts: Sequence[str] = ("text",)) -> Callable[[S], S]:
    """Events → the events up to the first match of a pattern, exclusive; then the request is cancelled.

    A str is meant literally, a compiled pattern as such. The Reply's outcome is ``stopped``, by ``stop_at``. Text that
    may be the beginning of a match is held back until no continuation can change the decision. ValueError for a pattern
    that cannot be decided in a growing text; StreamkitError if a search takes more than a second (see `redact`).
    """
    if any(isinstance(pattern, (list, tuple, set, frozenset)) for pattern in patterns):
        raise TypeError("ops.stop_at takes patterns one by one: write ops.stop_at(*patterns)")
    StopAt(*patterns)
    return _rewriter(lambda: StopAt(*patterns), parts, "stop_at")


def stop_when(trigger: Callable[[Any], bool] | Observable[Any]) -> Callable[[S], S]:
    """Events → the events up to the first for which ``trigger(event)`` is true, inclusive; or until the Observable
    ``trigger`` gives its first item. Then the request is cancelled, and the Reply says ``stopped``, by ``stop_when``.

    Note: an Observable that stops the stream before its first event leaves no item at all, not even the Reply (which
    ``await`` and the run give all the same), as nothing has shown yet that there were to be events.
    """
    if not isinstance(trigger, Observable):
        check_function("trigger", trigger, "trigger(event) says whether to stop", TEXT_TRIGGER, sync=True)
        predicate = trigger
        return keeping_stage_operator("stop_when", lambda above: EarlyEnd(predicate, "stop_when", above.keeps_text))

    def connect(source: Observable[Any], observer: abc.ObserverBase[Any], scheduler: Scheduler) -> abc.DisposableBase:
        above = Above(scheduler)
        stage = EarlyEnd(lambda event: False, "stop_when", above.keeps_text)
        ending = above.lift(stage, observer)
        subscription = ending.connect(source)
        watching = trigger.subscribe(lambda _: ending.end_with(stage.finish), ending.on_error, scheduler=scheduler)
        return CompositeDisposable(subscription, watching)

    return keeping_operator("stop_when", connect)


def think_tags(*tags: str, inside: bool = False) -> Callable[[S], S]:
    """Events → the same events, text between ``<tag>`` and ``</tag>`` as `ReasoningDelta`, without the tags.

    ``tags`` is ``think`` by default. ``inside`` is for models whose prompt already opened the tag. Over bare str the
    reasoning is left out.

    An opening tag in a fenced block, or in a span of backticks that is closed in the same line, is text. While such a
    span may still be closed, text is held from the tag on until the end of the span or of the line. In a thought the
    first closing tag ends it. The
    rest is in docs/text.md.
    """
    for tag in tags:
        check_text("a tag", tag)
    check_flag("inside", inside)
    names = tags or ("think",)
    return _rewriter(lambda: ThinkTags(names, inside=inside), ("text",), "think_tags")

"""The times of a reply: of its first event and its first content, of all of it, and its speed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from .event_class import event_class

__all__ = ["Timing", "joined_timing", "later"]


@event_class
class Timing:
    """The times of a reply, in seconds from its first request. Each is None as long as it is not known.

    - ``first_event``: the server's first event was read
    - ``first_content``: its first text, thinking, refusal, file or piece of a tool call was read
    - ``total``: the reply ended; while it goes on, the time until now
    - ``tokens_per_second``: the speed from the first content to the end, by the completion tokens that the server
      reported, without those of thinking that came before the first content; None for a reply that was cut, and for
      one that came in a single read

    A reply that took several requests is measured from the first of them: further attempts, the streams of a race or a
    fallback, the rounds of a tool loop with what its tools took. Time in which a slow sink held the source back does
    not count; `sources.replay` gives the times of the recording.
    """

    first_event: float | None = None
    first_content: float | None = None
    total: float | None = None
    tokens_per_second: float | None = None


def later(timing: Timing | None, seconds: float) -> Timing | None:
    """``timing``, measured from a moment so many ``seconds`` earlier."""
    if timing is None or not seconds:
        return timing
    times = {name: getattr(timing, name) for name in ("first_event", "first_content", "total")}
    moved = {name: None if time is None else round(time + seconds, 6) for name, time in times.items()}
    return replace(timing, **moved)


def joined_timing(timings: Iterable[Timing | None], total: float | None = None) -> Timing | None:
    """The timing of a reply that has several parts, all of which are measured from its beginning. ``total`` is that of
    the last part unless it is given. None if nothing is known of any part."""
    known = [timing for timing in timings if timing is not None]
    if not known:
        return None if total is None else Timing(total=total)
    first_events = (timing.first_event for timing in known if timing.first_event is not None)
    contents = [timing.first_content for timing in known if timing.first_content is not None]
    total = known[-1].total if total is None else total
    return Timing(next(first_events, None), next(iter(contents), None), total, _speed(known))


def _speed(timings: list[Timing]) -> float | None:
    """The tokens of all parts by the seconds in which they were written. Parts without content do not count."""
    tokens = seconds = 0.0
    for timing in timings:
        if timing.first_content is not None:
            if timing.tokens_per_second is None or timing.total is None:
                return None
            writing = timing.total - timing.first_content
            seconds += writing
            tokens += timing.tokens_per_second * writing
    return tokens / seconds if seconds else None

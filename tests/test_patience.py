"""The limits in `streamkit.patience` that bear on each other."""

from __future__ import annotations

from streamkit import patience


def test_a_sink_reports_what_became_of_its_work_before_its_cancelled_run_gives_it_up():
    assert patience.CANCELLED_CLOSE < patience.CANCELLED_SINKS


def test_a_sink_is_given_up_before_a_program_that_ignores_its_termination_would_hold_it():
    assert patience.TERMINATED_PROGRAM < patience.CANCELLED_CLOSE


def test_a_call_that_is_interrupted_at_the_last_moment_is_short_beside_the_wait_for_the_sinks():
    assert patience.INTERRUPTED_CALL < patience.CANCELLED_SINKS


def test_whoever_waits_for_a_cancelled_run_waits_longer_than_it_takes():
    """Its requests, its sinks, and then a second for each step that is left."""
    takes = patience.CANCELLED_REQUESTS + patience.CANCELLED_SINKS + 2 * patience.INTERRUPTED_CALL
    assert takes < patience.LOOP_END
    assert takes < patience.SINK_IN_USE
    assert takes < patience.EXIT_WITHOUT_PROGRESS


def test_the_exit_notices_a_stuck_loop_before_it_blames_what_runs_on_it():
    assert patience.LOOP_WITHOUT_ANSWER < patience.EXIT_WITHOUT_PROGRESS


def test_steps_are_small_beside_what_they_divide():
    assert patience.EXIT_STEP * 10 < patience.LOOP_WITHOUT_ANSWER
    assert patience.LEDGER_STEP * 10 < patience.LEDGER_LOCK


def test_a_body_is_read_to_its_end_before_a_cancelled_run_has_given_its_requests_up():
    assert patience.REST_OF_BODY < patience.CANCELLED_REQUESTS

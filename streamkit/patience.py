"""The seconds for which something waits before it gives up, where no option of the user sets them.

Some must be shorter than others: ``tests/test_patience.py`` says which, and why. To be read as ``patience.NAME`` when
the wait begins, so that a test can make one shorter.
"""

from __future__ import annotations

# -- the sinks of a run, and its requests ------------------------------------------------------------------------------

CANCELLED_REQUESTS = 1.0
"""For the requests of a cancelled run to be closed."""
CANCELLED_SINKS = 5.0
"""For the sinks of a cancelled run to write what they drain."""
CANCELLED_CLOSE = 4.0
"""For the close of a sink of this package in a cancelled run, and at any end for a call in its thread that was given
up."""
INTERRUPTED_CALL = 1.0
"""For an interrupted call of a sink to end."""
TERMINATED_PROGRAM = 1.0
"""For a program that was asked to terminate, before it is killed; for one that stopped reading, to end; for the rest of
its stderr."""
SINK_IN_USE = 10.0
"""For a run that is being closed to release its sinks to the next one. A run that was cancelled takes less, unless its
loop stands still; then the next run begins without waiting longer. A run whose stream has ended by itself may still
have much to write, or may wait for the run that waits for it: then the next run is refused."""

# -- the end of a loop and of the interpreter --------------------------------------------------------------------------

LOOP_END = 10.0
"""For everything at work on a loop that ends."""
BACKGROUND_THREAD = 2.0
"""For the background thread at a shutdown; one stuck in a user's callable is left behind (daemon)."""
EXIT_WITHOUT_PROGRESS = 10.0
"""At the interpreter's exit, for what makes no progress."""
LOOP_WITHOUT_ANSWER = 5.0
"""At the interpreter's exit, for a background loop that does not answer: it counts as stuck in a user's callable."""
EXIT_STEP = 0.05
"""Between two looks at the progress."""
INTERRUPTED_COMMAND = 5.0
"""For the reply of a command to be closed after Ctrl-C."""

# -- connections, and files that others may use ------------------------------------------------------------------------

REST_OF_BODY = 0.1
"""For the rest of a finished reply's body, so that the connection is reused."""
ERROR_BODY = 2.0
"""For the body of an error response; failures while reading it are ignored."""
IDLE_CONNECTION = 30.0
"""For a next request on an unused connection. A tenth more may pass until its end is noticed."""
DATABASE_LOCK = 30.0
"""For another writer of an SQLite database."""
LEDGER_LOCK = 2.0
"""For a batch that is just closing its ledger."""
LEDGER_STEP = 0.05
"""Between two attempts to lock it."""
APPENDER_STEP = 0.005
"""Between two looks at a file to which another process appends."""

"""Branches of a run: the fan that hands items out, and the outlets and mailboxes in front of sinks."""

"""Event loops: which one serves a subscription, how other threads reach it, and what is reported when it ends."""

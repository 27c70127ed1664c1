"""What travels upstream with a subscription: the scheduler of a run with its gate, its context and its place."""

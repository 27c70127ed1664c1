"""Several streams as one: races, shared streams, and the rounds of a tool loop."""

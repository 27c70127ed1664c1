"""Usage: tokens counted per request and per stream, prices, and budgets."""

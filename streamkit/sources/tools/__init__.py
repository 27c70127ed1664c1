"""Tools that a model may call: their JSON Schemas, and how they are called."""

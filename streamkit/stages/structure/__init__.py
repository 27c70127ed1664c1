"""JSON while it grows: values so far, and items of lists as they become complete."""

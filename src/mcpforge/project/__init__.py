"""A generated project on disk: its state, plans and their application."""

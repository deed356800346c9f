"""Answers and catalogue in, a tree of files out; pure."""

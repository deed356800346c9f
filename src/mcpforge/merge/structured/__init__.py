"""Merging by what a format means: imports as a set, keys, requirements by package name."""

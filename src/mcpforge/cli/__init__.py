"""The human face: parse, call an operation, show its result."""

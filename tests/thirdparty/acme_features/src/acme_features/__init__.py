"""Features for mcpforge; nothing here is ever imported by it."""

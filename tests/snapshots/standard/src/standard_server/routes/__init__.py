"""HTTP routes beside the MCP endpoint; they are never behind its authentication."""

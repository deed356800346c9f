"""mcpforge as an MCP server: the operations as tools for agents, plan before apply."""

"""mcpforge: start, grow and publish FastMCP servers."""

__version__ = "0.1.0"

"""Any FastMCP code, read and never run, checked for APIs that 4.1 has not or that mislead."""

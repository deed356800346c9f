"""What is looked for: one module per part of FastMCP, each a function from a module to findings."""

"""`python -m mcpforge`."""

from mcpforge.cli.app import main

if __name__ == "__main__":
    main()

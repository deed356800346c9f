"""The command `mcpforge`, which `python -m mcpforge` is too."""

import gc


def main() -> None:
    """Run the command line and leave with the exit code of the result."""
    gc.disable()  # a short life: collecting costs a tenth of it, imports too, and frees nothing
    from mcpforge.cli.app import main as run

    run()


if __name__ == "__main__":
    main()

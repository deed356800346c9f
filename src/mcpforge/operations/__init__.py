"""One use case a module; dataclasses in and out, no terminal."""

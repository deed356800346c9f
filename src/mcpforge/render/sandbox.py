"""Jinja's sandbox, with its answers remembered."""

from __future__ import annotations

from typing import Any

from jinja2.sandbox import ImmutableSandboxedEnvironment


class Sandbox(ImmutableSandboxedEnvironment):
    """Asks once for each type and attribute: Jinja's rule looks at nothing else of an object."""

    def __init__(self, **options: Any) -> None:
        """Take what Jinja's environment takes."""
        super().__init__(**options)
        self._known: dict[tuple[type, str], bool] = {}

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Say whether a template may see an attribute."""
        key = (type(obj), attr)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = super().is_safe_attribute(obj, attr, value)
        return known

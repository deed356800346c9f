"""One setting, in the forms that the files of a project show it in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mcpforge import pysource
from mcpforge.errors import ForgeError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_TYPE_IMPORTS = {
    "Literal": "typing:Literal",
    "Path": "pathlib:Path",
    "SecretStr": "pydantic:SecretStr",
    "AnyHttpUrl": "pydantic:AnyHttpUrl",
}
# What `settings.py` defines for types that environment strings would otherwise spoil.
_ALIASES = {"list[str]": "CommaSeparated", "Path": "NamedPath"}


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting of the generated project. `test` is an environment string or None."""

    name: str
    env: str
    type: str
    help: str
    default: Any
    has_default: bool
    constraints: tuple[tuple[str, Any], ...]
    secret: bool
    required: bool
    generate: str
    test: str | None
    example: str

    @property
    def default_text(self) -> str:
        """The default as an environment variable would hold it."""
        if self.default is None:
            return ""
        if isinstance(self.default, bool):
            return str(self.default).lower()
        if isinstance(self.default, tuple):
            return ",".join(self.default)
        return str(self.default)

    @property
    def field(self) -> str:
        """The line of the settings class, one argument a line."""
        given: dict[str, str] = {}
        if not self.required:
            given["default"] = self._default()
        given["description"] = pysource.literal(self.help)
        given.update({key: pysource.literal(value) for key, value in self.constraints})
        base, *optional = self.type.split(" | ")
        python_type = " | ".join([_ALIASES.get(base, base), *optional])
        return f"{self.name}: {python_type} = {pysource.call('Field', (), given)}"

    def _default(self) -> str:
        value = pysource.literal(self.default)
        for wrapper in ("SecretStr", "Path"):
            if self.default is not None and self.type.split(" ")[0] == wrapper:
                return f"{wrapper}({value})"
        return value

    @property
    def imports(self) -> list[str]:
        """What the type needs imported."""
        return [spec for word, spec in _TYPE_IMPORTS.items() if word in self.type]


def make_setting(raw: Mapping[str, Any], env_prefix: str, where: str) -> Setting:
    """Return the setting that a rendered `[[settings]]` entry declares.

    Raises `ForgeError` when the default doesn't fit the type.
    """
    return Setting(
        name=raw["name"],
        env=f"{env_prefix}{raw['name'].upper()}",
        type=raw["type"],
        help=raw["help"],
        default=_typed(raw.get("default"), raw["type"], f"{where}: setting `{raw['name']}`"),
        has_default="default" in raw,
        constraints=tuple(sorted(raw.get("constraints", {}).items())),
        secret=bool(raw.get("secret", False)),
        required=bool(raw.get("required", False)),
        generate=raw.get("generate", ""),
        test=raw.get("test"),
        example=raw.get("example", ""),
    )


_READERS: dict[str, Callable[[str], Any]] = {
    "int": int,
    "float": float,
    "bool": lambda text: {"true": True, "false": False}[text.lower()],
    "list[str]": lambda text: tuple(item.strip() for item in text.split(",") if item.strip()),
}


def _typed(value: Any, declared: str, where: str) -> Any:
    base = declared.removesuffix(" | None")
    if isinstance(value, list):
        return tuple(value)
    if not isinstance(value, str):
        return value
    if declared.endswith(" | None") and value == "":
        return None
    try:
        return _READERS.get(base, str)(value)
    except (KeyError, ValueError):
        raise ForgeError(f"{where}: `{value}` is no {base}", code="manifest") from None

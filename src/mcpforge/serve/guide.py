"""What agents can read: the catalogue and a project's answers, and the way from a wish."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

from fastmcp.prompts import prompt
from fastmcp.resources import resource
from pydantic import Field

from mcpforge.serve.reading import ReadingTools

if TYPE_CHECKING:
    from mcpforge.serve.desk import Desk

INSTRUCTIONS = (
    "Makes and grows MCP servers (FastMCP 4.1 projects in Python). Every change is planned first "
    "by a `plan_` tool and written by `apply` with its plan id. Paths are relative to the folder "
    "of this server. Secrets are never shown. The prompt `build_server` tells the whole way."
)
_WAY = """\
Build an MCP server with the tools of mcpforge. The wish: {wish}

1. `list_features` once; pick the few features that the wish needs. `describe_feature` for each
   with options you want to set. Start from the preset `minimal`, `standard` or `production`.
2. `plan_new` with path `{path}`, a description that tells agents what the server does, features,
   options, and one component of kind `tool` for each thing it shall do (`resource` and `prompt`
   likewise). Read `files` (above all those with `attention`) and `notes`; `show_diff` shows all.
3. `apply` with the plan's id. Then write the code of the components in their modules, with your
   own editor: each has a module and a test. Keep names, types and docstrings; agents read them.
4. In a shell in the project: `uv run pytest`, `uv run ruff check`, `uv run mypy`. Mend what fails.
5. `doctor`: no errors may be left. `settings_to_give` names what only a person can put into
   `.env`: ask for that, never for the values. `write_secrets` fills what can be generated.
6. More features later: `plan_add`, `plan_remove`, `plan_set`, then `apply`. Edits are kept. A plan
   with `conflicts` can't be applied: settle them in the files, plan again. `plan_undo` takes the
   last change back. An error `stale` or `plan_expired` means: plan again.
7. To publish: run the server (`uv run NAME --transport http`), then `plan_register` and `apply`.
   `plan_compose` joins tools of several servers into one.
"""


class Guide:
    """Resources and the prompt of one server."""

    def __init__(self, desk: Desk) -> None:
        """Keep what they share."""
        self._reading = ReadingTools(desk)

    @resource(
        "mcpforge://catalogue", mime_type="application/json", title="What a server can be given"
    )
    def catalogue(self) -> str:
        """All groups, features and presets."""
        return self._reading.list_features().model_dump_json()

    @resource("mcpforge://answers-schema", mime_type="application/json", title="Schema of answers")
    def answers_schema(self) -> str:
        """The JSON Schema of all answers."""
        return json.dumps(self._reading.get_answers_schema(), ensure_ascii=False)

    @resource(
        "mcpforge://projects/{path*}", mime_type="application/json", title="A project's answers"
    )
    def project(self, path: str) -> str:
        """What a project is made of."""
        return self._reading.describe_project(path).model_dump_json()

    @prompt(title="From a wish to a registered server")
    def build_server(
        self,
        wish: Annotated[str, Field(description="What the server shall do", max_length=4_000)],
        path: Annotated[str, Field(description="Its folder", max_length=400)] = "my-server",
    ) -> str:
        """Guide an agent from a wish to a server that is built, checked and registered."""
        return _WAY.format(wish=wish, path=path)

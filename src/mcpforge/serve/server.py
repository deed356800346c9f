"""Puts the server together: tools, resources and the prompt over one desk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastmcp import FastMCP

from mcpforge import __version__
from mcpforge.serve.applying import ApplyingTools
from mcpforge.serve.desk import Desk
from mcpforge.serve.guide import INSTRUCTIONS, Guide
from mcpforge.serve.planning import PlanningTools
from mcpforge.serve.publishing import PublishingTools
from mcpforge.serve.reading import ReadingTools
from mcpforge.serve.refusals import Refusals

if TYPE_CHECKING:
    from fastmcp.server.auth import AuthProvider

    from mcpforge.serve.terms import Terms


def create_server(terms: Terms, auth: AuthProvider | None = None) -> FastMCP:
    """Return the server; raises `UsageError` where its folder is not there."""
    desk = Desk(terms)
    server: FastMCP = FastMCP(
        "mcpforge",
        instructions=INSTRUCTIONS,
        version=__version__,
        auth=auth,
        middleware=[Refusals(desk.base)],
        mask_error_details=True,
        on_duplicate="error",
    )
    reading, planning = ReadingTools(desk), PlanningTools(desk)
    publishing, applying = PublishingTools(desk), ApplyingTools(desk)
    for tool in (
        reading.list_features,
        reading.describe_feature,
        reading.get_answers_schema,
        reading.list_projects,
        reading.describe_project,
        reading.doctor,
        planning.plan_new,
        planning.plan_add,
        planning.plan_remove,
        planning.plan_set,
        planning.plan_update,
        planning.plan_undo,
        publishing.plan_register,
        publishing.plan_unregister,
        publishing.plan_compose,
        reading.show_diff,
        applying.apply,
        applying.write_secrets,
    ):
        server.add_tool(tool)
    guide = Guide(desk)
    for resource in (guide.catalogue, guide.answers_schema, guide.project):
        server.add_resource(resource)
    server.add_prompt(guide.build_server)
    return server

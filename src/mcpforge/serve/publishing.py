"""Tools that plan what goes to the gateway; nothing is sent until a plan is applied."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from fastmcp.tools import tool
from pydantic import Field

from mcpforge.serve import gateway_drafts
from mcpforge.serve.planning import plans
from mcpforge.serve.reading import Path
from mcpforge.serve.shapes import GatewayPlan, Ids, LongText, ShortText, Source

if TYPE_CHECKING:
    from mcpforge.serve.desk import Desk

Visibility = Literal["private", "team", "public"]
AllowLosses = Annotated[bool, Field(description="Let virtual servers lose tools")]


class PublishingTools:
    """Registration with the gateway that the server was started for."""

    def __init__(self, desk: Desk) -> None:
        """Keep what the tools share."""
        self._desk = desk

    @tool(annotations=plans("Plan a registration", outside=True))
    def plan_register(
        self,
        project: Path = ".",
        name: Annotated[ShortText, Field(description="On the gateway; else the project's")] = "",
        tags: Ids = [],
        visibility: Visibility | None = None,
        team: Annotated[ShortText, Field(description="Name or id, for private and team")] = "",
        allow_losses: AllowLosses = False,
    ) -> GatewayPlan:
        """Plan to register a project's server with the gateway, or to renew that.

        The server must run and be reached at the URL of its settings (`uv run NAME --transport
        http`), unless this server was started with `--start`.
        """
        from mcpforge.operations.register import Wishes

        terms = self._desk.terms
        wishes = Wishes(
            url=terms.url,
            name=name,
            tags=tuple(tags),
            visibility=visibility or "",
            team=team,
            token_file=terms.upstream_token_file,
            insecure_http=terms.insecure_http,
            dry_run=terms.start,
        )
        return self._desk.shelf.offer(
            lambda: gateway_drafts.register(self._desk, project, wishes, allow_losses=allow_losses)
        )

    @tool(annotations=plans("Plan to unregister", outside=True))
    def plan_unregister(
        self,
        names: Annotated[Ids, Field(min_length=1, description="Names on the gateway")],
        allow_losses: AllowLosses = False,
    ) -> GatewayPlan:
        """Plan to take servers off the gateway."""
        return self._desk.shelf.offer(
            lambda: gateway_drafts.unregister(self._desk, names, allow_losses=allow_losses)
        )

    @tool(annotations=plans("Plan a virtual server", outside=True))
    def plan_compose(
        self,
        name: ShortText,
        servers: Annotated[list[Source], Field(min_length=1, max_length=100)],
        description: LongText = "",
        tags: Ids = [],
        visibility: Visibility | None = None,
        team: ShortText = "",
    ) -> GatewayPlan:
        """Plan a virtual server on the gateway that joins tools of registered servers."""
        raw = {
            "name": name,
            "servers": [one.model_dump(exclude_none=True) for one in servers],
            **({"description": description} if description else {}),
            **({"tags": tags} if tags else {}),
            **({"visibility": visibility} if visibility else {}),
            **({"team": team} if team else {}),
        }
        return self._desk.shelf.offer(lambda: gateway_drafts.compose(self._desk, raw))

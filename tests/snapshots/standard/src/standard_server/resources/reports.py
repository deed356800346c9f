"""Reports as resources."""

from fastmcp.dependencies import Depends
from fastmcp.exceptions import ResourceError
from fastmcp.resources import resource

from ..content import ContentError, read_text
from ..lifespan import get_settings
from ..settings import Settings


@resource("report://{report_id}", mime_type="text/markdown")
async def get_report(report_id: str, settings: Settings = Depends(get_settings)) -> str:
    """Load a report by its id."""
    try:
        return await read_text(settings.content_dir / "reports", f"{report_id}.md")
    except ContentError as error:
        raise ResourceError(str(error)) from None

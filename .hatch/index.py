"""Build hook: check every manifest and ship all templates as one index."""

import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class IndexHook(BuildHookInterface):
    """Put `_templates/index.json` into the wheel; an editable install reads the folder itself."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Write the index and name it in the wheel."""
        if version == "editable":
            return
        root = Path(self.root)
        sys.path.insert(0, str(root / "src"))
        from mcpforge.catalog.sources import INDEX, write_index

        self.folder = tempfile.TemporaryDirectory()
        target = Path(self.folder.name) / INDEX
        write_index(root / "templates", target)
        build_data["force_include"][str(target)] = f"mcpforge/_templates/{INDEX}"

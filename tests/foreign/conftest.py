"""The templates of `templates/` as repositories, made once for a whole run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from foreign.repositories import NAMES, repository
from processes import clean_environment

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

collect_ignore = ["templates"]


@pytest.fixture(scope="session")
def repositories(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """Name → repository with the tags 1.0.0 and 2.0.0; nobody writes there."""
    folder = tmp_path_factory.mktemp("templates")
    with pytest.MonkeyPatch.context() as patch:
        for key, value in clean_environment(tmp_path_factory.mktemp("home")).items():
            patch.setenv(key, value)
        return {name: repository(name, folder) for name in NAMES}

"""Every feature of this package, checked as mcpforge checks its own."""

from pathlib import Path

import pytest

from mcpforge.testing import check_feature

FEATURES = Path(__file__).parent.parent / "src" / "acme_features"


@pytest.mark.parametrize(
    "path", sorted(path.parent for path in FEATURES.glob("*/*/feature.toml")), ids=lambda p: p.name
)
def test_feature(path: Path) -> None:
    check_feature(path)

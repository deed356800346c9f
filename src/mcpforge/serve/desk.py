"""What the tools of one server share: its terms, its folder, its plans, one worker at a time."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from mcpforge.catalog.installed import load
from mcpforge.serve.places import Base
from mcpforge.serve.shelf import Shelf

if TYPE_CHECKING:
    from mcpforge.serve.terms import Terms


class Desk:
    """One server's state. `lock` is held by whoever renders or writes a project.

    What can be chosen is read once: which folders and packages of features count is settled at the
    start.
    """

    def __init__(self, terms: Terms) -> None:
        """Find the folder and the catalogue; raises `ForgeError` where one can't be used."""
        self.terms = terms
        self.catalog = load()
        self.base = Base(terms.root)
        self.shelf = Shelf(terms.plan_seconds, terms.most_plans)
        self.lock = threading.RLock()

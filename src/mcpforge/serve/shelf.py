"""The plans that can still be applied: a bounded number, for a bounded time, once each."""

from __future__ import annotations

import secrets
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from mcpforge.errors import ForgeError
from mcpforge.serve.shapes import FilePlan, GatewayPlan

if TYPE_CHECKING:
    from collections.abc import Callable

    from mcpforge.serve.shapes import Applied

View = TypeVar("View", FilePlan, GatewayPlan)
_AGAIN = "Make a new plan; one that is applied can be taken back by `plan_undo`."


@dataclass(frozen=True)
class Draft(Generic[View]):
    """A plan that was made.

    `view` is what the agent sees; `evidence` is what must come out equal when the plan is made
    again just before it is applied; `diff` returns its lines. `prepare` goes before all that.
    """

    view: View
    evidence: Any
    empty: bool
    diff: Callable[[], list[str]]
    carry_out: Callable[[], Applied]
    prepare: Callable[[], None] = lambda: None


@dataclass(slots=True)
class _Kept:
    draft: Draft[Any]
    remake: Callable[[], Draft[Any]]
    expires: float
    applied: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)


class Shelf:
    """Keeps plans by an id that nobody can guess. Threads may share one."""

    def __init__(
        self, seconds: float, most: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Keep no more than `most` plans, each for some seconds."""
        self._seconds = seconds
        self._most = most
        self._clock = clock
        self._kept: dict[str, _Kept] = {}
        self._lock = threading.Lock()

    def offer(self, make: Callable[[], Draft[View]]) -> View:
        """Make a plan and return what the agent sees; kept only where there is something to do."""
        draft = make()
        if draft.empty:
            return draft.view.model_copy(update={"plan_id": None, "expires_in": 0})
        identifier = secrets.token_urlsafe(16)
        with self._lock:
            now = self._clock()
            # Half as long again as it holds, so that a late one is told why.
            limit = now - self._seconds / 2
            self._kept = {key: one for key, one in self._kept.items() if one.expires > limit}
            while len(self._kept) >= self._most:
                del self._kept[next(iter(self._kept))]
            self._kept[identifier] = _Kept(draft, make, now + self._seconds)
        return draft.view.model_copy(
            update={"plan_id": identifier, "expires_in": int(self._seconds)}
        )

    def draft(self, identifier: str) -> Draft[Any]:
        """Return the plan with this id; raises `ForgeError` where it is unknown or expired."""
        return self._find(identifier).draft

    def apply(self, identifier: str) -> Applied:
        """Carry a plan out, once, and only if it would come out the same now.

        Raises `ForgeError` for a plan that is unknown, expired, applied or stale.
        """
        kept = self._find(identifier)
        with kept.lock:
            if kept.applied:
                raise ForgeError("This plan was applied already", hint=_AGAIN, code="plan_applied")
            kept.draft.prepare()
            again = kept.remake()
            if again.evidence != kept.draft.evidence:
                raise stale()
            done = again.carry_out()
            kept.applied = True
            return done

    def _find(self, identifier: str) -> _Kept:
        with self._lock:
            kept = self._kept.get(identifier)
            if kept is None:
                raise ForgeError(
                    "There is no plan with this id, or it is too old",
                    hint="Ids come from the `plan_` tools of this server. " + _AGAIN,
                    code="unknown_plan",
                )
            if kept.expires <= self._clock():
                raise ForgeError(
                    f"This plan is older than {self._seconds:g} s",
                    hint=_AGAIN,
                    code="plan_expired",
                )
            return kept


def stale() -> ForgeError:
    """Return the error of a plan that would come out otherwise now."""
    return ForgeError(
        "Something has changed since this plan was made, nothing was applied",
        hint="Make the plan again and look at it again.",
        code="stale",
    )

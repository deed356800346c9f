"""Bearer tokens: random texts of which the server knows only the SHA-256 digests."""

import hashlib
import hmac
import logging
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Self

from fastmcp.server.auth import AccessToken, TokenVerifier

from ..settings import Settings

logger = logging.getLogger(__name__)

DAY_S = 24 * 3600
ENTRY = re.compile(
    r"(?P<name>[\w.@-]+):(?P<digest>[0-9a-f]{64}):(?P<day>\d{4}-\d\d-\d\d)?:(?P<scopes>[^\s,]*)",
)


@dataclass(frozen=True, slots=True)
class BearerToken:
    """What is known of one token: all but the token."""

    name: str
    digest: str
    last_day: date | None = None
    scopes: tuple[str, ...] = ()

    @classmethod
    def parse(cls, entry: str) -> Self:
        """Read `name:sha256:last-day:scope+scope`; day and scopes may be empty."""
        found = ENTRY.fullmatch(entry)
        if not found:
            raise ValueError("must be name:sha256:YYYY-MM-DD:scope+scope")
        return cls(
            name=found["name"],
            digest=found["digest"],
            last_day=date.fromisoformat(found["day"]) if found["day"] else None,
            scopes=tuple(scope for scope in found["scopes"].split("+") if scope),
        )

    def __str__(self) -> str:
        """Return the entry that `parse` reads."""
        return f"{self.name}:{self.digest}:{self.last_day or ''}:{'+'.join(self.scopes)}"

    @property
    def expires_at(self) -> int | None:
        """The end of the last day (UTC) in seconds since 1970."""
        if self.last_day is None:
            return None
        start = datetime.combine(self.last_day, datetime.min.time(), UTC)
        return int(start.timestamp()) + DAY_S

    @property
    def expired(self) -> bool:
        """Whether the last day is over."""
        return self.expires_at is not None and self.expires_at <= time.time()


class BearerVerifier(TokenVerifier):
    """Takes every token of the list; a name may stand there twice, so that one follows another."""

    def __init__(self, tokens: Sequence[BearerToken]) -> None:
        """Take exactly these."""
        super().__init__()
        self.tokens = tokens

    async def verify_token(self, token: str) -> AccessToken | None:
        """Compare with every digest, in a time that tells nothing about them."""
        digest = hashlib.sha256(token.encode()).hexdigest()
        same = [known for known in self.tokens if hmac.compare_digest(known.digest, digest)]
        for known in same:
            if not known.expired:
                return AccessToken(
                    token=token,
                    client_id=known.name,
                    subject=known.name,
                    scopes=list(known.scopes),
                    expires_at=known.expires_at,
                )
        return None


def build_bearer(settings: Settings) -> BearerVerifier:
    """Return the verifier, or end with one sentence when no token could ever be good."""
    tokens = []
    for number, entry in enumerate(settings.bearer_tokens, 1):
        try:
            tokens.append(BearerToken.parse(entry))
        except ValueError as error:
            raise SystemExit(
                f"PRODUCTION_SERVER_BEARER_TOKENS: entry {number} is wrong: {error}.",
            ) from None
    if not tokens:
        told = "PRODUCTION_SERVER_BEARER_TOKENS is empty, so nobody could sign in"
        raise SystemExit(
            f"{told}: `uv run production-server token new --save` makes the first token.",
        )
    for token in tokens:
        if token.expired:
            logger.warning("The bearer token %r expired after %s", token.name, token.last_day)
    return BearerVerifier(tokens)

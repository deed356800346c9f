"""The store: Redis, shared by all workers and replicas."""

from key_value.aio.protocols import AsyncKeyValue
from key_value.aio.stores.memory import MemoryStore
from key_value.aio.stores.redis import RedisStore
from redis.asyncio import Redis

from ..settings import Settings

FORM = "must be like redis://localhost:6379/0"
TIMEOUT = 5.0


class Store(RedisStore):
    """A store that owns its client; left to itself it takes `%40` in a password literally."""

    def __init__(self, client: Redis) -> None:
        """Take over the client."""
        super().__init__(client=client)
        self.client = client

    async def __aexit__(self, *error: object) -> None:
        """Close the connections; the next use opens new ones."""
        await self.client.aclose()


def open_store(settings: Settings) -> AsyncKeyValue:
    """Return the store, which connects with the first entry.

    `memory://` keeps everything in the process, for tests and development.
    """
    url = settings.redis_url.get_secret_value()
    return MemoryStore() if url == "memory://" else connect(url)


def connect(url: str) -> Store:
    """Return the store at a Redis URL; ends the start when it is none."""
    try:
        client: Redis = Redis.from_url(
            url,
            decode_responses=True,
            socket_timeout=TIMEOUT,
            socket_connect_timeout=TIMEOUT,
            health_check_interval=30,
        )
    except ValueError:
        raise SystemExit(
            f"EVERYTHING_SERVER_REDIS_URL {FORM}",
        ) from None
    return Store(client)

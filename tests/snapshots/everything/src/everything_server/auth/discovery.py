"""The look-up of an identity provider's addresses, made once when the server is built."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import httpx2

TIMEOUT_SECONDS = 10

_oidc_logger = logging.getLogger("fastmcp.server.auth.oidc_proxy")


@contextmanager
def discovery(url: str, variable: str) -> Iterator[None]:
    """Turn a failed look-up into one sentence, instead of FastMCP's traceback."""
    _oidc_logger.disabled = True
    try:
        yield
    except (httpx2.HTTPError, httpx2.InvalidURL, ValueError) as error:
        raise SystemExit(
            f"The discovery document at {url} ({variable}) can't be read: {type(error).__name__}.",
        ) from error
    finally:
        _oidc_logger.disabled = False

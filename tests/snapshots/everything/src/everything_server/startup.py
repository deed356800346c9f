"""What happens once in a process, before the server is built."""

from typing import Any

from .error_tracking import configure_sentry
from .json_logs import log_json
from .logs import configure_logging
from .middleware.address_limit import check_proxies
from .settings import Settings, load_settings
from .telemetry import configure_telemetry


def prepare(**overrides: Any) -> Settings:
    """Read the settings and set up the process."""
    settings = load_settings(**overrides)
    configure_logging(settings)
    check_proxies(settings)
    log_json()
    configure_sentry(settings)
    configure_telemetry(settings)
    return settings

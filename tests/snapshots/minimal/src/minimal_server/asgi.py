"""The ASGI app for several workers: `uvicorn minimal_server.asgi:app --workers 4`."""

from .startup import prepare
from .web import create_app

app = create_app(prepare())

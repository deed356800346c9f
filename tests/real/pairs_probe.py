"""Builds many packages of one folder, one after the other, and asks each as a stranger would.

Usage: pairs_probe.py FILE. FILE holds, as JSON, for each package the environment of its settings.
Prints a line for each package that does not do what it should. Nothing answers but one discovery
document on this machine, so whatever else a server asks for when it is built fails.
"""

import asyncio
import importlib
import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx2

# What the tests' settings name for an address that is looked up when a server is built.
NOWHERE = "http://127.0.0.1:9"


class Discovery(BaseHTTPRequestHandler):
    """Answers every request with the discovery document of an identity provider."""

    def do_GET(self) -> None:
        """Send it."""
        issuer = "https://idp.test/"
        endpoints = ("authorization", "token", "introspection", "userinfo", "revocation")
        document = {
            "issuer": issuer,
            **{f"{name}_endpoint": f"{issuer}{name}" for name in endpoints},
            "jwks_uri": f"{issuer}jwks.json",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(document).encode())

    def log_message(self, *_: object) -> None:
        """Stay silent."""


async def wrong(package: str) -> str:
    """Build a server and return what it does not do as it should, or nothing."""
    settings = importlib.import_module(f"{package}.settings").Settings()
    app: Any = importlib.import_module(f"{package}.web").create_app(settings)
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client:
        refused = await client.post("/mcp", json={})
        challenge = refused.headers.get("WWW-Authenticate", "")
        if refused.status_code != 401 or not challenge.startswith("Bearer"):
            return f"answered {refused.status_code} {challenge!r}"
        said = challenge.partition('resource_metadata="')[2].partition('"')[0]
        path = said.partition("://")[2].partition("/")[2]
        if not path:
            return f"names no metadata: {challenge!r}"
        metadata = await client.get(f"/{path}")
        if metadata.status_code != 200 or not metadata.json().get("authorization_servers"):
            return f"has no metadata at /{path}: {metadata.status_code} {metadata.text[:200]}"
    return ""


def main() -> None:
    """Go through all packages."""
    packages = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    machine = dict(os.environ)
    with ThreadingHTTPServer(("127.0.0.1", 0), Discovery) as provider:
        Thread(target=provider.serve_forever, daemon=True).start()
        here = f"http://127.0.0.1:{provider.server_port}"
        for package, environment in packages.items():
            os.environ.clear()
            os.environ.update(machine)
            os.environ.update(
                {key: value.replace(NOWHERE, here) for key, value in environment.items()}
            )
            try:
                found = asyncio.run(wrong(package))
            except Exception as error:
                found = f"{type(error).__name__}: {error}"
            if found:
                sys.stdout.write(f"{package} {found}\n")
        provider.shutdown()


if __name__ == "__main__":
    main()

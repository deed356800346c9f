"""Imports and lists servers, many in one process: each in a fork that has FastMCP loaded already.

Run by the Python of an environment with all packages. Each line of the input is a JSON object with
`root`, `package`, `env` and `out`, a path; when the facts or the error are written there, as JSON,
a line is printed.
"""

import contextlib
import gc
import importlib
import importlib.machinery
import json
import logging
import os
import pkgutil
import signal
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fastmcp.server.auth.oidc_proxy
import fastmcp.server.auth.providers.auth0
import fastmcp.server.http
import fastmcp.server.middleware.error_handling
import pydantic_settings
import starlette.applications
import uvicorn

# Source → code. Most files of a project are those of the last one: they are compiled once.
CODES: dict[bytes, Any] = {}
MOST = 20_000
LOADED = (fastmcp, pydantic_settings, starlette, uvicorn)
SECONDS = 30
OIDC = {
    "issuer": "https://idp.test/",
    "authorization_endpoint": "https://idp.test/authorize",
    "token_endpoint": "https://idp.test/token",
    "jwks_uri": "https://idp.test/jwks",
    "response_types_supported": ["code"],
    "subject_types_supported": ["public"],
    "id_token_signing_alg_values_supported": ["RS256"],
}


def lifespans(value: Any) -> Iterator[str]:
    """Yield the names of lifespans, from first to last."""
    if hasattr(value, "_left"):
        yield from lifespans(value._left)
        yield from lifespans(value._right)
    else:
        yield getattr(getattr(value, "_fn", value), "__qualname__", "?")


async def listed(server: Any) -> dict[str, list[str]]:
    """Return what a client would be told."""
    return {
        "tool": [tool.name for tool in await server.list_tools(run_middleware=False)],
        "prompt": [prompt.name for prompt in await server.list_prompts(run_middleware=False)],
        "resource": [str(item.uri) for item in await server.list_resources(run_middleware=False)],
        "template": [
            item.uri_template for item in await server.list_resource_templates(run_middleware=False)
        ],
    }


def facts(package: str) -> dict[str, list[str]]:
    """Return what the server of a project is made of."""
    import asyncio

    root = importlib.import_module(package)
    for module in pkgutil.walk_packages(root.__path__, f"{package}."):
        if not module.name.endswith(("__main__", ".asgi")):
            importlib.import_module(module.name)
    settings = importlib.import_module(f"{package}.startup").prepare()
    server = importlib.import_module(f"{package}.app").create()
    app = importlib.import_module(f"{package}.web").create_app(settings)
    parser = importlib.import_module(f"{package}.__main__").build_parser()
    actions = [item.dest for item in parser._actions]
    commands = [name for item in parser._actions for name in (item.choices or ())]
    auth = server.auth
    return {
        **asyncio.run(listed(server)),
        "middleware": [type(item).__name__ for item in server.middleware],
        "lifespan": list(lifespans(server._lifespan)),
        "auth": [
            type(auth).__name__,
            type(getattr(auth, "server", None)).__name__,
            *(type(item).__name__ for item in getattr(auth, "verifiers", ())),
        ],
        "asgi": [getattr(item.cls, "__name__", "?") for item in app.user_middleware],
        "route": sorted(str(getattr(route, "path", route)) for route in app.routes),
        "setting": sorted(type(settings).model_fields),
        "command": sorted({*actions, *commands}),
        "log": [type(item.formatter).__name__ for item in logging.getLogger().handlers],
    }


def probe(job: dict[str, Any]) -> dict[str, Any]:
    """Return the facts of one project, or why there are none."""
    os.chdir(job["root"])
    os.environ.update(job["env"])
    source = str(Path(job["root"]) / "src")
    find_in(source)
    sys.path.insert(0, source)
    found = fastmcp.server.auth.oidc_proxy.OIDCConfiguration.model_validate(OIDC)
    kind: Any = fastmcp.server.auth.oidc_proxy.OIDCConfiguration
    kind.get_oidc_configuration = classmethod(lambda _kind, *_given, **_named: found)
    try:
        return {"facts": facts(job["package"])}
    except (Exception, SystemExit) as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        return {"error": f"{type(error).__name__}: {error} ({where.filename}:{where.lineno})"}


def compile_all(root: Path) -> None:
    """Compile what no project before had, so that children find it."""
    if len(CODES) > MOST:
        CODES.clear()
    for path in (root / "src").rglob("*.py"):
        source = path.read_bytes()
        if source not in CODES:
            with contextlib.suppress(SyntaxError, ValueError):
                CODES[source] = compile(source, str(path), "exec", dont_inherit=True)


class Loader(importlib.machinery.SourceFileLoader):
    """Loads modules from compiled sources."""

    def get_code(self, fullname: str) -> Any:
        """Return the code of a source that is known, else compile it."""
        known = CODES.get(self.get_data(self.get_filename(fullname)))
        return known or super().get_code(fullname)


def find_in(folder: str) -> None:
    """Let a folder's modules be loaded from compiled sources."""
    details = (Loader, importlib.machinery.SOURCE_SUFFIXES)
    finder = importlib.machinery.FileFinder.path_hook(details)
    sys.path_hooks.insert(0, lambda path: finder(path) if path.startswith(folder) else _other(path))


def _other(path: str) -> Any:
    raise ImportError(path)


def remember(path: Path, package: str) -> None:
    """Load what a project had to load, so that the next one finds it there."""
    for name in path.read_text(encoding="utf-8").split():
        if name.split(".")[0] != package and name not in sys.modules:
            with contextlib.suppress(Exception):
                importlib.import_module(name)
    path.unlink()


def main() -> None:
    """Answer until the input ends."""
    for line in sys.stdin:
        job = json.loads(line)
        modules = Path(f"{job['out']}.modules")
        compile_all(Path(job["root"]))
        gc.freeze()
        child = os.fork()
        if not child:
            signal.alarm(SECONDS)
            gc.disable()
            null = os.open(os.devnull, os.O_RDWR)
            os.dup2(null, 1)
            os.dup2(null, 2)
            Path(job["out"]).write_text(json.dumps(probe(job)), encoding="utf-8")
            modules.write_text(" ".join(list(sys.modules)), encoding="utf-8")
            os._exit(0)
        os.waitpid(child, 0)
        if modules.exists():
            remember(modules, job["package"])
        print("done", flush=True)


if __name__ == "__main__":
    main()

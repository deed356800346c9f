"""One address for several replicas: nginx, as it stands before them in production."""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

from real.servers import wait_for_port

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

CONFIGURATION = """
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    upstream replicas {{
{servers}
    }}
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://replicas;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host $http_host;
            proxy_buffering off;
            proxy_connect_timeout 2s;
            # A call that a replica died over is made again at another one.
            proxy_next_upstream error timeout http_502 http_503 non_idempotent;
        }}
    }}
}}
"""


def installed() -> str | None:
    """Return the path of nginx, None where it is not installed."""
    return shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


@contextmanager
def balancing(port: int, replicas: Sequence[int], folder: Path) -> Iterator[None]:
    """Spread what comes to a port over the ports of the replicas, until the block ends."""
    program = installed()
    assert program
    configuration = folder / "nginx.conf"
    servers = "\n".join(f"        server 127.0.0.1:{one} fail_timeout=1s;" for one in replicas)
    configuration.write_text(
        CONFIGURATION.format(folder=folder, port=port, servers=servers), encoding="utf-8"
    )
    words = [program, "-c", str(configuration), "-p", str(folder)]
    process = subprocess.Popen([*words, "-e", str(folder / "nginx.log")])
    try:
        wait_for_port(port, process)
        yield
    finally:
        process.terminate()
        process.wait(30)

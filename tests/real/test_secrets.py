"""Settings from secrets managers: moto for AWS, an OpenBao in development mode for Vault."""

from __future__ import annotations

import asyncio
import json
import secrets
from typing import TYPE_CHECKING

import httpx2
import pytest

from real import servers, stores
from real.cover import Case
from real.workshop import Project, Words, run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from real.workshop import Workshop

pytestmark = [pytest.mark.real, pytest.mark.service]
FIRST_NUMBER = 90  # between the projects of the plan and those of the stores
PATH = "production/server"


def made(workshop: Workshop, feature: str, number: int) -> Project:
    """Return a project that reads its settings from a manager, with a bearer token to read."""
    features = (feature, "filetree", "jwt")
    case = Case(f"secret-{number}", features, frozenset(features), number=FIRST_NUMBER + number)
    return workshop.project(case)


def settings_of(project: Project, world: servers.Outside) -> tuple[dict[str, str], dict[str, str]]:
    """Return the environment of a process without secrets, and the secrets that it lacks."""
    values = servers.environment(project, world, None, storage_keys="")
    state = project.setting("request_state_key")
    assert state
    (project.root / ".env").unlink(missing_ok=True)
    values.pop(state.env, None)
    lacking = {state.env: secrets.token_hex(32), "storage_encrypted": "true"}
    lacking["storage_keys"] = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
    return values, lacking


def check_start(
    project: Project,
    values: dict[str, str],
    held: dict[str, str],
    world: servers.Outside,
    folder: Path,
) -> None:
    """Start the server: it has what only the manager knows, and logs none of it."""
    token = world.token()

    async def use(served: servers.Served) -> str:
        async with servers.client(served.transport(token)) as client:
            await client.call_tool("save_preference", {"key": "fish", "value": "swordfish"})
            return str((await client.call_tool("get_preference", {"key": "fish"})).data)

    with servers.serve(project, values, folder) as served:
        assert asyncio.run(use(served)) == "swordfish"
    for name, value in held.items():
        assert name == "storage_encrypted" or value not in served.text
    kept = [path.read_text() for path in (project.root / "data").rglob("*.json")]
    assert kept
    assert not any("swordfish" in text for text in kept)


def refused(project: Project, values: dict[str, str], *parts: str) -> None:
    """Start the server in vain: one sentence says why, without a secret."""
    done = run([project.script], cwd=project.root, env=values, fine=(1,))
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith("Settings are missing or wrong: ")
    for part in parts:
        assert part in line


@pytest.fixture
def aws(workshop: Workshop, tmp_path: Path) -> Iterator[str]:
    """Run moto."""
    with stores.moto(stores.services(workshop), tmp_path) as url:
        yield url


def test_aws(aws: str, workshop: Workshop, world: servers.Outside, tmp_path: Path) -> None:
    project = made(workshop, "aws-secrets", 0)
    values, held = settings_of(project, world)
    prefix = f"{project.answers.env_prefix}AWS_SECRET_"
    values |= {**stores.AWS, f"{prefix}ENDPOINT_URL": aws, f"{prefix}NAME": PATH}
    refused(project, values, f"`{PATH}`", "Secrets Manager can't find the specified secret")
    secret = "import boto3, sys; boto3.client('secretsmanager', endpoint_url=sys.argv[1])"
    secret += ".create_secret(Name=sys.argv[2], SecretString=sys.argv[3])"
    command: Words = [project.python, "-c", secret, aws, PATH, json.dumps(held)]
    run(command, cwd=project.root, env=values)
    check_start(project, values, held, world, tmp_path)
    nowhere = {**values, f"{prefix}ENDPOINT_URL": "http://127.0.0.1:9"}
    refused(project, nowhere, f"`{PATH}`", "Could not connect to the endpoint URL")


class Bao:
    """An OpenBao in development mode, with a KV engine at `secret`."""

    def __init__(self, url: str, token: str) -> None:
        """Speak to it with the root token."""
        self.url = url
        self.token = token

    def write(self, path: str, body: object) -> dict[str, object]:
        """Write by the HTTP API as root; return the answer's data."""
        headers = {"X-Vault-Token": self.token}
        answer = httpx2.post(f"{self.url}/v1/{path}", json=body, headers=headers, timeout=30)
        assert answer.is_success, answer.text
        data: dict[str, object] = (answer.json() if answer.content else {}).get("data") or {}
        return data

    def read(self, path: str) -> dict[str, object]:
        """Read by the HTTP API as root; return the answer's data."""
        headers = {"X-Vault-Token": self.token}
        answer = httpx2.get(f"{self.url}/v1/{path}", headers=headers, timeout=30)
        data: dict[str, object] = answer.json()["data"]
        return data


@pytest.fixture
def bao(workshop: Workshop, tmp_path: Path) -> Iterator[Bao]:
    """Run one."""
    tools, port, token = stores.services(workshop), servers.free_port(), secrets.token_hex(16)
    address, root = f"-dev-listen-address=127.0.0.1:{port}", f"-dev-root-token-id={token}"
    words: Words = [tools / "bin" / "bao", "server", "-dev", address, root, "-dev-no-store-token"]
    with stores.process(words, tmp_path, port, {"HOME": str(tmp_path)}):
        yield Bao(f"http://127.0.0.1:{port}", token)


def test_vault(bao: Bao, workshop: Workshop, world: servers.Outside, tmp_path: Path) -> None:
    """With a token that may read one secret, and with an AppRole."""
    project = made(workshop, "vault-secrets", 1)
    values, held = settings_of(project, world)
    prefix = f"{project.answers.env_prefix}VAULT_"
    values |= {f"{prefix}ADDR": bao.url, f"{prefix}PATH": PATH}
    refused(project, values, "Vault needs one of these", f"{prefix}TOKEN")
    refused(project, {**values, f"{prefix}TOKEN": "wrong"}, f"`{PATH}`", "permission denied")
    refused(project, {**values, f"{prefix}TOKEN": bao.token}, f"`{PATH}`", "InvalidPath")

    bao.write(f"secret/data/{PATH}", {"data": held})
    policy = f'path "secret/data/{PATH}" {{ capabilities = ["read"] }}'
    bao.write("sys/policies/acl/server", {"policy": policy})
    bao.write("sys/auth/approle", {"type": "approle"})
    bao.write("auth/approle/role/server", {"token_policies": "server"})
    role = bao.read("auth/approle/role/server/role-id")["role_id"]
    secret = bao.write("auth/approle/role/server/secret-id", {})["secret_id"]
    with_role = {**values, f"{prefix}ROLE_ID": str(role), f"{prefix}SECRET_ID": str(secret)}
    check_start(project, with_role, {**held, "secret": str(secret)}, world, tmp_path)
    refused(project, {**with_role, f"{prefix}SECRET_ID": "wrong"}, "invalid role or secret ID")
    refused(project, {**with_role, f"{prefix}PATH": "other"}, "`other`", "permission denied")
    nowhere = {**with_role, f"{prefix}ADDR": "http://127.0.0.1:9"}
    refused(project, nowhere, f"`{PATH}`", "ConnectionError")

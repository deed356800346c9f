"""Signing in by OAuth, with each provider: a real client, a real server, a provider on loopback."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import secrets
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from mcpforge.catalog.catalog import load
from mcpforge.catalog.resolve import resolve
from real import servers
from real.cover import Case
from real.fake_idp import Client as KnownClient
from real.fake_idp import Grant, IdentityProvider, identity_provider
from real.oauth_client import Browser, SignIn, call

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from real.workshop import Project

pytestmark = [
    pytest.mark.real,
    pytest.mark.filterwarnings("ignore:Using in-memory token storage:UserWarning"),
]
FIRST_NUMBER = 100  # of the projects here, so that they are none of the plan
TENANT = "08541b6e-646d-43de-a0eb-834e6713d6d5"
COGNITO = "https://cognito-idp.eu-central-1.amazonaws.com"


@dataclass(frozen=True)
class Vendor:
    """How the identity provider on loopback must be to stand for one vendor.

    `{idp}` in texts is its URL. `hidden` is a vendor whose addresses are fixed: the server finds it
    by the environment of its process.
    """

    settings: dict[str, str] = field(default_factory=dict)
    issuer: str = "{idp}"
    audience: str = ""
    opaque: bool = False
    hidden: bool = False


DISCOVERY = "{idp}/.well-known/openid-configuration"
PROXIES = {
    "auth0": Vendor({"auth0_config_url": DISCOVERY}, audience="https://mcp.test/mcp"),
    "aws-cognito": Vendor({"aws_cognito_config_url": DISCOVERY}),
    "azure": Vendor(
        issuer=f"https://login.microsoftonline.com/{TENANT}/v2.0",
        audience="azure-client",
        hidden=True,
    ),
    "clerk": Vendor(opaque=True, hidden=True),
    "discord": Vendor(opaque=True, hidden=True),
    "github": Vendor(opaque=True, hidden=True),
    "google": Vendor(opaque=True, hidden=True),
    "huggingface": Vendor(opaque=True, hidden=True),
    "oci": Vendor({"oci_config_url": DISCOVERY, "oci_audience": "oci"}, audience="oci"),
    "oidc": Vendor({"oidc_config_url": DISCOVERY, "oidc_audience": "api"}, audience="api"),
    "workos": Vendor({"workos_authkit_domain": "{idp}"}, opaque=True),
}
REMOTES = {
    "authkit": Vendor({"authkit_domain": "{idp}"}),
    "descope": Vendor(
        {"descope_discovery_url": "{idp}/v1/apps/P1"}, issuer="{idp}/v1/apps/P1", audience="P1"
    ),
    "keycloak": Vendor(
        {"keycloak_realm_url": "{idp}/realms/test", "keycloak_scopes": "openid"},
        issuer="{idp}/realms/test",
        audience="https://mcp.test/mcp",
    ),
    "propelauth": Vendor({"propelauth_auth_url": "{idp}"}, issuer="{idp}/oauth/2.1", opaque=True),
    "scalekit": Vendor(
        {"scalekit_environment_url": "{idp}"}, issuer="{idp}/resources/res_1", audience="res_1"
    ),
    "supabase": Vendor(
        {"supabase_project_url": "{idp}", "supabase_algorithm": "RS256"},
        issuer="{idp}/auth/v1",
        audience="authenticated",
    ),
}
VENDORS = PROXIES | REMOTES | {"introspection": Vendor({"introspection_url": "{idp}/introspect"})}


def case_of(*features: str) -> Case:
    """Return the project with one source of tokens."""
    chosen = frozenset(one.id for one in resolve(load(), frozenset(features)).features)
    return Case(
        name=f"oauth-{features[0]}",
        features=features,
        chosen=chosen,
        number=FIRST_NUMBER + sorted(VENDORS).index(features[0]),
        title="OAuth",
        description="Signs in.",
        author="Ada Lovelace <ada@example.com>",
    )


def cases(*features: str) -> list[Any]:
    """Return the projects as parameters."""
    return [pytest.param(case_of(feature), id=feature) for feature in features]


@pytest.fixture
def vendor(case: Case) -> Vendor:
    """Return what is particular about the provider."""
    return VENDORS[case.features[0]]


@pytest.fixture
def idp(vendor: Vendor, tmp_path: Path) -> Iterator[IdentityProvider]:
    """Run the identity provider."""
    with identity_provider(tmp_path) as found:
        found.issuer = vendor.issuer.format(idp=found.url)
        found.audience, found.opaque = vendor.audience, vendor.opaque
        yield found


@pytest.fixture
def setting(
    project: Project,
    vendor: Vendor,
    world: servers.Outside,
    idp: IdentityProvider,
    tmp_path: Path,
) -> dict[str, str]:
    """Return the environment of the server, which is registered at the provider."""
    own = {name: text.format(idp=idp.url) for name, text in vendor.settings.items()}
    changes = {"storage_path": str(tmp_path / "data"), **own}
    values = servers.environment(project, world, None, **changes)
    declared = {item.name: values.get(item.env, "") for item in project.settings}
    for name, identifier in declared.items():
        if name.endswith("_client_id"):
            secret = declared[f"{name.removesuffix('_id')}_secret"]
            idp.clients[identifier] = KnownClient(secret)
    return values | (idp.environment if vendor.hidden else {})


@pytest.fixture
def port(idp: IdentityProvider, setting: dict[str, str]) -> int:
    """Return the port of the server, whose callback alone is registered at the provider."""
    assert setting
    number = servers.free_port()
    for client in idp.clients.values():
        client.redirect_uris.append(f"http://127.0.0.1:{number}/auth/callback")
    return number


def status(served: servers.Served, token: str) -> int:
    """Return how a request with a token is answered."""
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    headers = {
        "Authorization": f"Bearer {token}",
        "Accept": "application/json, text/event-stream",
    }
    return served.post(json=body, headers=headers).status_code


def nothing_secret_in(served: servers.Served, *more: str) -> None:
    """Fail when a token or key stands in the log."""
    for secret in (
        *more,
        *(v for k, v in served.values.items() if k.endswith(("_KEY", "_SECRET"))),
    ):
        assert secret not in served.text, "a secret is in the log"


@pytest.mark.parametrize("case", cases(*PROXIES))
def test_the_server_stands_between(
    project: Project,
    setting: dict[str, str],
    idp: IdentityProvider,
    port: int,
    tmp_path: Path,
) -> None:
    """Register, authorize, consent, call back, get a token, call a tool, refresh."""
    browser = Browser(idp)
    client = SignIn(browser)
    with servers.serve(project, setting, tmp_path, port=port) as served:
        assert asyncio.run(call(served.url, client)) == "signed in"
        assert browser.consents == 1
        assert status(served, client.access_token) == 200
        (upstream,) = idp.tokens
        assert client.access_token != upstream
        assert status(served, upstream) == 401
        refreshed = refresh(served, client)
        assert status(served, refreshed["access_token"]) == 200
    assert "Traceback" not in served.text, served.text
    nothing_secret_in(served, client.access_token, client.refresh_token, upstream)


def refresh(served: servers.Served, client: SignIn) -> dict[str, Any]:
    """Return the answer to a refresh token."""
    info = client.context.client_info
    assert info
    form = {
        "grant_type": "refresh_token",
        "refresh_token": client.refresh_token,
        "client_id": info.client_id,
    }
    answer = served.post("/token", json=None, data=form)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


@pytest.mark.parametrize("case", cases(*REMOTES))
def test_the_provider_is_asked_directly(
    project: Project,
    setting: dict[str, str],
    idp: IdentityProvider,
    tmp_path: Path,
) -> None:
    """Register and sign in there; the server takes the token, and none for somebody else."""
    browser = Browser(idp)
    client = SignIn(browser)
    with servers.serve(project, setting, tmp_path) as served:
        assert asyncio.run(call(served.url, client)) == "signed in"
        assert browser.consents == 0
        assert "/register" in idp.seen
        assert client.access_token in idp.tokens
        idp.audience = "https://other.test/mcp"
        other = idp.issue(Grant("somebody", ["openid"], resource=idp.audience))["access_token"]
        assert status(served, other) == 401
    assert "Traceback" not in served.text, served.text
    nothing_secret_in(served, client.access_token, other)


@pytest.mark.parametrize("case", cases("introspection"))
def test_opaque_tokens_are_asked_about(
    project: Project,
    setting: dict[str, str],
    idp: IdentityProvider,
    tmp_path: Path,
) -> None:
    """Take a token as long as its issuer says that it is good."""
    idp.audience, idp.opaque = "https://mcp.test/mcp", True
    setting[f"{project.answers.env_prefix}INTROSPECTION_CACHE_TTL"] = "0"
    with servers.serve(project, setting, tmp_path) as served:
        token = idp.issue(Grant("machine", ["read"]))["access_token"]
        assert asyncio.run(call(served.url, token)) == "signed in"
        del idp.tokens[token]
        assert status(served, token) == 401
        assert idp.seen.count("/introspect") > 1
    nothing_secret_in(served, token)


@pytest.mark.parametrize("case", cases("github"))
def test_what_is_refused(
    project: Project,
    setting: dict[str, str],
    idp: IdentityProvider,
    port: int,
    tmp_path: Path,
) -> None:
    """A user who says no, foreign addresses, another browser, a code that was used or stolen."""
    callback = "http://localhost:4321/callback"
    with servers.serve(project, setting, tmp_path, port=port) as served:
        with pytest.raises(BaseException) as denied:
            asyncio.run(call(served.url, SignIn(Browser(idp, action="deny"))))
        assert "access_denied" in repr(leaves(denied.value))
        assert idp.seen == []
        for wrong in ("https://evil.example/callback", "http://localhost.evil.example/callback"):
            assert register(served, wrong).status_code == 400
        registered = register(served, callback).json()["client_id"]
        query = authorization(registered, callback, "x" * 43)
        wrong_address = {**query, "redirect_uri": "https://evil.example/callback"}
        assert served.get("/authorize", params=wrong_address).status_code == 400
        assert served.get("/authorize", params={**query, "client_id": "no"}).status_code == 400
        check_codes(served, idp, registered, callback)
    assert "Traceback" not in served.text, served.text


def leaves(error: BaseException) -> list[BaseException]:
    """Return the errors of a group."""
    if isinstance(error, BaseExceptionGroup):
        return [leaf for inner in error.exceptions for leaf in leaves(inner)]
    return [error]


def register(served: servers.Served, callback: str) -> httpx2.Response:
    """Register a client."""
    metadata = {"redirect_uris": [callback], "token_endpoint_auth_method": "none"}
    return served.post("/register", json=metadata)


def authorization(client: str, callback: str, verifier: str) -> dict[str, str]:
    """Return what a client asks with."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return {
        "response_type": "code",
        "client_id": client,
        "redirect_uri": callback,
        "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
        "state": "state-of-the-client",
    }


def check_codes(served: servers.Served, idp: IdentityProvider, client: str, callback: str) -> None:
    """A code is good once, with its verifier; what another browser brings back is refused."""
    verifier = secrets.token_urlsafe(32)
    url = f"{served.url}/authorize?{httpx2.QueryParams(authorization(client, callback, verifier))}"
    browser = Browser(idp)
    back = asyncio.run(browser.visit(url, callback))
    query = {key: value[0] for key, value in parse_qs(urlsplit(back).query).items()}
    assert query["state"] == "state-of-the-client"
    stolen = asyncio.run(Browser(idp).visit(url, f"{served.url}/auth/callback"))
    assert httpx2.get(stolen, timeout=30).status_code == 403
    form = {
        "grant_type": "authorization_code",
        "client_id": client,
        "redirect_uri": callback,
        "code": query["code"],
        "code_verifier": verifier,
    }
    for changes in ({"code_verifier": "y" * 43}, {"redirect_uri": "http://localhost:1/callback"}):
        assert served.post("/token", json=None, data={**form, **changes}).status_code in {400, 401}
    answers = [served.post("/token", json=None, data=form) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 401], answers[0].text


@pytest.mark.parametrize("case", cases("oidc"))
def test_keys_are_changed_without_a_refused_token(
    project: Project,
    setting: dict[str, str],
    idp: IdentityProvider,
    port: int,
    tmp_path: Path,
) -> None:
    """The server ends and starts again, with its old keys, with both, and with the new ones."""
    (old, new), (older, newer) = [[make() for _ in range(2)] for make in (hex_key, fernet_key)]
    prefix = project.answers.env_prefix

    @contextmanager
    def served_with(signing: str, other: str, storage: str) -> Iterator[servers.Served]:
        keys = {"JWT_SIGNING_KEY": signing, "JWT_OTHER_KEYS": other, "STORAGE_KEYS": storage}
        own = {f"{prefix}{name}": text for name, text in keys.items() if text}
        with servers.serve(project, {**setting, **own}, tmp_path, port=port) as served:
            yield served
        assert "Traceback" not in served.text, served.text
        nothing_secret_in(
            served, *(key for text in keys.values() for key in text.split(",") if key)
        )

    def sign_in(served: servers.Served) -> SignIn:
        client = SignIn(Browser(idp))
        assert asyncio.run(call(served.url, client)) == "signed in"
        return client

    with served_with(old, "", older) as served:
        first, second = sign_in(served), sign_in(served)
    with served_with(old, new, f"{older},{newer}") as served:
        assert [status(served, one.access_token) for one in (first, second)] == [200, 200]
        renewed = refresh(served, first)["access_token"]
        third = sign_in(served)
    with served_with(new, old, f"{newer},{older}") as served:
        tokens = [renewed, second.access_token, third.access_token]
        assert [status(served, token) for token in tokens] == [200, 200, 200]
        renewed = refresh(served, second)["access_token"]
        fourth = sign_in(served)
    with served_with(new, "", newer) as served:
        assert [status(served, token) for token in (renewed, fourth.access_token)] == [200, 200]
        assert status(served, third.access_token) == 401
        # Whom no key knows any more is told to register again.
        assert third.context.client_info
        query = authorization(
            str(third.context.client_info.client_id), "http://localhost", "x" * 43
        )
        assert served.get("/authorize", params=query).status_code == 400


def hex_key() -> str:
    """Return a signing key."""
    return secrets.token_hex(32)


def fernet_key() -> str:
    """Return a key of the storage."""
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()

"""What a project is delivered by fulfils the published schemas, and keeps its promises."""

from __future__ import annotations

import json
import re
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from delivery.schemas import kubernetes_problem, problems
from mcpforge.answers import Answers
from mcpforge.catalog.catalog import load
from mcpforge.errors import ForgeError
from mcpforge.render.project import render
from strategies import HOSTILE, LONG, compatible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mcpforge.tree import Tree

CATALOG = load()
DELIVERY = tuple(one.id for one in CATALOG.members("delivery"))
VERSIONS = ("1.31", "1.37")
STORES = [one.id for one in CATALOG.members("storage") if not one.internal]
NAMES = ("y", "My.Weather_Server", LONG, "x" * 40)
CHOICES = {
    "alone": DELIVERY,
    "production": (*CATALOG.preset("production"), *DELIVERY),
    "all": compatible(CATALOG, [*DELIVERY, *sorted(CATALOG.features)]),
    **{store: (store, "rate-limit", "database", *DELIVERY) for store in STORES},
}


def made(choice: str, name: str = "weather", text: str = "Weather") -> Tree:
    answers = Answers(name, title=text, description=text, author=text, features=CHOICES[choice])
    return render(answers, CATALOG).tree


def loaded(text: str) -> Any:
    """Read YAML, where version 1.1 takes the key `on` for true."""
    document = yaml.safe_load(text)
    if True in document:
        document["on"] = document.pop(True)
    return document


def documents(tree: Tree, folder: str) -> Iterator[dict[str, Any]]:
    for path, file in tree.items():
        if path.startswith(folder):
            yield from yaml.safe_load_all(file.text)


def kinds(tree: Tree) -> dict[str, dict[str, Any]]:
    return {one["kind"]: one for one in documents(tree, "deploy/kubernetes/")}


@pytest.fixture(params=CHOICES, name="tree")
def _tree(request: pytest.FixtureRequest) -> Tree:
    return made(request.param)


FORMATS = {
    "compose.yaml": "compose-spec.json",
    ".gitlab-ci.yml": "gitlab-ci.json",
    ".github/workflows/ci.yml": "github-workflows.json",
    ".github/workflows/release.yml": "github-workflows.json",
    ".github/dependabot.yml": "dependabot.json",
    "server.json": "server.schema.json",
    ".devcontainer/devcontainer.json": "devContainer.base.schema.json",
}


@pytest.mark.parametrize("path", FORMATS)
def test_files_fulfil_their_schema(tree: Tree, path: str) -> None:
    assert problems(FORMATS[path], loaded(tree[path].text)) == []


@pytest.mark.parametrize("path", FORMATS)
@pytest.mark.parametrize("name", NAMES)
def test_any_name_and_text_does(path: str, name: str) -> None:
    for text in HOSTILE:
        try:
            tree = made("production", name, text)
        except ForgeError:
            continue
        document = loaded(tree[path].text)
        assert problems(FORMATS[path], document) == [], text


BROKEN: dict[str, dict[str, Any]] = {
    "compose.yaml": {"services": {"server": {"image": 1, "prots": []}}},
    ".gitlab-ci.yml": {"test": {"stage": [], "script": 1}},
    ".github/workflows/ci.yml": {"on": "pushed"},
    ".github/dependabot.yml": {"version": 3},
    "server.json": {"name": "no-namespace"},
    ".devcontainer/devcontainer.json": {"forwardPorts": "all"},
}


@pytest.mark.parametrize("path", BROKEN)
def test_the_schemas_find_mistakes(path: str) -> None:
    document = loaded(made("alone")[path].text)
    assert problems(FORMATS[path], {**document, **BROKEN[path]})


@pytest.mark.parametrize("version", VERSIONS)
def test_kubernetes_takes_the_manifests(tree: Tree, version: str) -> None:
    found = [one for one in documents(tree, "deploy/kubernetes/") if one["kind"] != "Kustomization"]
    assert len(found) >= 4
    assert [kubernetes_problem(one, version) for one in found] == [""] * len(found)


def test_kubernetes_would_refuse_mistakes() -> None:
    deployment = deepcopy(kinds(made("alone"))["Deployment"])
    pod = deployment["spec"]["template"]["spec"]
    pod["containers"][0]["resurces"] = pod["containers"][0].pop("resources")
    assert "resurces" in kubernetes_problem(deployment, VERSIONS[-1])


@pytest.mark.parametrize("name", NAMES)
def test_names_in_kubernetes_are_labels(name: str) -> None:
    """RFC 1035 for Services; nothing that YAML takes for another thing than a text."""
    for one in documents(made("alone", name), "deploy/kubernetes/"):
        if one["kind"] != "Kustomization":
            assert re.fullmatch(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?", one["metadata"]["name"])


def test_the_kustomization_names_all_manifests(tree: Tree) -> None:
    folder = "deploy/kubernetes/"
    there = {path.removeprefix(folder) for path in tree if path.startswith(folder)}
    listed = yaml.safe_load(tree[f"{folder}kustomization.yaml"].text)["resources"]
    assert {*listed, "kustomization.yaml"} == there


def container(deployment: dict[str, Any]) -> dict[str, Any]:
    (found,) = deployment["spec"]["template"]["spec"]["containers"]
    assert isinstance(found, dict)
    return found


def test_secrets_are_referred_to(tree: Tree) -> None:
    one = container(kinds(tree)["Deployment"])
    assert all("secretKeyRef" in entry["valueFrom"] for entry in one.get("env", ()))
    assert "Secret" not in kinds(tree)
    config = kinds(tree)["ConfigMap"]["data"]
    assert not {entry["name"] for entry in one.get("env", ())} & set(config)
    assert all(isinstance(value, str) for value in config.values())


def test_probes_send_an_allowed_host(tree: Tree) -> None:
    one = container(kinds(tree)["Deployment"])
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        assert {"name": "Host", "value": "localhost"} in one[probe]["httpGet"]["httpHeaders"]


def test_the_pod_is_unprivileged(tree: Tree) -> None:
    deployment = kinds(tree)["Deployment"]
    one, pod = container(deployment), deployment["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"]
    assert one["securityContext"]["readOnlyRootFilesystem"]
    assert one["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert not pod["automountServiceAccountToken"]
    assert not pod["enableServiceLinks"]
    assert set(one["resources"]) == {"requests", "limits"}
    mounted = {mount["name"] for mount in one["volumeMounts"]}
    assert mounted == {volume["name"] for volume in pod["volumes"]}


def test_vault_may_hold_the_secrets_and_know_the_pod() -> None:
    answers = Answers("weather", features=("kubernetes", "vault-secrets", "github", "redis"))
    deployment = kinds(render(answers, CATALOG).tree)["Deployment"]
    assert deployment["spec"]["template"]["spec"]["automountServiceAccountToken"]
    entries = container(deployment)["env"]
    assert all(entry["valueFrom"]["secretKeyRef"]["optional"] for entry in entries)


ON_DISK = {"filetree", "duckdb", "rocksdb"}


@pytest.mark.parametrize("store", ["alone", *STORES])
def test_only_what_shares_its_store_scales(store: str) -> None:
    found = kinds(made(store))
    deployment = found["Deployment"]["spec"]
    scales = store not in {"alone", "memory", *ON_DISK}
    assert ("HorizontalPodAutoscaler" in found) == scales
    assert ("PodDisruptionBudget" in found) == scales
    assert ("replicas" in deployment) == (not scales)
    assert deployment.get("replicas", 1) == 1
    assert deployment["strategy"]["type"] == ("RollingUpdate" if scales else "Recreate")
    assert ("PersistentVolumeClaim" in found) == (store in ON_DISK)


def services(tree: Tree) -> dict[str, dict[str, Any]]:
    found = yaml.safe_load(tree["compose.yaml"].text)["services"]
    assert isinstance(found, dict)
    return found


def test_compose_refers_to_what_is_there(tree: Tree) -> None:
    compose = yaml.safe_load(tree["compose.yaml"].text)
    for name, service in compose["services"].items():
        assert set(service.get("depends_on", {})) <= set(compose["services"])
        assert set(service.get("networks", ())) <= set(compose.get("networks", {}))
        for mount in service.get("volumes", ()):
            assert mount.split(":")[0] in compose["volumes"]
        assert "healthcheck" in service or name == "server"  # whose image has one
        assert service.get("security_opt") == ["no-new-privileges:true"]
        for port in service.get("ports", ()):
            assert port.startswith("127.0.0.1:")
    mounts = [mount for one in compose["services"].values() for mount in one.get("volumes", ())]
    used = {mount.split(":")[0] for mount in mounts}
    assert used == set(compose.get("volumes", {}))


def test_the_server_waits_for_what_it_is_told_of(tree: Tree) -> None:
    found = services(tree)
    server = found["server"]
    told = " ".join(map(str, server["environment"].values()))
    for name in set(found) - {"server", "gateway"}:
        assert server["depends_on"][name] == {"condition": "service_healthy"}
        assert re.search(rf"\b{name}\b", told)
        assert "ports" not in found[name]
        assert "stores" in server["networks"]
    assert server["read_only"]
    assert server["user"] == "10001:10001"
    assert server["environment"][next(iter(server["environment"]))].startswith("server,")


def test_every_variable_of_the_server_is_a_setting() -> None:
    for choice, features in CHOICES.items():
        answers = Answers("weather", features=features)
        rendered = render(answers, CATALOG)
        known = {setting.env for setting in rendered.slots.settings}
        assert set(services(rendered.tree)["server"]["environment"]) <= known, choice
        config = kinds(rendered.tree)["ConfigMap"]["data"]
        assert set(config) <= known, choice


def test_the_gateway_is_there_when_it_is_asked_for() -> None:
    assert "gateway" not in services(made("alone"))
    gateway = services(made("production"))["gateway"]
    assert gateway["profiles"] == ["gateway"]
    assert gateway["depends_on"] == {"server": {"condition": "service_healthy"}}
    values = json.dumps(gateway["environment"])
    assert not {"JWT_SECRET_KEY", "PASSWORD"} & set(re.findall(r"[A-Z_]+", values))


def images(text: str) -> list[str]:
    return re.findall(r"^\s*(?:FROM|image:|- image:)\s+[\"']?([^\s\"']+)", text, re.M)


# Spelled in two parts, so that this file names none of them either.
HOSTS = [
    f"{name}.{top}"
    for top, names in {
        "io": ("ghcr", "docker", "quay", "gcr"),
        "org": ("pypi", "registry.npmjs"),
        "com": ("mcr.microsoft",),
    }.items()
    for name in names
]


def test_no_file_names_a_registry(tree: Tree) -> None:
    found = []
    for path, file in tree.items():
        assert not [host for host in HOSTS if re.search(rf"\b{host}\b", file.text)], path
        found += images(file.text)
    assert found
    for image in found:
        first = image.split("/")[0]
        assert "/" not in image or not re.search(r"[.:]", first), image

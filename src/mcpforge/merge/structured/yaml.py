"""YAML by key."""

from __future__ import annotations


def check_keys(text: str) -> None:
    """Raise `ValueError` for a key that stands twice in one mapping."""
    import yaml

    for document in yaml.compose_all(text, Loader=yaml.SafeLoader):
        _check(document)


def _check(node: object) -> None:
    import yaml

    if isinstance(node, yaml.MappingNode):
        keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        if len(keys) != len(set(keys)):
            raise ValueError
        for _, value in node.value:
            _check(value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _check(item)

"""The store: a folder with one file for each entry."""

from key_value.aio.stores.filetree import (
    FileTreeStore,
    FileTreeV1CollectionSanitizationStrategy,
    FileTreeV1KeySanitizationStrategy,
)

from ..settings import Settings


def open_store(settings: Settings) -> FileTreeStore:
    """Return the store; any text is a safe key, its file name is made of it."""
    folder = settings.storage_path.resolve()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return FileTreeStore(
        data_directory=folder,
        key_sanitization_strategy=FileTreeV1KeySanitizationStrategy(folder),
        collection_sanitization_strategy=FileTreeV1CollectionSanitizationStrategy(folder),
    )

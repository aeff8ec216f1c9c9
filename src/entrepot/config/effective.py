"""Settings as config.yml would say them."""

from dataclasses import fields, is_dataclass
from typing import Any

from entrepot.config.durations import format_duration
from entrepot.config.masking import mask
from entrepot.config.settings import Settings


def effective(settings: Settings) -> dict[str, Any]:
    """Write settings as a configuration that gives the same settings, secrets masked.

    Args:
        settings: all of them.

    Returns:
        Mappings, lists, texts, numbers and switches, named as in config.yml; without what is not
        set and has no default.
    """
    tree: dict[str, Any] = {"version": 0.1, **_plain(settings)}
    storage = tree["storage"]
    driver = storage.pop("driver")
    content = storage.pop("filesystem")
    # A driver is chosen by its name, as in Docker Registry.
    tree["storage"] = {driver: content if driver == "filesystem" else {}, **storage}
    if settings.database_path is not None:
        tree["database"]["sqlite"]["path"] = settings.database_path
    return {name: mask(value, name) for name, value in tree.items()}


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        named = ((field.name, getattr(value, field.name)) for field in fields(value))
        return {name: _plain(item) for name, item in named if item is not None}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    # Every number with a fraction among the settings is a duration.
    return format_duration(value) if isinstance(value, float) else value

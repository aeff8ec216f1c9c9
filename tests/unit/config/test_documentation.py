"""The table of keys: what the documentation prints is what the loader does."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

from entrepot.config.documentation import insert
from entrepot.config.keys import KEYS, Status
from entrepot.config.settings import Settings

DOCUMENT = Path(__file__).parents[3] / "docs/configuration.md"
# Said otherwise in the settings than in the file.
IN_THE_FILE_ONLY = {"version", "loglevel", "auth.none", "storage.inmemory"}
IN_THE_SETTINGS_ONLY = {"storage.driver"}


def _names(settings: Any, path: str = "") -> Iterator[str]:
    hints = get_type_hints(settings, include_extras=False)
    for field in fields(settings):
        here, hint = f"{path}{field.name}", hints[field.name]
        inside = next((arg for arg in get_args(hint) if is_dataclass(arg)), None)
        if is_dataclass(hint):
            yield from _names(hint, f"{here}.")
        elif inside is not None:
            yield from _names(inside, f"{here}[]." if get_origin(hint) is tuple else f"{here}.")
        else:
            yield here


def test_the_document_has_the_table_of_this_program() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    assert insert(text) == text, (
        "run: python -m entrepot.config.documentation docs/configuration.md"
    )


def test_keys_that_work_are_settings_and_settings_are_keys_that_work() -> None:
    works = {key.path.removesuffix(".*") for key in KEYS if key.status is Status.WORKS}
    assert works - IN_THE_FILE_ONLY == set(_names(Settings)) - IN_THE_SETTINGS_ONLY


def test_every_key_stands_once() -> None:
    paths = [key.path for key in KEYS]
    assert len(paths) == len(set(paths))


def test_every_key_that_is_not_acted_on_has_a_reason() -> None:
    for key in KEYS:
        if key.status is not Status.WORKS and not key.note:
            assert any(key.path.startswith(other.path) for other in KEYS if other.note), key.path

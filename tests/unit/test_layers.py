"""The import rules of pyproject.toml, docs/design.md."""

import logging
from pathlib import Path

from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"


def test_imports_run_downwards_only_and_only_assembly_names_a_driver() -> None:
    heard = [logger for logger in _loggers() if not logger.disabled]
    status = lint_imports(config_filename=str(PYPROJECT), no_cache=True)
    for logger in heard:  # import-linter sets up logging for itself, and silences all others
        logger.disabled = False
    assert status == EXIT_STATUS_SUCCESS, "the report above names the import that broke a rule"


def _loggers() -> list[logging.Logger]:
    known = logging.root.manager.loggerDict.values()
    return [logger for logger in known if isinstance(logger, logging.Logger)]

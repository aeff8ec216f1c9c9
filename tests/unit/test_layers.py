"""The import rules of pyproject.toml, docs/design.md."""

from pathlib import Path

from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"


def test_imports_run_downwards_only_and_only_assembly_names_a_driver() -> None:
    status = lint_imports(config_filename=str(PYPROJECT), no_cache=True)
    assert status == EXIT_STATUS_SUCCESS, "the report above names the import that broke a rule"

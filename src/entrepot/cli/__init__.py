"""The command line: one command a file, put together in ``program``."""


def main() -> None:
    """Run ``entrepot`` and leave the process."""
    from entrepot.cli.program import run

    run()

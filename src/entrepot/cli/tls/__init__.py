"""``entrepot tls``: one command a file."""

from entrepot.cli.tls.selfsigned import selfsigned

__all__ = ["selfsigned"]

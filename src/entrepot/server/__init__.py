"""Granian: a supervisor, its workers, signals, shutdown."""

from entrepot.server.supervisor import run

__all__ = ["run"]

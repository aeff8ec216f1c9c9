"""Snapshots of the metadata, and what is true again when one is put in its place."""

from entrepot.services.backup.take import Backup, Interrupted, write_checked

__all__ = ["Backup", "Interrupted", "write_checked"]

"""Metadata and upload sessions in SQLite files."""

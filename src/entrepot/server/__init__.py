"""Granian: workers, signals, shutdown."""

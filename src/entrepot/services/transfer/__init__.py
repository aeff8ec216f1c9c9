"""Leaving for another registry, and coming from one."""

"""The rules of a registry, one use case a module."""

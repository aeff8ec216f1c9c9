"""Blob storage in a directory, in Docker Registry's own layout."""

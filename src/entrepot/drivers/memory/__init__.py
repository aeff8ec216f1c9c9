"""Blob storage in the memory of one process: for tests, and Docker Registry's `inmemory`."""

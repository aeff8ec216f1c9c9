"""Reads what stands in requests, once, at the edge."""

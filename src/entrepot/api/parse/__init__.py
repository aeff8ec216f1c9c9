"""Parses requests, once, at the edge."""

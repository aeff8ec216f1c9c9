"""Kills a registry again and again under clients that push, and holds it to what it has said."""

"""Writes, each atomic and keyword-only."""

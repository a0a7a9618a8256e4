"""Emulate the foreign identity providers over real HTTP, for development and tests only."""

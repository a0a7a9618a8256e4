"""Emulate QQ Connect as QQ's own documents and other people's recorded answers show it."""

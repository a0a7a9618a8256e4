"""Tokens of connected accounts, sealed at rest."""

from consumer_site.vault.cipher import UnsealError
from consumer_site.vault.connections import Connection, bearer, connection_for, register
from consumer_site.vault.store import forget, load, save
from consumer_site.vault.token_set import TokenSet

__all__ = [
    "Connection",
    "TokenSet",
    "UnsealError",
    "bearer",
    "connection_for",
    "forget",
    "load",
    "register",
    "save",
]

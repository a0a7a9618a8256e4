"""Tokens of connected accounts, sealed at rest, and an HTTP client that uses and renews them."""

from consumer_site.vault.cipher import UnsealError
from consumer_site.vault.client import VaultClient, client
from consumer_site.vault.columns import SealedColumn, register_sealed
from consumer_site.vault.connections import Connection, bearer, connection_for, register
from consumer_site.vault.refresh import Pace, TransactionOpen, fresh_tokens
from consumer_site.vault.revocation import last_tokens, revoke
from consumer_site.vault.store import forget, load, save
from consumer_site.vault.token_set import TokenSet
from consumer_site.vault.tracebacks import without_locals

__all__ = [
    "Connection",
    "Pace",
    "SealedColumn",
    "TokenSet",
    "TransactionOpen",
    "UnsealError",
    "VaultClient",
    "bearer",
    "client",
    "connection_for",
    "forget",
    "fresh_tokens",
    "last_tokens",
    "load",
    "register",
    "register_sealed",
    "revoke",
    "save",
    "without_locals",
]

"""Tokens of connected accounts, sealed at rest."""

from consumer_site.vault.cipher import UnsealError
from consumer_site.vault.refresh import Refresher, refresher_for, register_refresher
from consumer_site.vault.store import TokenSet, forget, load, save

__all__ = ["Refresher", "TokenSet", "UnsealError", "forget", "load", "refresher_for", "register_refresher", "save"]

"""The admin pages of this app; importing them registers them, and replaces what allauth shows of secrets."""

from consumer_site.admin import client_keys, providers, sessions, tokens

__all__ = ["client_keys", "providers", "sessions", "tokens"]

"""The admin pages of this app; importing them registers them."""

from provider_site.admin import audit, consents, keys, outbox, profiles

__all__ = ["audit", "consents", "keys", "outbox", "profiles"]

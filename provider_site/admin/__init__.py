"""The admin pages of this app; importing them registers them, and names what django-oauth-toolkit registers."""

from provider_site.admin import (
    audit,
    consents,
    devices,
    dot_names,
    keys,
    members,
    outbox,
    profiles,
    resource_servers,
    reviews,
    sessions,
    usage,
)

__all__ = [
    "audit",
    "consents",
    "devices",
    "dot_names",
    "keys",
    "members",
    "outbox",
    "profiles",
    "resource_servers",
    "reviews",
    "sessions",
    "usage",
]

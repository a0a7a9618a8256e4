"""Find providers that are configured more than once, or twice over in two ways."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from consumer_site.conf import consumer_settings
from consumer_site.social_apps import HOUSE, provider_id_of, settings_of

if TYPE_CHECKING:
    from allauth.socialaccount.models import SocialApp


@dataclass(frozen=True, slots=True)
class Duplicate:
    """One thing that is configured more than once; `key` is the keyword of its system check, `rows` are their keys."""

    key: str
    subject: str
    text: str | Promise
    rows: frozenset[Any]

    def __str__(self) -> str:
        return str(self.text) % {"subject": self.subject}


def in_settings() -> dict[str, set[str]]:
    """Return the provider ids that the settings configure, each with the names of the settings that do."""
    found: dict[str, set[str]] = defaultdict(set)
    for name, options in (getattr(settings, "SOCIALACCOUNT_PROVIDERS", None) or {}).items():
        apps = options.get("APPS")
        if apps is None:
            apps = [options["APP"]] if options.get("APP") else []
        for app in apps:
            found[app.get("provider_id") or name].add("SOCIALACCOUNT_PROVIDERS")
    for entry in consumer_settings.HOUSE:
        found[entry.id or HOUSE].add('CONSUMER_SITE["HOUSE"]')
    return dict(found)


def duplicates(rows: Iterable[SocialApp]) -> list[Duplicate]:
    """Return what of the rows is configured twice: with the settings, with each other, or at one issuer."""
    rows = list(rows)
    return [*_with_settings(rows), *_with_each_other(rows), *_issuers(rows)]


def _with_settings(rows: list[SocialApp]) -> list[Duplicate]:
    elsewhere = in_settings()
    by_id: dict[str, list[SocialApp]] = defaultdict(list)
    for row in rows:
        by_id[provider_id_of(row)].append(row)
    text = _("%(subject)s is configured here and in the settings. The entry here is used, the settings are not.")
    return [
        Duplicate("settings", own, text, frozenset(row.pk for row in found))
        for own, found in sorted(by_id.items())
        if own in elsewhere
    ]


def _with_each_other(rows: list[SocialApp]) -> list[Duplicate]:
    places: dict[tuple[str, bool], list[SocialApp]] = defaultdict(list)
    for row in rows:
        if not settings_of(row).get("hidden"):
            places[provider_id_of(row), bool(settings_of(row).get("inside"))].append(row)
    text = _("%(subject)s has more than one entry, so nobody can sign in with it. Delete all but one, or hide them.")
    return [
        Duplicate("rows", own, text, frozenset(row.pk for row in found))
        for (own, _inside), found in sorted(places.items())
        if len(found) > 1
    ]


def _issuers(rows: list[SocialApp]) -> list[Duplicate]:
    issuers: dict[str, list[Any]] = defaultdict(list)
    for row in rows:
        address = settings_of(row).get("server_url")
        if row.provider == HOUSE and isinstance(address, str) and address:
            issuers[address.rstrip("/")].append(row.pk)
    own = {row.provider_id or HOUSE for row in rows if row.provider == HOUSE}
    for entry in consumer_settings.HOUSE:
        if (entry.id or HOUSE) not in own:
            issuers[entry.server_url.rstrip("/")].append(None)
    text = _("%(subject)s is the issuer of more than one entry, so one person has an account for each of them.")
    return [
        Duplicate("issuer", issuer, text, frozenset(key for key in found if key is not None))
        for issuer, found in sorted(issuers.items())
        if len(found) > 1
    ]

"""Say in plain words what a person shared with this site, and what not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from consumer_site.models import StoredToken

if TYPE_CHECKING:
    from allauth.socialaccount.models import SocialAccount

# openid only says that somebody signs in, which is what the person is doing.
_UNSPOKEN = frozenset({"openid"})
_WORDS: dict[str, tuple[str | Promise, str | Promise]] = {
    "nickname": (_("Nickname"), _("The calendar greets you with it.")),
    "avatar": (_("Picture"), _("The calendar shows it beside your nickname.")),
    "profile": (_("Profile"), _("The calendar shows your name and picture.")),
    "email": (_("E-mail address"), _("The calendar knows how to write to you.")),
    "offline_access": (
        _("Access while you are away"),
        _("The calendar can keep your nickname and picture up to date."),
    ),
    **dict.fromkeys(
        ("get_user_info", "snsapi_login", "snsapi_userinfo"),
        (_("Nickname and picture"), _("The calendar greets you with them.")),
    ),
    "read:user": (_("Profile"), _("The calendar shows your name and picture.")),
    "user:email": (_("E-mail address"), _("The calendar knows how to write to you.")),
}


@dataclass(frozen=True, slots=True)
class Grant:
    """One thing that was asked for."""

    scope: str
    name: str | Promise
    purpose: str | Promise
    granted: bool


@dataclass(frozen=True, slots=True)
class Grants:
    """What one connected account shares; `known` is False when the provider does not say."""

    provider: Any
    rows: tuple[Grant, ...]

    @property
    def anything_declined(self) -> bool:
        """Return whether something that was asked for is not shared."""
        return any(not row.granted for row in self.rows)


def grants_of(account: SocialAccount, provider: Any) -> Grants:
    """Return what was asked for and what of it was granted; a provider that names no scopes granted all of them."""
    asked = [scope for scope in provider.get_scope() if scope not in _UNSPOKEN]
    stored = StoredToken.objects.filter(account=account).values_list("scope", flat=True).first()
    granted = set(stored.split()) if stored else set(asked)
    return Grants(provider=provider, rows=tuple(_row(scope, scope in granted) for scope in asked))


def _row(scope: str, granted: bool) -> Grant:
    name, purpose = _WORDS.get(scope, (scope, ""))
    return Grant(scope=scope, name=name, purpose=purpose, granted=granted)

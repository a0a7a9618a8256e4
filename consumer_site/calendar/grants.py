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
# What comes with every sign-in, whatever is asked for.
_UNASKED = {"github": ("public profile",)}
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
    "public profile": (_("Profile"), _("The calendar shows your name and picture.")),
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
    """What one connected account shares."""

    provider: Any
    rows: tuple[Grant, ...]

    @property
    def anything_declined(self) -> bool:
        """Return whether something that was asked for is not shared."""
        return any(not row.granted for row in self.rows)


def grants_of(account: SocialAccount, provider: Any) -> Grants:
    """Return what the sign-in asked for and what of it was granted.

    Where neither was noted, as with tokens that came from elsewhere, it counts as what is asked for today.
    """
    noted = StoredToken.objects.filter(account=account).values_list("asked_scope", "scope").first() or ("", "")
    asked = noted[0].split() or list(provider.get_scope())
    granted = set(noted[1].split()) if any(noted) else set(asked)
    rows = [_row(scope, granted=scope in granted) for scope in asked if scope not in _UNSPOKEN]
    always = [_row(scope, granted=True) for scope in _UNASKED.get(provider.id, ())]
    named = {row.name for row in rows}
    return Grants(provider=provider, rows=(*(row for row in always if row.name not in named), *rows))


def _row(scope: str, *, granted: bool) -> Grant:
    name, purpose = _WORDS.get(scope, (scope, ""))
    return Grant(scope=scope, name=name, purpose=purpose, granted=granted)

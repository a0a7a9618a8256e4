"""Know who can refresh which provider's tokens; connectors register here, so that the vault imports none of them.

No connector registers one yet, for the calendar needs a token at sign-in alone. The first feature that calls a provider
later will, and mark `StoredToken.needs_sign_in` where the refresher is refused for good.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from consumer_site.vault.store import TokenSet

if TYPE_CHECKING:
    from allauth.socialaccount.models import SocialAccount


class Refresher(Protocol):
    """Ask the provider for new tokens.

    Raise errors.SignInError when the provider refuses for good, errors.OutboundError when it can't be reached.
    """

    def __call__(self, *, account: SocialAccount, refresh_token: str) -> TokenSet: ...


_refreshers: dict[str, Refresher] = {}


def register_refresher(provider: str, refresher: Refresher) -> None:
    """Make `refresher` responsible for accounts whose connector is `provider` (allauth's provider id)."""
    _refreshers[provider] = refresher


def refresher_for(provider: str) -> Refresher | None:
    """Return the registered refresher, or None."""
    return _refreshers.get(provider)

"""End an account's tokens at the service that issued them, once this site has let go of the account."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from django.core.exceptions import ImproperlyConfigured
from django.views.decorators.debug import sensitive_variables
from requests import RequestException

from consumer_site.errors import SignInError
from consumer_site.vault.cipher import UnsealError
from consumer_site.vault.connections import connection_for
from consumer_site.vault.store import load
from consumer_site.vault.token_set import TokenSet

if TYPE_CHECKING:
    from allauth.socialaccount.models import SocialAccount

logger = logging.getLogger("consumer_site.vault")


@sensitive_variables()
def last_tokens(account: SocialAccount) -> TokenSet | None:
    """Return the account's tokens to end them with, None when there are none that open: nobody is kept connected."""
    try:
        return load(account=account)
    except (UnsealError, ImproperlyConfigured):
        return None


@sensitive_variables()
def revoke(*, account: SocialAccount, tokens: TokenSet | None) -> None:
    """Ask the service to end `tokens`, if it takes such a wish (RFC 7009).

    The account is gone here already, whatever the service says: a failure is logged and raises nothing.
    """
    try:
        connection = connection_for(account)
        if tokens is not None and connection.revoke is not None:
            connection.revoke(account=account, tokens=tokens)
    except (SignInError, RequestException) as error:
        code = getattr(error, "code", type(error).__name__)
        logger.warning("tokens not ended at the provider: provider=%s code=%s", account.provider, code)

"""Take the tokens of a finished allauth sign-in into the vault, and seal those of an unfinished one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.views.decorators.debug import sensitive_variables

from consumer_site.vault import cipher
from consumer_site.vault.store import save
from consumer_site.vault.token_set import TokenSet

if TYPE_CHECKING:
    from allauth.socialaccount.models import SocialLogin

# The key under which a connector leaves the granted scopes, a list of strings, in a SocialLogin's state.
# Without it everything was granted that was asked for (RFC 6749 section 5.1).
GRANTED_SCOPE = "granted_scope"
# The same for what was asked for, where that is not what the provider is configured to ask for.
ASKED_SCOPE = "asked_scope"
_PENDING = "pending sign-up"
_SECRET_FIELDS = ("token", "token_secret")


@sensitive_variables()
def keep_tokens(sociallogin: SocialLogin) -> None:
    """Store the sign-in's tokens for its saved account; a sign-in without a token stores nothing."""
    token = sociallogin.token
    if token is None or not token.token or sociallogin.account.pk is None:
        return
    asked = _asked(sociallogin)
    granted = sociallogin.state.get(GRANTED_SCOPE, asked)
    save(
        account=sociallogin.account,
        asked=asked,
        tokens=TokenSet(
            access_token=token.token,
            refresh_token=token.token_secret or "",
            expires_at=token.expires_at,
            scope=tuple(str(scope) for scope in granted),
        ),
    )


def _asked(sociallogin: SocialLogin) -> tuple[str, ...]:
    scope = sociallogin.state.get(ASKED_SCOPE)
    if scope is None:
        # Only OAuth's providers have scopes.
        get_scope = getattr(sociallogin.provider, "get_scope", tuple)
        scope = get_scope()
    return tuple(str(name) for name in scope)


@sensitive_variables()
def seal_pending(data: dict[str, Any]) -> dict[str, Any]:
    """Return a serialized SocialToken for the session with its secrets sealed: sessions lie in the database."""
    secrets = json.dumps({name: data.get(name) or "" for name in _SECRET_FIELDS})
    rest = {name: value for name, value in data.items() if name not in _SECRET_FIELDS}
    return {**rest, "sealed": cipher.seal(secrets, binding=_PENDING)}


@sensitive_variables()
def unseal_pending(data: dict[str, Any]) -> dict[str, Any]:
    """Undo `seal_pending`; raise UnsealError when it was not made here."""
    rest = {name: value for name, value in data.items() if name != "sealed"}
    secrets: dict[str, Any] = json.loads(cipher.unseal(str(data.get("sealed", "")), binding=_PENDING))
    return {**rest, **secrets}

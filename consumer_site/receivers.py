"""What happens around allauth's sign-in and sign-out: tokens into the vault, the session bound to the provider's."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from allauth.account.signals import user_logged_in, user_logged_out
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.models import SocialAccount
from allauth.socialaccount.signals import social_account_added, social_account_removed
from django.contrib.auth import logout
from django.http import HttpRequest

from consumer_site.errors import NoTokens, SignInError
from consumer_site.logout import sessions
from consumer_site.pages import provider_form_targets, sign_in_error_page
from consumer_site.signals import signed_in
from consumer_site.vault.handover import keep_tokens

if TYPE_CHECKING:
    from allauth.socialaccount.models import SocialLogin
    from django.contrib.auth.models import AbstractBaseUser


def connect() -> None:
    """Connect the receivers; called once by the app."""
    user_logged_in.connect(after_sign_in, dispatch_uid="consumer_site.after_sign_in")
    social_account_added.connect(after_connect, dispatch_uid="consumer_site.after_connect")
    social_account_removed.connect(after_disconnect, dispatch_uid="consumer_site.after_disconnect")
    user_logged_out.connect(after_sign_out, dispatch_uid="consumer_site.after_sign_out")


def after_sign_in(
    request: HttpRequest, user: AbstractBaseUser, sociallogin: SocialLogin | None = None, **kwargs: Any
) -> None:
    """Bind the session, store the tokens, and tell the project; a sign-in without a connector is not ours."""
    if sociallogin is None or sociallogin.account.pk is None:
        return
    _bind(request, user, sociallogin)
    _keep(sociallogin)
    signed_in.send(SocialAccount, request=request, user=user, account=sociallogin.account)


def after_connect(request: HttpRequest, sociallogin: SocialLogin, **kwargs: Any) -> None:
    """Store the tokens of an account that a signed-in person connected."""
    _keep(sociallogin)


def after_disconnect(request: HttpRequest, socialaccount: SocialAccount, **kwargs: Any) -> None:
    """Keep the person signed in who disconnects the very account that they signed in with."""
    sessions.keep(request, without=socialaccount)


def after_sign_out(request: HttpRequest | None, **kwargs: Any) -> None:
    """Forget the binding of the session that ends."""
    if request is not None and hasattr(request, "session"):
        sessions.release(request)


def _keep(sociallogin: SocialLogin) -> None:
    with suppress(NoTokens):  # disconnected at this very moment: there is nothing to keep them for
        keep_tokens(sociallogin)


def _bind(request: HttpRequest, user: Any, sociallogin: SocialLogin) -> None:
    """Bind the session, or undo the sign-in: allauth is past the point where an error of ours becomes a page."""
    try:
        sessions.bind(request, user, sociallogin)
    except SignInError as error:
        logout(request)
        page = sign_in_error_page(request, error, provider=sociallogin.provider, form_action=provider_form_targets())
        raise ImmediateHttpResponse(page) from error

"""What happens around allauth's sign-in and sign-out: tokens into the vault, the session bound to the provider's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from allauth.account.signals import user_logged_in, user_logged_out
from allauth.socialaccount.models import SocialAccount
from allauth.socialaccount.signals import social_account_added
from django.http import HttpRequest

from consumer_site.models import SessionLink
from consumer_site.signals import signed_in
from consumer_site.vault.handover import keep_tokens

if TYPE_CHECKING:
    from allauth.socialaccount.models import SocialLogin
    from django.contrib.auth.models import AbstractBaseUser


def connect() -> None:
    """Connect the receivers; called once by the app."""
    user_logged_in.connect(after_sign_in, dispatch_uid="consumer_site.after_sign_in")
    social_account_added.connect(after_connect, dispatch_uid="consumer_site.after_connect")
    user_logged_out.connect(after_sign_out, dispatch_uid="consumer_site.after_sign_out")


def after_sign_in(
    request: HttpRequest, user: AbstractBaseUser, sociallogin: SocialLogin | None = None, **kwargs: Any
) -> None:
    """Store the tokens, bind the session, and tell the project; a sign-in without a connector is not ours."""
    if sociallogin is None or sociallogin.account.pk is None:
        return
    keep_tokens(sociallogin)
    _bind_session(request, user, sociallogin)
    signed_in.send(SocialAccount, request=request, user=user, account=sociallogin.account)


def after_connect(request: HttpRequest, sociallogin: SocialLogin, **kwargs: Any) -> None:
    """Store the tokens of an account that a signed-in person connected."""
    keep_tokens(sociallogin)


def after_sign_out(request: HttpRequest | None, **kwargs: Any) -> None:
    """Forget the binding of the session that ends."""
    session_key = getattr(getattr(request, "session", None), "session_key", None)
    if session_key:
        SessionLink.objects.filter(session_key=session_key).delete()


def _bind_session(request: HttpRequest, user: Any, sociallogin: SocialLogin) -> None:
    session_key, issuer = request.session.session_key, sociallogin.state.get("issuer")
    # Sessions that live in a cookie have no key, and can't be ended from here.
    if not session_key or not issuer:
        return
    SessionLink.objects.update_or_create(
        session_key=session_key,
        defaults={
            "user": user,
            "account": sociallogin.account,
            "issuer": issuer,
            "subject": sociallogin.state.get("subject", ""),
            "sid": sociallogin.state.get("sid", ""),
        },
    )

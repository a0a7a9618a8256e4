"""allauth's sign-in, written upon rows as they are now.

allauth reads an account and saves it whole, and saves the whole user when one is connected. What changed between its
reading and its saving would be undone: an account that was disconnected or moved would be back where it was, and a user
who was closed, or had lost rights, would have everything again. A callback waits for a provider in between.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from allauth.socialaccount.models import SocialAccount, SocialLogin
from django.contrib.auth import get_user_model
from django.db import IntegrityError, transaction
from django.utils import timezone

from consumer_site.errors import AccountRace, StateLost

if TYPE_CHECKING:
    from django.http import HttpRequest


def write_upon_current_rows(sociallogin: SocialLogin) -> None:
    """Make a sign-in of allauth's, which its providers make themselves, one of this kind."""
    if type(sociallogin) is SocialLogin:
        sociallogin.__class__ = CurrentSocialLogin


class CurrentSocialLogin(SocialLogin):  # type: ignore[misc]  # allauth is untyped
    """A sign-in that changes nothing but its account, and adds one to nobody who is closed."""

    user: Any

    def lookup(self) -> None:
        """Find the account and renew what is known of it, while nobody disconnects or moves it."""
        with transaction.atomic():
            # A write comes first: it locks the row in every engine, until what allauth read is saved.
            named = SocialAccount.objects.filter(provider=self.account.provider, uid=self.account.uid)
            named.update(last_login=timezone.now())
            super().lookup()

    def save(self, request: HttpRequest, connect: bool = False) -> None:
        """Save; when connecting, upon the user as it is now. Raise StateLost for a closed one, else AccountRace."""
        if not connect:
            super().save(request)
            return
        try:
            with transaction.atomic():
                users = get_user_model()._default_manager.select_for_update()
                self.user = users.filter(pk=self.user.pk).first()
                if self.user is None or not self.user.is_active:
                    raise StateLost("the account was closed before the connection was finished")
                super().save(request, connect=True)
        except IntegrityError as error:
            raise AccountRace("the link was made by another request") from error

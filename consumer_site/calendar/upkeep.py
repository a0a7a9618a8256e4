"""Bring what the calendar knows of a person up to date, in their absence too: the vault's client asks the provider."""

from __future__ import annotations

from typing import TYPE_CHECKING

from allauth.socialaccount.models import SocialAccount
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from requests import RequestException

from consumer_site import vault
from consumer_site.calendar.connected import provider_of
from consumer_site.calendar.people import signed_in_account
from consumer_site.errors import NoTokens, OutboundError, SignInError, SignInNeeded, Unreachable
from consumer_site.pages import provider_form_targets, see_other, sign_in_error_page

if TYPE_CHECKING:
    from collections.abc import Iterable


def bring_up_to_date(account: SocialAccount) -> bool:
    """Store what the provider shows of the account now; return whether anything is new.

    Raise SignInNeeded when the provider no longer lets this site ask, another SignInError or an OutboundError when it
    could not be asked.
    """
    profile = vault.connection_for(account).profile
    if profile is None:
        raise NoTokens(f"{account.provider} shows nothing later than the sign-in")
    with vault.client(account.user, account.provider, account=account) as caller:
        data = profile(account=account, client=caller)
    # One conditional write: a sign-in of this moment has newer data than this answer.
    return bool(
        data != account.extra_data
        and SocialAccount.objects.filter(pk=account.pk, last_login=account.last_login).update(extra_data=data)
    )


def accounts_to_keep_up() -> Iterable[SocialAccount]:
    """Yield every account whose provider still lets this site ask, oldest first, few at a time."""
    accounts = SocialAccount.objects.filter(
        stored_token__isnull=False, stored_token__needs_sign_in=False, user__is_active=True
    )
    last = 0
    while batch := list(accounts.filter(pk__gt=last).select_related("user").order_by("pk")[:100]):
        yield from batch
        last = batch[-1].pk


@login_required(login_url="consumer_site:sign-in")
@require_POST
def bring_mine_up_to_date(request: HttpRequest) -> HttpResponse:
    """Ask the provider of this sign-in once more, and show the calendar."""
    account = signed_in_account(request)
    if account is not None:
        try:
            new = bring_up_to_date(account)
        except (SignInError, RequestException) as error:
            return _failed(request, account, error)
        messages.info(request, _("Your details are up to date again.") if new else _("Nothing has changed."))
    return see_other(reverse("consumer_site:calendar"))


def _failed(request: HttpRequest, account: SocialAccount, error: Exception) -> HttpResponse:
    if not isinstance(error, SignInError):
        known = isinstance(error, OutboundError)
        error = Unreachable(str(error) if known else type(error).__name__)
    if not isinstance(error, SignInNeeded):
        error.title = _("That did not work")  # nobody was signing in
    return sign_in_error_page(
        request,
        error,
        provider=provider_of(account, request),
        next_url=reverse("consumer_site:calendar"),
        process="login",
        form_action=provider_form_targets(),
    )

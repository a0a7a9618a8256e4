"""Signing in to the calendar, and the accounts that one signs in with."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.forms import DisconnectForm
from allauth.socialaccount.models import SocialAccount, SocialApp
from allauth.socialaccount.signals import social_account_removed
from django.contrib.auth import get_user_model
from django.contrib.auth.decorators import login_not_required, login_required
from django.core.exceptions import MultipleObjectsReturned
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_safe

from consumer_site import vault
from consumer_site.calendar.connected import connected_accounts
from consumer_site.conf import consumer_settings
from consumer_site.linking import connecting
from consumer_site.pages import local_next, page, provider_form_targets, see_other


@dataclass(frozen=True, slots=True)
class Choice:
    """One way to sign in; `emulator` is where a development twin answers instead of the real service."""

    id: str
    name: str
    url: str
    emulator: str


def choices(request: HttpRequest) -> list[Choice]:
    """Return the configured connectors."""
    found = []
    for provider in get_adapter(request).list_providers(request):
        app = provider.app
        # Hidden is also WeChat's entry for its own browser, beside a website's that has the button for both.
        if app is not None and app.settings.get("hidden"):
            continue
        found.append(
            Choice(
                id=provider.sub_id,
                name=str(app.name or provider.name) if app else str(provider.name),
                url=provider.get_login_url(request),
                emulator=_emulator_of(provider),
            )
        )
    return found


def _emulator_of(provider: Any) -> str:
    """Return the host that answers in a provider's place, empty for the real one."""
    bases = {
        "qq": consumer_settings.QQ_BASE_URLS,
        "weixin": consumer_settings.WEIXIN_BASE_URLS,
        # An Enterprise Server, over https, is no emulator.
        "github": {key: base for key, base in consumer_settings.GITHUB_BASE_URLS.items() if base.startswith("http:")},
    }
    return urlsplit(bases.get(provider.id, {}).get(provider.app.client_id, "")).netloc if provider.app else ""


def next_address(request: HttpRequest) -> str:
    """Return the address on this host that the person wanted, else the calendar's."""
    return local_next(request) or reverse("consumer_site:calendar")


@login_not_required
@require_safe
def sign_in(request: HttpRequest) -> HttpResponse:
    """Offer the connectors; whoever is signed in already goes on."""
    target = next_address(request)
    if request.user.is_authenticated:
        return HttpResponseRedirect(target)
    context = {"choices": choices(request), "next_url": target}
    return page(request, "consumer_site/sign_in.html", context, form_action=provider_form_targets())


@login_required(login_url="consumer_site:sign-in")
@require_http_methods(["GET", "HEAD", "POST"])
def connections(request: HttpRequest) -> HttpResponse:
    """Show the connected accounts, connect another, disconnect one."""
    form = DisconnectForm(request=request)
    if request.method == "POST":
        form = _disconnect(request)
        if not form.errors:
            return see_other(reverse("consumer_site:connections"))
    connected = connected_accounts(request)
    context: dict[str, Any] = {
        "form": form,
        "connected": connected,
        "choices": choices(request),
        # A way in stays for ever: whoever sits here has to have shown who they are.
        "needs_proof": connecting.needs_proof(request),
        "proofs": [item for item in connected if item.connect_url],
        "other_proofs": connecting.other_proofs(request),
    }
    status = 422 if form.is_bound else 200
    return page(request, "consumer_site/connections.html", context, status=status, form_action=provider_form_targets())


@sensitive_variables()
@transaction.atomic
def _disconnect(request: HttpRequest) -> DisconnectForm:
    """Disconnect the chosen account, and end its tokens at the provider; return the form with its errors."""
    user: Any = request.user
    # One at a time: of two that are disconnected at once, neither would be the last one.
    get_user_model()._default_manager.select_for_update().filter(pk=user.pk).first()
    form = DisconnectForm(request=request, data=request.POST)
    if not form.is_valid():
        return form
    account = form.cleaned_data["account"]
    # Once it is certain: no provider is called inside a transaction.
    transaction.on_commit(partial(vault.revoke, account=copy(account), tokens=vault.last_tokens(account)), robust=True)
    try:
        form.save()
    except (SocialApp.DoesNotExist, MultipleObjectsReturned):
        # allauth asks for the connector, to name it in a mail; one that is gone must not keep its accounts alive.
        account.delete()
        social_account_removed.send(SocialAccount, request=request, socialaccount=account)
    return form

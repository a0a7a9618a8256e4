"""The page for a sign-in that belongs to another account of this site: a way out instead of a dead end."""

from __future__ import annotations

from typing import Any

from allauth.socialaccount.models import SocialAccount
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from consumer_site.calendar.connected import Connected, connected_accounts, label_of, provider_name_of
from consumer_site.linking import accounts, claim, connecting
from consumer_site.linking.policy import Facts, obstacle_to_merging, obstacle_to_moving
from consumer_site.models import CalendarEvent
from consumer_site.pages import page, provider_form_targets, see_other

MOVE, MERGE = "move", "merge"
_SALT = "consumer_site.another_account"


@login_required(login_url="consumer_site:sign-in")
@require_http_methods(["GET", "HEAD", "POST"])
def another_account(request: HttpRequest) -> HttpResponse:
    """Show what can be done, and do what the person chose.

    Both accounts are proven: the other by the sign-in that led here, this one by a sign-in of the last minutes.
    """
    claimed = claim.read(request)
    if claimed is None:
        messages.info(request, _("That took too long, or is done already. Connect the account again from here."))
        return _to_accounts()
    chosen = request.POST.get("choice") if request.method == "POST" else None
    if chosen in {MOVE, MERGE} and not _is_as_shown(request, claimed.account):
        # Another tab has made another claim, or the other account has a further way in since.
        return _ask(request, claimed.account, status=409)
    if chosen in {MOVE, MERGE} and claim.signed_in_recently(request):
        return _carry_out(request, claimed.account, whole=chosen == MERGE)
    return _ask(request, claimed.account, status=422 if chosen else 200)


def _carry_out(request: HttpRequest, account: SocialAccount, *, whole: bool) -> HttpResponse:
    try:
        (accounts.merge if whole else accounts.move)(account=account, target=request.user)
    except accounts.CannotLink as error:
        if error.obstacle is not None:
            return _ask(request, account, status=409)
        messages.warning(request, _("Something changed meanwhile, so nothing was moved. Connect the account again."))
    else:
        name = {"provider": provider_name_of(account, request)}
        messages.info(
            request,
            _("Both accounts are one now: this one.") if whole else _("%(provider)s now signs you in here.") % name,
        )
    claim.drop(request)
    return _to_accounts()


def _is_as_shown(request: HttpRequest, account: SocialAccount) -> bool:
    return constant_time_compare(request.POST.get("shown", ""), _fingerprint(account))


def _fingerprint(account: SocialAccount) -> str:
    """Return what stands for what the page said: which sign-in, whose, and which others come with it."""
    ways = SocialAccount.objects.filter(user_id=account.user_id).order_by("pk").values_list("pk", flat=True)
    return salted_hmac(_SALT, f"{account.pk} {account.user_id} {list(ways)}", algorithm="sha256").hexdigest()


def _ask(request: HttpRequest, account: SocialAccount, *, status: int) -> HttpResponse:
    facts = accounts.facts_of(account, target=request.user)
    merging, moving = obstacle_to_merging(facts), obstacle_to_moving(facts)
    mine = connected_accounts(request)
    context: dict[str, Any] = {
        "provider_name": provider_name_of(account, request),
        "label": label_of(account),
        "shown": _fingerprint(account),
        "recent": claim.signed_in_recently(request),
        "proofs": [item for item in mine if item.connect_url],
        "other_proofs": connecting.other_proofs(request),
        "can_merge": merging is None,
        "can_move": moving is None,
        "why_not_merge": merging.value if merging else "",
        "why_not_move": moving.value if moving else "",
        "sign_in_url": _login_url(account, request),
        **_contents(account, facts),
    }
    template = "consumer_site/another_account.html"
    return page(request, template, context, status=status, form_action=provider_form_targets())


def _contents(account: SocialAccount, facts: Facts) -> dict[str, Any]:
    """Return what the other account holds, nothing for one that needs more than this sign-in to be entered."""
    if facts.second_factor or facts.privileged or not facts.active:
        return {"entries": 0, "others": []}
    others = SocialAccount.objects.filter(user_id=account.user_id).exclude(pk=account.pk).order_by("date_joined")
    return {
        "entries": CalendarEvent.objects.filter(user_id=account.user_id).count(),
        "others": [{"name": provider_name_of(other), "label": label_of(other)} for other in others],
    }


def _login_url(account: SocialAccount, request: HttpRequest) -> str:
    found: list[Connected] = connected_accounts(request, accounts=[account])
    return found[0].connect_url


def _to_accounts() -> HttpResponse:
    return see_other(reverse("consumer_site:connections"))

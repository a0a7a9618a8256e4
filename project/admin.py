"""The one admin of both apps: open to staff who have signed in at this site itself, not long ago."""

import time
from collections.abc import Iterable, Mapping
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.authentication import get_authentication_records
from django.conf import settings
from django.contrib.admin import AdminSite
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache

from project.local_sign_in import local_sign_in_url


def is_local(record: Mapping[str, Any]) -> bool:
    """Say whether one of allauth's authentication records proves the person to this site by itself.

    A password does, and so does a passkey or security key that was asked for by itself. A second factor that merely
    followed something else (a social sign-in, say) doesn't, and a link in an e-mail doesn't.
    """
    if record.get("method") == "password":
        return True
    alone = record.get("passwordless") or record.get("reauthenticated")
    return record.get("method") == "mfa" and record.get("type") == "webauthn" and bool(alone)


def last_local_sign_in(records: Iterable[Mapping[str, Any]]) -> float | None:
    """Return when the latest local record was made, in seconds since the epoch, or None."""
    times = [float(record["at"]) for record in records if is_local(record)]
    return max(times, default=None)


def signed_in_recently(request: HttpRequest) -> bool:
    """Say whether the person behind the request proved themselves to this site within ADMIN_SIGN_IN_MAX_AGE."""
    at = last_local_sign_in(get_authentication_records(request, request.user))
    return at is not None and 0 <= time.time() - at < settings.ADMIN_SIGN_IN_MAX_AGE


class SiteAdmin(AdminSite):
    """Django's admin, entered by allauth's sign-in (second factor included) and never by a social one."""

    site_header = _("Administration")
    site_title = _("Administration")
    index_title = _("Apps, accounts and keys")

    def has_permission(self, request: HttpRequest) -> bool:
        """Want an active member of staff with a recent local sign-in."""
        return super().has_permission(request) and signed_in_recently(request)

    @method_decorator(never_cache)
    def login(self, request: HttpRequest, extra_context: Mapping[str, Any] | None = None) -> HttpResponse:
        """Send strangers to the sign-in page; tell others what is missing (403), with the way to mend it."""
        target = request.GET.get(REDIRECT_FIELD_NAME, "")
        if not url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure()):
            target = reverse("admin:index", current_app=self.name)
        if self.has_permission(request):
            return HttpResponseRedirect(target)
        if not request.user.is_authenticated:
            return redirect_to_login(target, local_sign_in_url())
        again = urlencode({REDIRECT_FIELD_NAME: target})
        context = {
            "is_staff": super().has_permission(request),
            "confirm_url": f"{reverse('account_reauthenticate')}?{again}",
            "sign_in_url": f"{local_sign_in_url()}?{again}",
            "hours": settings.ADMIN_SIGN_IN_MAX_AGE // 3600,
        }
        return render(request, "project/admin_entrance.html", context, status=403)

    def logout(self, request: HttpRequest, extra_context: Mapping[str, Any] | None = None) -> HttpResponse:
        """Sign out as the site's own page does; only a POST does it."""
        if request.method == "POST":
            get_adapter(request).logout(request)
        return HttpResponseRedirect(reverse("account_logout") if request.user.is_authenticated else "/")

    def password_change(self, request: HttpRequest, extra_context: Mapping[str, Any] | None = None) -> HttpResponse:
        """Leave changing the password to the account pages."""
        return HttpResponseRedirect(reverse("account_change_password"))

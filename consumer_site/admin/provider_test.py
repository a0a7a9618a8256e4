"""The button that tries an entry: a few calls to the provider, and in words what they showed."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from allauth.socialaccount.providers import registry
from django.contrib import messages
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from consumer_site import social_apps
from consumer_site.admin import addresses
from consumer_site.http import time_limit
from consumer_site.pages import see_other
from consumer_site.probing import Finding, probe_for

if TYPE_CHECKING:
    from allauth.socialaccount.models import SocialApp

logger = logging.getLogger("consumer_site.probing")

SECONDS = 30
PAUSE_SECONDS = 5


class TestPage:
    """For the admin of entries: the test, on a page of its own, since a page of the form holds a transaction open."""

    admin_site: Any
    opts: Any
    get_object: Callable[..., Any]
    has_change_permission: Callable[..., bool]
    log_change: Callable[..., Any]
    message_user: Callable[..., Any]

    def test_urls(self) -> list[URLPattern]:
        """Return the address of the page."""
        view = self.admin_site.admin_view(self.test_view)
        return [path("<path:object_id>/test/", view, name="consumer_site_signinprovider_test")]

    def test_url(self, row: Any) -> str:
        """Return the address that an entry's test is asked for at."""
        return reverse(f"{self.admin_site.name}:consumer_site_signinprovider_test", args=[row.pk])

    def test_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Try the entry and show what was found. A GET leads back: only the button tries."""
        row = self.get_object(request, object_id)
        if row is None:
            raise Http404
        if not self.has_change_permission(request, row):
            raise PermissionDenied
        change_url = reverse(f"{self.admin_site.name}:consumer_site_signinprovider_change", args=[row.pk])
        if request.method != "POST":
            return HttpResponseRedirect(change_url)
        if not cache.add(f"consumer_site:probe:{row.pk}", 1, timeout=PAUSE_SECONDS):
            text = gettext("This entry was tested a moment ago. Wait a few seconds.")
            self.message_user(request, text, messages.WARNING, fail_silently=True)
            return see_other(change_url)
        found = findings(row, callback_url=addresses.callback_url(request, row.provider, row.provider_id))
        count = Counter(finding.ok for finding in found)
        told = gettext("Tested: %(right)d right, %(wrong)d wrong, %(unknown)d to note.")
        numbers = {"right": count[True], "wrong": count[False], "unknown": count[None]}
        self.log_change(request, row, told % numbers)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": gettext("Test of %(name)s") % {"name": row.name or row.provider},
            "row": row,
            "findings": found,
            "summary": _summary(count),
            "change_url": change_url,
            "test_url": self.test_url(row),
            "media": getattr(self, "media", ""),
        }
        response = TemplateResponse(request, "consumer_site/admin/provider_test.html", context)
        add_never_cache_headers(response)
        return response


@sensitive_variables()
def findings(row: SocialApp, *, callback_url: str) -> tuple[Finding, ...]:
    """Return what can be said of an entry, in half a minute at most; no failure gets out."""
    registry.load()
    early = _before_any_call(row, callback_url)
    probe = probe_for(row.provider)
    if any(finding.ok is False for finding in early):
        return tuple(early)
    if probe is None:
        hint = _("Try it by signing in.")
        return (*early, Finding(None, _("The provider"), _("There is no test for this kind of provider."), hint))
    (opened,) = social_apps.configured([row], client_id=row.client_id) or [row]
    try:
        with time_limit(SECONDS):
            return (*early, *probe(opened, callback_url=callback_url))
    except Exception as error:  # noqa: BLE001 - whatever a connector's test fails at, the admin is told so on a page
        # The kind alone: the words may hold what was sent.
        logger.error("the test of %s failed: %s", row.provider, type(error).__name__)  # noqa: TRY400
        hint = _("Look into the log, and try again.")
        return (*early, Finding(None, _("The test"), _("It could not be finished."), hint))


def _before_any_call(row: SocialApp, callback_url: str) -> list[Finding]:
    found = []
    if not callback_url:
        hint = _('Include consumer_site.urls in the project\'s urls, or name the urlconf in CONSUMER_SITE["URLCONF"].')
        found.append(
            Finding(False, _("Callback address"), _("This site has no page for people to come back to."), hint)
        )
    if social_apps.has_secret(row) and not social_apps.is_readable(row):
        hint = _("Enter it again. Was a key taken out of KEY_RING, or the row written by something else?")
        found.append(Finding(False, _("Secret"), _("The stored secret can't be opened."), hint))
    return found


def _summary(count: Counter[bool | None]) -> str:
    wrong, unknown = count[False], count[None]
    if wrong:
        return ngettext("%(count)d thing is wrong.", "%(count)d things are wrong.", wrong) % {"count": wrong}
    if unknown:
        text = ngettext(
            "Nothing is wrong; there is %(count)d thing to note.",
            "Nothing is wrong; there are %(count)d things to note.",
            unknown,
        )
        return text % {"count": unknown}
    return gettext("Everything works.")

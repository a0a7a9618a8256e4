"""One's own applications: the list, and a new one."""

from __future__ import annotations

import secrets
from typing import Any

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.core.exceptions import ValidationError
from django.core.signing import BadSignature, TimestampSigner
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.decorators import method_decorator
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views import View
from django.views.decorators.cache import never_cache

from keyset_lists import BadPlace, KeysetPage, page_of
from provider_site.conf import provider_settings
from provider_site.errors import NotAllowed
from provider_site.models import Registration, Review
from provider_site.portal.developer.forms import NewApplicationForm
from provider_site.portal.waiting import too_often
from provider_site.security_headers import protect
from provider_site.services import developers, members

_SALT = "provider_site.new-application"
_ONCE_SECONDS = 7 * 86400
_PER_PAGE = 50


def closed_because(user: Any) -> str:
    """Return why the person can't register an application now, or an empty text when they can."""
    if members.may_register(user=user):
        if members.has_room(user=user):
            return ""
        limit = provider_settings.max_applications
        return _("You own %(limit)s applications, which is as many as one person may own here.") % {"limit": limit}
    return {
        "nobody": _("New applications are registered by the people who run this site. Ask them for one."),
        "staff": _("New applications are registered by the people who run this site. Ask them for one."),
        "verified": _("Confirm your e-mail address first: the people who review applications have to reach you."),
        "everyone": "",
    }[provider_settings.who_may_register]


def _page_of(request: HttpRequest) -> KeysetPage[Registration]:
    """Return the page that the address names, the first one for an address that names none."""
    rows = members.owned(user=request.user)
    try:
        return page_of(rows, request.GET.get("page", ""), size=_PER_PAGE)
    except BadPlace:
        return page_of(rows, "", size=_PER_PAGE)


def _list_page(request: HttpRequest, status: int = 200) -> HttpResponse:
    page = _page_of(request)
    registrations = page.rows
    waiting = Review.objects.filter(
        application__in=[one.application_id for one in registrations], decided_at=None, is_change=True
    )
    changing = set(waiting.values_list("application_id", flat=True))
    context = {
        "cards": [
            {
                "application": one.application,
                "registration": one,
                "is_changing": one.application_id in changing,
                "is_co_owned": one.owner_id != request.user.pk,
            }
            for one in registrations
        ],
        "page": page,
        "closed_because": closed_because(request.user),
        "has_to_prove_address": provider_settings.who_may_register == "verified"
        and not members.may_register(user=request.user),
        "invitations": members.invitations(user=request.user).count(),
        "site_name": provider_settings.site_name,
    }
    return protect(render(request, "provider_site/developer/list.html", context, status=status))


@method_decorator(never_cache, name="dispatch")
class ApplicationsView(LoginRequiredMixin, View):
    """List the applications a person owns or co-owns."""

    http_method_names = ["get"]

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show one card per application, and the way to a new one where there is one."""
        return _list_page(request)


@method_decorator(never_cache, name="dispatch")
class CreateView(LoginRequiredMixin, View):
    """Register an application."""

    http_method_names = ["get", "post"]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer whoever may not register by the list, which says why; a form sent again is told so all the same."""
        if request.user.is_authenticated and not members.may_register(user=request.user):
            return _list_page(request, status=403)
        return super().dispatch(request, *args, **kwargs)

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show the form."""
        if closed_because(request.user):
            return _list_page(request, status=403)
        return self._page(request, NewApplicationForm(initial={"once": _new_once(request)}, asked_by=request.user))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Register a draft. Its first secret is in this very answer, and nowhere else.

        A form sent again, by a reload or a second press, leads to the application that the first sending made.
        """
        once = _once(request)
        data = request.POST.copy()
        data["once"] = data.get("once", "") if once else _new_once(request)
        form = NewApplicationForm(data, request.FILES, asked_by=request.user)
        if form.is_valid() and not once:
            form.add_error(None, _("This form was open for too long. Nothing is lost: please send it once more."))
        if not form.is_valid():
            return self._page(request, form, status=400)
        if told := too_often("registration", request.user):
            form.add_error(None, told)
            return self._page(request, form, status=429)
        try:
            registered = developers.register(
                user=request.user,
                facts=form.asked(logo=""),
                client_type=form.oauth_client_type,
                grant=form.grant,
                once=once,
                picture=form.cleaned_data["logo"],
                language=get_language() or "",
                subject_type=form.cleaned_data["subject_type"],
                sector_document=form.sector_document,
                request=request,
            )
        except developers.SentBefore as before:
            return _sent_before(request, before.application)
        except NotAllowed:  # not any more
            return _list_page(request, status=403)
        except ValidationError as error:
            form.add_error(None, error.messages)
            return self._page(request, form, status=400)
        if registered.client_secret is None:
            messages.success(request, _("The application is registered."), fail_silently=True)
            return redirect("provider_site:developer-application", registered.application.pk)
        return _created_page(request, registered.application, registered.client_secret)

    def _page(self, request: HttpRequest, form: NewApplicationForm, status: int = 200) -> HttpResponse:
        context = {"form": form, "is_new": True, "site_name": provider_settings.site_name}
        return protect(render(request, "provider_site/developer/create.html", context, status=status))


def _created_page(request: HttpRequest, application: Any, secret: str) -> HttpResponse:
    registration = Registration.objects.select_related("application", "logo").get(application=application)
    context = {
        "application": registration.application,
        "registration": registration,
        "is_confidential": True,
        "secret": secret,
        "issuer": provider_settings.issuer,
        "site_name": provider_settings.site_name,
    }
    return protect(render(request, "provider_site/developer/created.html", context, status=201))


def _sent_before(request: HttpRequest, application: Any | None) -> HttpResponse:
    if application is None:
        text = _("This form was sent before, and what it registered has been deleted since. Begin with a new form.")
        messages.info(request, text, fail_silently=True)
        return redirect("provider_site:developer-applications")
    text = _("This form was sent before, so the application is registered already. Nothing was registered twice.")
    messages.info(request, text, fail_silently=True)
    if members.is_owner(application=application, user=request.user):
        return redirect("provider_site:developer-application", application.pk)
    return redirect("provider_site:developer-applications")


def _signer(request: HttpRequest) -> TimestampSigner:
    return TimestampSigner(salt=f"{_SALT}.{request.user.pk}")


def _new_once(request: HttpRequest) -> str:
    """Return a one-time text for a form. It is signed, as the client ID is made from it: no one chooses their own."""
    return _signer(request).sign(secrets.token_urlsafe(18))


def _once(request: HttpRequest) -> str:
    """Return the one-time text of the form that was sent, or an empty text when it is another's, altered or old."""
    try:
        return _signer(request).unsign(request.POST.get("once", ""), max_age=_ONCE_SECONDS)
    except BadSignature:
        return ""

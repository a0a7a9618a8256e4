"""The nickname and avatar a person shows to one app: what it gets now, and how that is changed later."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views import View
from django.views.decorators.cache import never_cache

from provider_site.conf import provider_settings
from provider_site.models import AppProfile
from provider_site.policy import claims
from provider_site.policy.claims import Person
from provider_site.portal.app_profile_form import AppProfileForm
from provider_site.portal.connected.finding import find
from provider_site.portal.consent.forms import PREVIEW
from provider_site.security_headers import protect
from provider_site.services import app_profiles, people, profiles, situations
from provider_site.storage import access, consented


@dataclass(frozen=True, slots=True)
class ShownToApp:
    """What an app gets of a person's nickname and avatar: ``claims`` says which of the two it gets at all.

    For ``connected_apps/_app_profile.html``. ``differs``: the person chose something else than their own for it.
    """

    application: Any
    claims: frozenset[str]
    nickname: str
    picture: str
    differs: bool


def shown_to_app(
    *, person: Person, row: AppProfile | None, application: Any, scopes: Collection[str]
) -> ShownToApp | None:
    """Return what the app gets by the scopes that hold; ``None``: neither nickname nor avatar, and none was chosen.

    ``person`` is as the app is told of them; ``row`` is what they chose for it, if anything.
    """
    opened = _opened(scopes, row)
    if not opened:
        return None
    differs = row is not None and bool(row.nickname or row.avatar_choice != AppProfile.Avatar.OWN)
    return ShownToApp(application, opened, person.nickname, person.picture, differs)


def shown_by_form(person: Person, form: AppProfileForm) -> Person:
    """Return the person with the picture that came with the form, where that is the one to be shown."""
    is_other = form.as_shown().avatar_choice == AppProfile.Avatar.OTHER
    return replace(person, picture=form.picture_address) if is_other and form.picture_address else person


def _opened(scopes: Collection[str], row: AppProfile | None) -> frozenset[str]:
    # What was chosen outlives a scope that was taken back: it can be changed before the app gets it again.
    return app_profiles.CLAIMS & claims.opened(scopes) or (app_profiles.CLAIMS if row is not None else frozenset())


@method_decorator(never_cache, name="dispatch")
class AppProfileView(LoginRequiredMixin, View):
    """Show and change the nickname and avatar for one app the person has something to do with."""

    http_method_names = ["get", "post"]

    def get(self, request: HttpRequest, application_id: str) -> HttpResponse:
        """Show the form."""
        application, form = self._form(request, application_id)
        return self._page(request, application, form)

    def post(self, request: HttpRequest, application_id: str) -> HttpResponse:
        """Save everything or nothing, or show what it would come to."""
        application, form = self._form(request, application_id, request.POST, request.FILES)
        if form.is_altered:
            form.add_error(None, _("The form did not match the request. Nothing was saved."))
        if not form.is_valid():
            return self._page(request, application, form, status=400)
        if request.POST.get("decision") == PREVIEW:
            return self._page(request, application, form)
        chosen = form.chosen()
        try:
            app_profiles.save(
                user=request.user,
                application=application,
                nickname=chosen.nickname,
                avatar=chosen.avatar,
                picture=chosen.picture,
            )
        except ValidationError as error:  # the other picture was taken away in another tab
            form.add_error(None, error.messages)
            return self._page(request, application, form, status=400)
        messages.success(request, _("Saved."), fail_silently=True)  # a host may have no messages
        return redirect("provider_site:connected-app", application_id=application_id)

    def _form(self, request: HttpRequest, application_id: str, *data: Any) -> tuple[Any, AppProfileForm]:
        """Return the app and its form. Raises Http404 for an app that nothing of the person is shown to."""
        application = find(request, application_id)
        row = app_profiles.get(user=request.user, application_id=application.pk)
        consent = situations.latest(user=request.user, application=application)
        registration = access.registration_of(application)
        scopes = consented.held(consent, registration) if consent is not None else frozenset()
        opened = _opened(scopes, row)
        if not opened:
            raise Http404
        return application, AppProfileForm(*data, row=row, claims=opened)

    def _page(self, request: HttpRequest, application: Any, form: AppProfileForm, status: int = 200) -> HttpResponse:
        registration = access.registration_of(application)
        # After the form has been looked at: what it holds is what is shown.
        wrong = bool(form.errors)
        person = people.person(user=request.user, registration=registration, app_profile=form.as_shown())
        person = shown_by_form(person, form)
        context = {
            "application": application,
            "form": form,
            "is_preview": form.is_bound and not wrong,
            "profile": profiles.get_profile(user=request.user),
            "shown_nickname": person.nickname,
            "shown_picture": person.picture,
            "site_name": provider_settings.site_name,
        }
        return protect(render(request, "provider_site/app_profile.html", context, status=status))

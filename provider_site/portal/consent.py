"""The consent page: what an app asks for, in plain words, with the very values that would be shared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib.auth import logout
from django.contrib.auth.mixins import LoginRequiredMixin
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render, resolve_url
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy
from django.views import View
from django.views.decorators.cache import never_cache

from provider_site.conf import provider_settings
from provider_site.error_pages import expired_page
from provider_site.errors import AuthorizationRequestExpired, ConsentRefused
from provider_site.models import AuthorizationRequest, Consent
from provider_site.policy import claims, durations, redirect
from provider_site.policy import consent as consent_policy
from provider_site.policy.durations import Duration
from provider_site.policy.scopes import catalog, in_order
from provider_site.portal.see_other import see_other
from provider_site.security_headers import protect
from provider_site.services import authorization_requests, consents, people, profiles, sessions, situations
from provider_site.storage import access


@dataclass(frozen=True, slots=True)
class ScopeRow:
    """One scope on the page: its words, the values behind it, and whether the person has a choice."""

    name: str
    title: Any
    description: Any
    values: list[tuple[Any, Any]]
    picture: str
    empty: bool
    required: bool
    ticked: bool
    granted_before: bool

    @property
    def field_id(self) -> str:
        """The HTML id of the row's checkbox."""
        return f"scope-{self.name}"


_CLAIM_NAMES = {
    "nickname": _("Nickname"),
    "name": _("Name"),
    "given_name": _("Given name"),
    "family_name": _("Family name"),
    "preferred_username": _("User name"),
    "email": _("E-mail address"),
    "email_verified": _("Verified"),
}
# The rest of the claims is either a picture or not for eyes: `sub` is a random text, `updated_at` a number.
_SHOWN_CLAIMS = {*_CLAIM_NAMES, "picture"}


class ConsentForm(forms.Form):
    """What comes back from the page: the ticked scopes, the duration, and which button was pressed."""

    scope = forms.MultipleChoiceField(required=False)
    duration = forms.ChoiceField(required=False)
    decision = forms.ChoiceField(choices=[("allow", "allow"), ("deny", "deny")])

    def __init__(self, *args: Any, choices: frozenset[str], durations: list[str], **kwargs: Any) -> None:
        """Accept only what the page offered."""
        super().__init__(*args, **kwargs)
        self.fields["scope"].choices = [(name, name) for name in sorted(choices)]  # type: ignore[attr-defined]  # a ChoiceField's
        self.fields["duration"].choices = [(value, value) for value in durations]  # type: ignore[attr-defined]  # a ChoiceField's


def _duration_label(days: Duration) -> Any:
    if days == durations.ONCE:
        return _("Only this once")
    if days is None:
        return _("Until I withdraw it")
    if days and days % 365 == 0:
        return ngettext_lazy("%(years)s year", "%(years)s years", days // 365) % {"years": days // 365}
    return ngettext_lazy("%(days)s day", "%(days)s days", days) % {"days": days}


@method_decorator(never_cache, name="dispatch")
class ConsentView(LoginRequiredMixin, View):
    """Show a kept authorization request to its person and take the decision."""

    http_method_names = ["get", "post"]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Answer an expired, answered or foreign request by a page that says so."""
        try:
            return super().dispatch(request, *args, **kwargs)  # type: ignore[return-value]  # HttpResponseBase
        except AuthorizationRequestExpired as error:
            return expired_page(request, error)

    def get(self, request: HttpRequest, handle: str) -> HttpResponse:
        """Show the page."""
        kept = self._find(request, handle)
        if kept.decision:
            raise AuthorizationRequestExpired("decided already", application=kept.application)
        return self._page(request, kept, handle)

    def _find(self, request: HttpRequest, handle: str) -> AuthorizationRequest:
        kept = authorization_requests.find(handle=handle, user=request.user)
        # Suspended while the page was open: a consent to it must not be recorded.
        if not access.serves(access.registration_of(kept.application), user_id=request.user.pk):
            raise AuthorizationRequestExpired("the application serves nobody any more", application=kept.application)
        return kept

    def post(self, request: HttpRequest, handle: str) -> HttpResponse:
        """Record the decision and go on to the application. A form that was altered changes nothing."""
        kept = self._find(request, handle)
        requested = frozenset(kept.parameters["scope"])
        required = frozenset(kept.parameters["required"])
        offered = consents.offered_durations(registration=kept.application.registration)
        values = [durations.to_text(duration) for duration in offered]
        form = ConsentForm(request.POST, choices=requested - required, durations=values)
        if not form.is_valid():
            return self._page(
                request, kept, handle, problem=_("The form did not match the request. Nothing was saved."), status=400
            )
        chosen = form.cleaned_data["duration"] or durations.to_text(_preselected(offered))
        situation = _situation(kept, consents.latest(user=request.user, application=kept.application))
        try:
            if form.cleaned_data["decision"] == "deny":
                consents.deny(authorization_request=kept, user=request.user, request=request)
            else:
                consents.allow(
                    authorization_request=kept,
                    user=request.user,
                    requested=requested,
                    required=required,
                    ticked=form.cleaned_data["scope"],
                    duration=durations.from_text(chosen),
                    offered=offered,
                    settled=consent_policy.settled(situation),
                    request=request,
                )
        except ConsentRefused:
            return self._page(
                request, kept, handle, problem=_("The form did not match the request. Nothing was saved."), status=400
            )
        return see_other(reverse("oauth2_provider:authorize-resume", args=[handle]))

    def _page(
        self, request: HttpRequest, kept: AuthorizationRequest, handle: str, problem: Any = None, status: int = 200
    ) -> HttpResponse:
        redirect_uri = kept.parameters["redirect_uri"]
        registration = kept.application.registration
        past = consents.latest(user=request.user, application=kept.application)
        situation = _situation(kept, past)
        rows = _rows(request, kept, situation)
        offered = consents.offered_durations(registration=registration)
        context = {
            "application": kept.application,
            "registration": registration,
            "owner_name": people.display_name(user=registration.owner),
            "reviewed": registration.status == registration.Status.APPROVED,
            "rows": rows,
            # Without anything allowed before, every row is new and none says so.
            "some_granted_before": any(row.granted_before for row in rows),
            "outcome": consent_policy.decide(situation),
            "durations": [
                {
                    "value": durations.to_text(duration),
                    "label": _duration_label(duration),
                    "checked": duration == _preselected(offered),
                }
                for duration in offered
            ],
            "redirect_host": redirect.display_host(redirect_uri),
            "profile": profiles.get_profile(user=request.user),
            "problem": problem,
            "handle": handle,
            "site_name": provider_settings.site_name,
        }
        page = render(request, "provider_site/consent.html", context, status=status)
        return protect(page, form_action=redirect.origin(redirect_uri))


def _preselected(offered: list[Duration]) -> Duration:
    return durations.preselected(offered, wish=provider_settings.default_consent_days)


def _situation(kept: AuthorizationRequest, past: Consent | None) -> consent_policy.Situation:
    return situations.read(
        application=kept.application,
        consent=past,
        requested=kept.parameters["scope"],
        prompt=kept.parameters["prompt"],
        redirect_uri=kept.parameters["redirect_uri"],
        decided=False,
    )


def _rows(request: HttpRequest, kept: AuthorizationRequest, situation: consent_policy.Situation) -> list[ScopeRow]:
    """Return a row per scope; optional ones come unticked unless the person's open consent holds them already."""
    asked = kept.parameters["scope"]
    person = people.person(user=request.user, registration=kept.application.registration, scopes=asked)
    required = frozenset(kept.parameters["required"])
    definitions = catalog()
    known, ticked = consent_policy.known(situation), consent_policy.ticked(situation)
    rows = []
    for name in in_order(asked):
        shared = claims.for_scopes(person, [name])
        rows.append(
            ScopeRow(
                name=name,
                title=definitions[name].title,
                description=definitions[name].description,
                values=[(label, _in_words(shared[claim])) for claim, label in _CLAIM_NAMES.items() if claim in shared],
                picture=shared.get("picture", ""),
                empty=bool(_SHOWN_CLAIMS & set(definitions[name].claims)) and not _SHOWN_CLAIMS & shared.keys(),
                required=name in required,
                ticked=name in ticked,
                granted_before=name in known,
            )
        )
    return rows


def _in_words(value: Any) -> Any:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return value


class SwitchAccountView(LoginRequiredMixin, View):
    """Go on with a request as somebody else."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, handle: str) -> HttpResponse:
        """Let go of the request, sign out, and come back to it after the next sign-in."""
        try:
            kept = authorization_requests.find(handle=handle, user=request.user)
        except AuthorizationRequestExpired as error:
            return expired_page(request, error)
        authorization_requests.release(handle=handle, user=request.user)
        logout(request)
        sessions.remember_destination(request=request, source=redirect.origin(kept.parameters["redirect_uri"]))
        resume = reverse("oauth2_provider:authorize-resume", args=[handle])
        return see_other(redirect_to_login(resume, resolve_url(provider_settings.account_switch_url)).url)

"""The consent page: what an app asks for, in plain words, with the very values that would be shared."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from provider_site.conf import provider_settings
from provider_site.policy import consent as policy
from provider_site.policy import redirect
from provider_site.policy.claims import Person
from provider_site.policy.durations import Duration
from provider_site.portal.app_profile import shown_by_form
from provider_site.portal.app_profile_form import AppProfileForm
from provider_site.portal.connected.words import device as device_name
from provider_site.portal.consent import durations, reasons, rows
from provider_site.portal.consent.question import Question
from provider_site.security_headers import protect
from provider_site.services import people, profiles


@dataclass(frozen=True, slots=True)
class Entered:
    """What the person has chosen on the page so far, and what to tell them about it."""

    ticked: Collection[str]
    duration: Duration
    form: AppProfileForm | None
    problem: str = ""
    notice: str = ""

    def saying(self, *, problem: str = "", notice: str = "") -> Entered:
        """Return the same with something to tell."""
        return replace(self, problem=problem, notice=notice)


def nothing_yet(question: Question) -> Entered:
    """Return what the page comes with: ticked is only what the person allows already."""
    return Entered(policy.ticked(question.situation), question.preselected(), profile_form(question))


def profile_form(question: Question, *data: Any) -> AppProfileForm | None:
    """Return the form for this application's nickname and avatar, where it asks for one of them."""
    if not question.profile_claims:
        return None
    return AppProfileForm(*data, row=question.app_profile, claims=question.profile_claims)


def page(
    request: HttpRequest, question: Question, handle: str, entered: Entered | None = None, status: int = 200
) -> HttpResponse:
    """Return the page, with what the person has chosen on it."""
    entered = entered or nothing_yet(question)
    answer = render(request, "provider_site/consent.html", _context(question, handle, entered), status=status)
    return protect(answer, form_action=redirect.origin(question.redirect_uri))


def _context(question: Question, handle: str, entered: Entered) -> dict[str, Any]:
    registration, device = question.registration, question.device
    person, no_picture = _shown(question, entered.form)
    scope_rows = rows.rows(question, person=person, ticked=entered.ticked, no_picture=no_picture)
    return {
        "application": question.application,
        "registration": registration,
        "owner_name": people.display_name(user=registration.owner),
        "reviewed": registration.status == registration.Status.APPROVED,
        "reason": reasons.reason(question),
        "rows": scope_rows,
        # Where nothing writes, that something only reads goes without saying.
        "some_write": any(row.kind == "writes" for row in scope_rows),
        "already_held": rows.already_held(question),
        "durations": durations.choices(question, chosen=entered.duration),
        "duration_limit": durations.bound(question),
        "some_settled": bool(question.settled),
        "has_something": bool(question.terms),
        "device": device,
        "device_name": device_name(device.user_agent) if device is not None else "",
        "redirect_host": redirect.display_host(question.redirect_uri),
        "profile": profiles.get_profile(user=question.user),
        "app_profile_form": entered.form,
        "app_profile_open": entered.form is not None and (entered.form.is_bound or question.app_profile is not None),
        "shown_nickname": person.nickname,
        "shown_picture": person.picture,
        "problem": entered.problem,
        "notice": entered.notice,
        "handle": handle,
        "seen": question.digest,
        "site_name": provider_settings.site_name,
    }


def _shown(question: Question, form: AppProfileForm | None) -> tuple[Person, bool]:
    """Return what the app would be told now by what stands in the form, and whether no picture is by choice."""
    app_profile = form.as_shown() if form is not None else question.app_profile
    person = people.person(
        user=question.user, registration=question.registration, scopes=question.requested, app_profile=app_profile
    )
    if form is not None:
        person = shown_by_form(person, form)
    return person, rows.has_no_picture(app_profile)

"""The calendar's pages."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib.auth.decorators import login_not_required, login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from consumer_site.calendar.forms import EventForm
from consumer_site.calendar.month import bounds, lay_out, parse_month
from consumer_site.calendar.people import person_of
from consumer_site.models import CalendarEvent
from consumer_site.pages import page, provider_form_targets, see_other

# LOGIN_URL may belong to the provider, in a project that hosts both.
_signed_in = login_required(login_url="consumer_site:sign-in")
_MAX_EVENTS = 2000


@login_not_required
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Show what the calendar is, to anybody."""
    return page(request, "consumer_site/home.html", {"today": timezone.localdate()})


@_signed_in
@require_safe
def calendar(request: HttpRequest) -> HttpResponse:
    """Show the person's month."""
    return _calendar_page(request, EventForm(initial={"day": timezone.localdate()}))


@_signed_in
@require_POST
def add_event(request: HttpRequest) -> HttpResponse:
    """Add an entry and show its month."""
    form = EventForm(request.POST)
    # A bound, so that nobody fills the disk by a form.
    full = CalendarEvent.objects.filter(user=_user(request)).count() >= _MAX_EVENTS
    if not full and form.is_valid():
        event = form.save(commit=False)
        event.user = _user(request)
        event.save()
        return _to_month(event.day)
    return _calendar_page(request, form, status=422, full=full)


@_signed_in
@require_POST
def delete_event(request: HttpRequest, pk: int) -> HttpResponse:
    """Delete one of the person's own entries."""
    event = get_object_or_404(CalendarEvent, pk=pk, user=_user(request))
    event.delete()
    return _to_month(event.day)


def _user(request: HttpRequest) -> Any:
    # The project's user model, whichever that is; the views are for signed-in people alone.
    return request.user


def _to_month(day: date) -> HttpResponse:
    return see_other(f"{reverse('consumer_site:calendar')}?month={day:%Y-%m}#month")


def _calendar_page(request: HttpRequest, form: EventForm, *, status: int = 200, full: bool = False) -> HttpResponse:
    today = timezone.localdate()
    first = parse_month(request.GET.get("month", ""), today=today)
    events = CalendarEvent.objects.filter(user=_user(request), day__range=bounds(first))
    person = person_of(request)
    context = {
        "person": person,
        "sign_in_again_url": person.grants.provider.get_login_url(request) if person.grants else "",
        "month": lay_out(first, today=today, events=events),
        "today": today,
        "form": form,
        "calendar_full": full,
    }
    return page(request, "consumer_site/calendar.html", context, status=status, form_action=provider_form_targets())

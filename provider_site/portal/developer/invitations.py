"""Invitations to other people's applications: a person's own, open and accepted."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views import View
from django.views.decorators.cache import never_cache

from provider_site.conf import provider_settings
from provider_site.models import Member
from provider_site.security_headers import protect
from provider_site.services import members, people


def _card(member: Member) -> dict[str, Any]:
    registration = member.application.registration
    inviter = member.invited_by
    return {
        "member": member,
        "application": member.application,
        "registration": registration,
        "owner_name": people.display_name(user=registration.owner),
        "inviter_name": people.display_name(user=inviter),
        # A display name is whatever its owner writes; the user name is nobody else's.
        "inviter_username": inviter.get_username() if inviter is not None else "",
        "reviewed": registration.status == registration.Status.APPROVED,
    }


@method_decorator(never_cache, name="dispatch")
class InvitationsView(LoginRequiredMixin, View):
    """List a person's open invitations, and what they have accepted."""

    http_method_names = ["get", "head"]

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show one card for each."""
        context = {
            "invitations": [_card(row) for row in members.invitations(user=request.user)],
            "memberships": [_card(row) for row in members.memberships(user=request.user)],
            "site_name": provider_settings.site_name,
        }
        return protect(render(request, "provider_site/developer/invitations.html", context))


@method_decorator(never_cache, name="dispatch")
class InvitationAnswerView(LoginRequiredMixin, View):
    """Accept or decline an invitation, or leave an application."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, member_id: int) -> HttpResponse:
        """Do what ``answer`` says and go back to the list. What is not this person's own looks like what is over."""
        text = self._carry_out(request, member_id)
        if text:
            messages.success(request, text, fail_silently=True)  # a host may have no messages
        else:
            messages.warning(
                request, _("There is nothing to answer any more. Nothing has changed."), fail_silently=True
            )
        return redirect("provider_site:invitations")

    def _carry_out(self, request: HttpRequest, member_id: int) -> str:
        answer = request.POST.get("answer")
        if answer == "accept":
            member = members.accept(member_id=member_id, user=request.user, request=request)
            return _("You have accepted the invitation to %(app)s.") % {"app": member.application} if member else ""
        if answer == "decline":
            declined = members.decline(member_id=member_id, user=request.user, request=request)
            return _("You have declined the invitation. Whoever invited you is not told.") if declined else ""
        if answer == "leave":
            member = members.leave(member_id=member_id, user=request.user, request=request)
            return _("You have left %(app)s.") % {"app": member.application} if member else ""
        return ""

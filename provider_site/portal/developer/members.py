"""An application's co-owners and test users: who they are, inviting and removing them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from provider_site.errors import NotAllowed
from provider_site.models import Member
from provider_site.portal.developer.access import OwnedApplicationMixin
from provider_site.portal.recent_sign_in import RecentSignInMixin
from provider_site.portal.waiting import too_often
from provider_site.services import members, people


class InvitationForm(forms.Form):
    """Whom to invite, and as what. Whether there is such an account is not asked here, nor told."""

    identifier = forms.CharField(
        label=_("User name or e-mail address"),
        max_length=254,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
        help_text=_("An e-mail address has to be one the person has confirmed with us."),
    )
    role = forms.ChoiceField(
        label=_("Role"),
        choices=[(Member.Role.TESTER, _("Test user")), (Member.Role.OWNER, _("Co-owner"))],
        initial=Member.Role.TESTER,
        widget=forms.RadioSelect,
    )

    def __init__(self, *args: Any, is_principal: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not is_principal:  # they have no choice to make
            del self.fields["role"]

    @property
    def role_chosen(self) -> str:
        """The role, once the form is valid."""
        return str(self.cleaned_data.get("role", Member.Role.TESTER))


class _MembersPage(OwnedApplicationMixin, RecentSignInMixin):
    def return_address(self) -> str:
        """Come back to the list."""
        return reverse("provider_site:developer-members", args=[self.application.pk])

    def is_principal(self) -> bool:
        """Tell whether the person chooses the co-owners here."""
        return members.is_principal(application=self.application, user=self.request.user)

    def answer(self, request: HttpRequest, form: InvitationForm | None = None, status: int = 200) -> HttpResponse:
        """Show the list, and the form as it was filled in."""
        is_principal = self.is_principal()
        rows = list(members.listed(application=self.application))
        co_owners = [row for row in rows if row.role == Member.Role.OWNER and row.accepted_at]
        owner = self.registration.owner
        context = {
            "form": form or InvitationForm(is_principal=is_principal),
            "is_principal": is_principal,
            "owner_name": people.display_name(user=owner),
            "owner_username": owner.get_username() if owner is not None else "",
            "owner_is_you": owner is not None and owner.pk == request.user.pk,
            "co_owners": [(row, people.display_name(user=row.user)) for row in co_owners],
            "testers": [row for row in rows if row.role == Member.Role.TESTER and row.accepted_at],
            "open_invitations": [row for row in rows if not row.accepted_at],
            "limit": members.MAX_MEMBERS,
            "is_full": len(rows) >= members.MAX_MEMBERS,
            "not_done": self.not_done,
        }
        return self.page(request, "provider_site/developer/members.html", context, status=status)


class MembersView(_MembersPage):
    """List an application's people."""

    http_method_names = ["get", "head"]

    def get(self, request: HttpRequest, application_id: str) -> HttpResponse:
        """Show them, and whom else to invite."""
        return self.answer(request)


class InviteView(_MembersPage):
    """Invite somebody."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, application_id: str) -> HttpResponse:
        """Invite and go back to the list, which looks the same whether or not there is such an account.

        Raises Http404 when the person's role ended meanwhile.
        """
        form = InvitationForm(request.POST, is_principal=self.is_principal())
        if not form.is_valid():
            return self.answer(request, form, status=400)
        if told := too_often("invitation", request.user):
            form.add_error(None, told)
            return self.answer(request, form, status=429)
        identifier = form.cleaned_data["identifier"]
        try:
            members.invite(
                application=self.application,
                identifier=identifier,
                role=form.role_chosen,
                actor=request.user,
                request=request,
            )
        except NotAllowed:  # no owner any more since the form was looked at
            raise Http404 from None
        except ValidationError as error:
            form.add_error("identifier", error)
            return self.answer(request, form, status=400)
        text = _("%(who)s is invited, if there is such an account.") % {"who": identifier}
        messages.success(request, text, fail_silently=True)  # a host may have no messages
        return redirect(self.return_address())


class RemoveMemberView(_MembersPage):
    """Remove a member, or take an invitation back."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, application_id: str, member_id: int) -> HttpResponse:
        """Remove and go back: to the list, or to one's own applications after leaving. Raises Http404."""
        member = members.find(application=self.application, member_id=member_id)
        if member is None:
            raise Http404
        is_own = member.user_id == request.user.pk
        try:
            members.remove(member=member, actor=request.user, request=request)
        except NotAllowed:  # a co-owner's row, sent by another co-owner
            raise Http404 from None
        text = _("%(who)s is no longer with this application.") % {"who": member.invited_as}
        messages.success(request, text, fail_silently=True)
        return redirect("provider_site:invitations") if is_own else redirect(self.return_address())

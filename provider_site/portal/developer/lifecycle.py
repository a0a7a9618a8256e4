"""The steps of an application's life that its owners take: submit, withdraw, delete."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import ProtectedError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _

from provider_site.errors import ReviewConflict
from provider_site.portal.developer.forms import DeletionForm, NoteForm
from provider_site.portal.developer.overview import OverviewPage
from provider_site.portal.recent_sign_in import RecentSignInMixin
from provider_site.services import deletion, members, reviews

_SUSPENDED = _("A suspended application can't be deleted by its owners. Ask the people who run this site.")


class SubmitView(OverviewPage):
    """Ask for the review of an application."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, application_id: str) -> HttpResponse:
        """Submit it, and go back to its page."""
        form = NoteForm(request.POST)
        if not form.is_valid():
            return self.overview(request, note_form=form, status=400)
        try:
            reviews.submit(
                application=self.application, actor=request.user, note=form.cleaned_data["note"], request=request
            )
        except ReviewConflict:
            text = _("It can't be submitted as it is now. Perhaps that happened already; this page is up to date.")
            return self.overview(request, problem=text, note_form=form, status=409)
        except ValidationError as error:
            return self.overview(request, problem=" ".join(error.messages), note_form=form, status=400)
        text = _("Submitted for review. We write to you when it has been decided.")
        messages.success(request, text, fail_silently=True)
        return redirect("provider_site:developer-application", self.application.pk)


class WithdrawView(OverviewPage):
    """Take back what waits for review."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, application_id: str) -> HttpResponse:
        """Withdraw it, and go back to the application's page."""
        try:
            reviews.withdraw(application=self.application, actor=request.user, request=request)
        except ReviewConflict:
            text = _("Nothing waits for review any more: it has been decided or withdrawn. This page is up to date.")
            return self.overview(request, problem=text, status=409)
        messages.success(request, _("Withdrawn. Nothing of it waits for review now."), fail_silently=True)
        return redirect("provider_site:developer-application", self.application.pk)


class DeleteView(OverviewPage, RecentSignInMixin):
    """Delete an application, after a recent sign-in, by its owner, who writes its name."""

    http_method_names = ["get", "post"]

    def get(self, request: HttpRequest, application_id: str) -> HttpResponse:
        """Show what will be lost, and the form."""
        return self._refusal(request) or self._form_page(request, DeletionForm(expected=self._name()))

    def post(self, request: HttpRequest, application_id: str) -> HttpResponse:
        """Delete it, and go to the list."""
        if refusal := self._refusal(request):
            return refusal
        form = DeletionForm(request.POST, expected=self._name())
        if not form.is_valid():
            return self._form_page(request, form, status=400)
        name = self._name()
        try:
            deletion.delete_application(
                application=self.application, actor=request.user, by_owner=True, request=request
            )
        except ReviewConflict:
            return self.overview(request, problem=_SUSPENDED, status=409)
        except ProtectedError:
            text = _("Other records of this site hold on to it. Ask the people who run this site to delete it.")
            return self.overview(request, problem=text, status=409)
        messages.success(request, _("%(name)s has been deleted.") % {"name": name}, fail_silently=True)
        return redirect("provider_site:developer-applications")

    def _name(self) -> str:
        return str(self.application.name or self.application.client_id)

    def _refusal(self, request: HttpRequest) -> HttpResponse | None:
        if self.is_suspended:
            return self.overview(request, problem=_SUSPENDED, status=409)
        if members.is_principal(application=self.application, user=request.user):
            return None
        return self.overview(request, problem=_("Only the owner of an application deletes it."), status=403)

    def _form_page(self, request: HttpRequest, form: DeletionForm, status: int = 200) -> HttpResponse:
        context = {"form": form, "name": self._name(), "not_done": self.not_done}
        return self.page(request, "provider_site/developer/delete.html", context, status=status)

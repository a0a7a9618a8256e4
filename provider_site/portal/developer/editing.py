"""Changing an application's facts."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _

from provider_site.errors import ReviewConflict
from provider_site.models import Registration
from provider_site.policy import facts as fact_policy
from provider_site.policy.facts import Facts
from provider_site.portal.developer.forms import ApplicationForm, NoteForm
from provider_site.portal.developer.overview import OverviewPage
from provider_site.services import facts, logos, reviews, sectors
from provider_site.services.reviews import Saved

_SUSPENDED = _("A suspended application can't be changed. Ask the people who run this site.")
_SAVED = {
    Saved.UNCHANGED: _("You changed nothing, so everything stays as it was."),
    Saved.IN_FORCE: _("Saved. The change is in force now."),
    Saved.WAITING: _("Saved. The change waits for review; until then the application runs on as it was."),
}


class EditView(OverviewPage):
    """Change what an application's owners decide; of an approved one only after a review."""

    http_method_names = ["get", "post"]

    def get(self, request: HttpRequest, application_id: str) -> HttpResponse:
        """Show the form: with the change that waits, where one does."""
        if self.is_suspended:
            return self.overview(request, problem=_SUSPENDED, status=409)
        shown = self._shown()
        return self._form_page(request, ApplicationForm(application=self.application, before=shown), NoteForm(), shown)

    def post(self, request: HttpRequest, application_id: str) -> HttpResponse:
        """Save everything or nothing."""
        if self.is_suspended:
            return self.overview(request, problem=_SUSPENDED, status=409)
        shown = self._shown()
        unread = self._read_sector(request)
        form = ApplicationForm(request.POST, request.FILES, application=self.application, before=shown)
        note_form = NoteForm(request.POST)
        is_valid = form.is_valid() and note_form.is_valid()
        if unread is not None:
            form.add_error("redirect_uris", unread)
            is_valid = False
        if request.POST.get("seen") != _digest(shown):
            # Or an old page would bring back an address that a co-owner has just removed.
            form.add_error(
                None,
                _(
                    "The application was changed while this page was open. Below is what you wrote; compare it with "
                    "the overview, and save once more if it still holds."
                ),
            )
            is_valid = False
        if not is_valid:
            return self._form_page(request, form, note_form, shown, status=400)
        try:
            saved = self._save(request, form, note_form.cleaned_data["note"], shown)
        except ValidationError as error:
            form.add_error(None, error.messages)
            return self._form_page(request, form, note_form, shown, status=400)
        except ReviewConflict:
            return self.overview(request, problem=_SUSPENDED, status=409)
        messages.success(request, _SAVED[saved], fail_silently=True)
        return redirect("provider_site:developer-application", self.application.pk)

    def _save(self, request: HttpRequest, form: ApplicationForm, note: str, shown: Facts) -> Saved:
        logo = "" if form.cleaned_data["remove_logo"] else shown.logo
        if form.cleaned_data["logo"] is not None:
            logo = logos.keep(application=self.application, picture=form.cleaned_data["logo"]).key
        asked = form.asked(logo=logo)
        return reviews.change(application=self.application, actor=request.user, asked=asked, note=note, request=request)

    def _read_sector(self, request: HttpRequest) -> ValidationError | None:
        """Look up what the sector identifier URI says of new redirect URIs; return why that can't be known."""
        try:
            sectors.read_again(
                application=self.application,
                redirect_uris=request.POST.get("redirect_uris", "").split(),
                asked_by=request.user,
            )
        except ValidationError as error:
            return error
        return None

    def _shown(self) -> Facts:
        """Return what the form begins with: what is asked for where a change waits, or else what is in force."""
        waiting = reviews.waiting(application=self.application)
        if waiting is not None and waiting.is_change:
            return reviews.sides(review=waiting)[1]
        return facts.read(application=self.application)

    def _form_page(
        self, request: HttpRequest, form: ApplicationForm, note_form: NoteForm, shown: Facts, status: int = 200
    ) -> HttpResponse:
        waiting = reviews.waiting(application=self.application)
        context: dict[str, Any] = {
            "form": form,
            "note_form": note_form,
            "seen": _digest(shown),
            "shown": shown,
            "is_approved": self.registration.status == Registration.Status.APPROVED,
            "waiting": waiting,
        }
        return self.page(request, "provider_site/developer/edit.html", context, status=status)


def _digest(shown: Facts) -> str:
    return fact_policy.digest(shown, shown)

"""The page on which it is decided whether people are asked about an application."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _

from provider_site.admin.review_actions import REFUSALS, Words, owner_names
from provider_site.errors import NotAllowed, ReviewConflict
from provider_site.models import Registration
from provider_site.policy.review import Step
from provider_site.security_headers import protect
from provider_site.services import first_party, roles

WORDS = {
    True: Words(
        title=_("Stop asking people"),
        many="",
        effect=_(
            "The application belongs to this site: people are signed in to it without being asked for consent, and it "
            "gets all it asks for but what they declined. Each of them sees it among their apps, as decided by an "
            "administrator, and may take it back; from then on they are asked. Sensitive scopes are always asked for."
        ),
        done=_("People are not asked any more."),
    ),
    False: Words(
        title=_("Ask people again"),
        many="",
        effect=_(
            "People are asked for consent at their next sign-in. What the application got without asking ends at once, "
            "with every token that hangs on it. What people allowed themselves stays."
        ),
        done=_("People are asked again."),
    ),
}


class FirstPartyForm(forms.Form):
    """Why; needed to stop asking people."""

    reason = forms.CharField(
        label=_("Reason"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 4, "cols": 60})
    )

    def __init__(self, data: Any = None, *, wanted: bool, **options: Any) -> None:
        """Want a reason where people lose a choice."""
        super().__init__(data, **options)
        self.fields["reason"].required = wanted
        self.fields["reason"].help_text = (
            _("It stays in the audit trail, and the owners will read it.")
            if wanted
            else _("May be left empty. The owners will read it.")
        )


def _refusal(user: Any, application: Any, *, wanted: bool) -> roles.Refusal | None:
    """Return why somebody may not decide; to have people asked again is in nobody's favour."""
    return roles.refusal(user=user, step=Step.APPROVE, application=application if wanted else None)


class FirstPartyPage:
    """For the admin of applications: the decision not to ask people, and its end."""

    admin_site: Any
    opts: Any
    get_object: Callable[..., Any]
    has_view_permission: Callable[..., bool]
    log_change: Callable[..., Any]
    message_user: Callable[..., Any]
    change_url: Callable[[Any], str]
    page_url: Callable[..., str]

    def first_party_urls(self) -> list[URLPattern]:
        """Return the address of this page."""
        view = self.admin_site.admin_view(self.first_party_view)
        name = "provider_site_application_first_party"
        return [path("<path:object_id>/first-party/<slug:wanted>/", view, name=name)]

    def first_party_panel(
        self, request: HttpRequest, application: Any, registration: Registration | None
    ) -> dict[str, Any]:
        """Return the decision as it stands, and the step that is offered to this person, if one is."""
        if registration is None:
            return {"not_asked": False}
        wanted = not registration.first_party
        refused = _refusal(request.user, application, wanted=wanted)
        possible = not wanted or first_party.obstacle(application=application) is None
        url = self.page_url("provider_site_application_first_party", application, "on" if wanted else "off")
        may_read = request.user.has_perm("provider_site.view_auditevent")
        return {
            "not_asked": registration.first_party,
            "not_asked_by": first_party.decision(application=application) if not wanted and may_read else None,
            "first_party_step": {"title": WORDS[wanted].title, "url": url} if refused is None and possible else None,
        }

    def first_party_view(self, request: HttpRequest, object_id: str, wanted: str) -> HttpResponse:
        """Ask for the reason of a decision, and take it."""
        application = self.get_object(request, object_id)
        if not self.has_view_permission(request, application):
            raise PermissionDenied
        if application is None or wanted not in {"on", "off"}:
            raise Http404
        value = wanted == "on"
        refusal = _refusal(request.user, application, wanted=value)
        if refusal is roles.Refusal.NO_PERMISSION:
            raise PermissionDenied
        form = FirstPartyForm(request.POST if request.method == "POST" else None, wanted=value)
        if form.is_bound and form.is_valid():
            error = _decide(request, application, value=value, reason=form.cleaned_data["reason"])
            if error is None:
                self.log_change(request, application, str(WORDS[value].done))
                self.message_user(request, WORDS[value].done, messages.SUCCESS)
                return redirect(self.change_url(application))
            form.add_error("reason" if error.code == "reason" else None, error)
        registration = Registration.objects.filter(application=application).first()
        obstacle = first_party.obstacle(application=application) if value else None
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": WORDS[value].title,
            "subtitle": application.name,
            "application": application,
            "registration": registration,
            "change_url": self.change_url(application),
            "words": WORDS[value],
            "owners": owner_names(application),
            "begins": registration is not None and registration.first_party != value,
            "refusal": REFUSALS[refusal] if refusal is not None else " ".join(obstacle.messages) if obstacle else "",
            "form": form,
        }
        return protect(TemplateResponse(request, "provider_site/admin/step.html", context))


def _decide(request: HttpRequest, application: Any, *, value: bool, reason: str) -> ValidationError | None:
    """Decide; return why that was not possible, or ``None``."""
    try:
        first_party.set_first_party(
            application=application, actor=request.user, value=value, reason=reason, request=request
        )
    except NotAllowed:
        return ValidationError(REFUSALS[roles.Refusal.OWN_APPLICATION])
    except ReviewConflict:
        return ValidationError(_("The application is not in a state for this step."))
    except ValidationError as error:
        return error
    return None

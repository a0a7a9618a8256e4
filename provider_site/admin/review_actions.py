"""The steps of a review as the admin takes them: one by one, and many at once with one reason."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from provider_site.admin import fact_rows
from provider_site.errors import NotAllowed, ReviewConflict, SeenSomethingElse
from provider_site.models import Registration, Review
from provider_site.policy import facts as fact_policy
from provider_site.policy import review as policy
from provider_site.policy.review import Step
from provider_site.security_headers import protect
from provider_site.services import people, reviews, roles
from provider_site.services.members import owners

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

AT_ONCE = 100
OWNERS_NAMED = 10


@dataclass(frozen=True, slots=True)
class Words:
    """How a step is called, and what it does."""

    title: str | _StrPromise
    many: str | _StrPromise
    effect: str | _StrPromise
    done: str | _StrPromise


WORDS: Mapping[Step, Words] = {
    Step.APPROVE: Words(
        _("Approve"),
        _("Approve the chosen applications"),
        _("What was asked for is in force at once, for everybody. The owners are told by e-mail."),
        _("Approved."),
    ),
    Step.REJECT: Words(
        _("Reject"),
        _("Reject what the chosen applications ask for"),
        _("The owners are told the reason by e-mail and can ask again. What was approved before stays as it is."),
        _("Rejected."),
    ),
    Step.SUSPEND: Words(
        _("Suspend"),
        _("Suspend the chosen applications"),
        _(
            "Nobody can sign in to it any more, and every token it has is dead at once, for good. Its users and its "
            "owners read the reason."
        ),
        _("Suspended."),
    ),
    Step.REINSTATE: Words(
        _("Reinstate"),
        _("Reinstate the chosen applications"),
        _("People can sign in to it again, if it was ever approved; else it is a draft. Old tokens stay dead."),
        _("Reinstated."),
    ),
}
REFUSALS: Mapping[roles.Refusal, str | _StrPromise] = {
    roles.Refusal.NO_PERMISSION: _("You may not do this."),
    roles.Refusal.OWN_APPLICATION: _("You are an owner of this application, so somebody else decides about it."),
    roles.Refusal.OWN_REQUEST: _("You asked for this yourself, so somebody else decides about it."),
}
CHANGED = _("The application has changed since you looked at it. Look at it as it is now, and decide again.")
_SERVICES: Mapping[Step, Callable[..., None]] = {
    Step.APPROVE: reviews.approve,
    Step.REJECT: reviews.reject,
    Step.SUSPEND: reviews.suspend,
    Step.REINSTATE: reviews.reinstate,
}
# The steps that decide about facts, which therefore have to be the ones that were looked at.
JUDGES_FACTS = frozenset({Step.APPROVE, Step.REJECT})


class ReasonForm(forms.Form):
    """Why, in words the people concerned will read."""

    reason = forms.CharField(
        label=_("Reason"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4, "cols": 60}),
    )
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, data: Any = None, *, step: Step | None = None, **options: Any) -> None:
        """Want a reason for the steps that need one."""
        super().__init__(data, **options)
        self.fields["reason"].required = step in policy.NEED_A_REASON
        if step is None:
            help_text: str | _StrPromise = _("Needed to reject. The owners will read it.")
        elif step in policy.NEED_A_REASON:
            help_text = _("Its owners will read it, and after a suspension its users too.")
        else:
            help_text = _("May be left empty. The owners will read it.")
        self.fields["reason"].help_text = help_text


def digest(application: Any) -> str:
    """Return what stands for the facts as they are shown now."""
    return fact_policy.digest(*reviews.compared(application=application))


def queue_length() -> str:
    """Return how many requests wait, in words where they are many; empty when none does."""
    found = len(Review.objects.filter(decided_at=None).values("pk")[: AT_ONCE + 1])
    return f"{AT_ONCE}+" if found > AT_ONCE else str(found or "")


def possible(*, registration: Registration | None, is_waiting: bool) -> list[Step]:
    """Return the steps that begin where the application is now."""
    status = registration.status if registration is not None else Registration.Status.DRAFT
    found = [step for step in WORDS if policy.after(status, step) is not None]
    return [Step.APPROVE, Step.REJECT, *found] if is_waiting and Step.APPROVE not in found else found


def take(
    step: Step, *, application: Any, request: HttpRequest, reason: str, seen: str | None
) -> ValidationError | None:
    """Take the step; return why it was not taken, or ``None``.

    The ``code`` of what is returned is "seen", "state", "refused", or that of a service's own ValidationError.
    """
    if (refusal := roles.refusal(user=request.user, step=step, application=application)) is not None:
        return ValidationError(REFUSALS[refusal], code="refused")
    judged = {"seen": seen or ""} if step in JUDGES_FACTS else {}
    try:
        _SERVICES[step](application=application, actor=request.user, reason=reason, request=request, **judged)
    except SeenSomethingElse:
        return ValidationError(CHANGED, code="seen")
    except ReviewConflict:
        return ValidationError(_("The application is not in a state for this step any more."), code="state")
    except NotAllowed:
        return ValidationError(REFUSALS[roles.Refusal.OWN_APPLICATION], code="refused")
    except ValidationError as error:
        return error
    return None


def owner_names(application: Any) -> list[str]:
    """Return the names of those answerable for an application: of a hundred co-owners the first ones."""
    return [people.display_name(user=user) for user in owners(application=application)[:OWNERS_NAMED]]


@dataclass(frozen=True, slots=True)
class Concerned:
    """One application in a list of many, and what would happen to it."""

    key: Any
    application: Any
    status: str
    owner: Any
    is_change: bool
    rows: Sequence[fact_rows.Row]
    seen: str
    obstacle: str | _StrPromise


def _concerned(step: Step, key: Any, application: Any, user: Any) -> Concerned:
    registration = getattr(application, "registration", None)
    waiting = reviews.waiting(application=application)
    before, after = reviews.compared(application=application)
    refusal = roles.refusal(user=user, step=step, application=application)
    begins = step in possible(registration=registration, is_waiting=waiting is not None)
    obstacle: str | _StrPromise = "" if begins else _("The application is not in a state for this step.")
    return Concerned(
        key=key,
        application=application,
        status=registration.get_status_display() if registration is not None else str(Registration.Status.DRAFT.label),
        owner=registration.owner if registration is not None else None,
        is_change=waiting is not None and waiting.is_change,
        rows=fact_rows.rows(before, after) if step in JUDGES_FACTS else [],
        seen=fact_policy.digest(before, after),
        obstacle=REFUSALS[refusal] if refusal is not None else obstacle,
    )


def decide_about_many(
    model_admin: Any, request: HttpRequest, chosen: Iterable[tuple[Any, Any]], step: Step
) -> HttpResponse | None:
    """Ask for one reason for all, then take the step with each application in a transaction of its own.

    ``chosen`` are the ticked rows' keys with their applications, at most one more than ``AT_ONCE``.
    """
    if roles.refusal(user=request.user, step=step) is not None:
        raise PermissionDenied
    rows = list(chosen)
    if len(rows) > AT_ONCE:
        text = gettext("At most %(limit)s at a time: choose fewer.") % {"limit": AT_ONCE}
        model_admin.message_user(request, text, messages.WARNING)
        return None
    is_answer = "confirm" in request.POST
    form = ReasonForm(request.POST if is_answer else None, step=step)
    if is_answer and form.is_valid():
        _take_all(model_admin, request, rows, step, form.cleaned_data["reason"])
        return HttpResponseRedirect(request.get_full_path())
    concerned = [_concerned(step, key, application, request.user) for key, application in rows]
    if is_answer:
        _tell_what_changed(form, request, concerned)
    context = {
        **model_admin.admin_site.each_context(request),
        "opts": model_admin.opts,
        "title": WORDS[step].many,
        "words": WORDS[step],
        "action": request.POST.get("action", ""),
        "concerned": concerned,
        "checkbox_name": ACTION_CHECKBOX_NAME,
        "form": form,
    }
    return protect(TemplateResponse(request, "provider_site/admin/decide_many.html", context))


def _tell_what_changed(form: ReasonForm, request: HttpRequest, concerned: Iterable[Concerned]) -> None:
    """Say on a page that is shown again which applications differ from what its reader was shown."""
    for one in concerned:
        if request.POST.get(f"seen-{one.key}") != one.seen:
            form.add_error(None, f"{one.application.name}: {CHANGED}")


def _take_all(model_admin: Any, request: HttpRequest, rows: Sequence[tuple[Any, Any]], step: Step, reason: str) -> None:
    done, failed = 0, []
    for key, application in rows:
        error = take(
            step, application=application, request=request, reason=reason, seen=request.POST.get(f"seen-{key}")
        )
        if error is None:
            done += 1
            model_admin.log_change(request, application, str(WORDS[step].done))
        else:
            failed.append((application.name, " ".join(error.messages)))
    if done:
        text = ngettext("Done with %(count)s application.", "Done with %(count)s applications.", done)
        model_admin.message_user(request, text % {"count": done}, messages.SUCCESS)
    if failed:
        listed = format_html_join("", "<li><bdi>{}</bdi>: {}</li>", failed)
        text = ngettext("Not done with %(count)s application:", "Not done with %(count)s applications:", len(failed))
        model_admin.message_user(
            request, format_html("{}<ul>{}</ul>", text % {"count": len(failed)}, listed), messages.WARNING
        )

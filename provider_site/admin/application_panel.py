"""What the page of an application shows beside its form: where it stands, and everything that hangs on it."""

from __future__ import annotations

from typing import Any

from django.urls import NoReverseMatch, reverse
from oauth2_provider.models import get_access_token_model, get_id_token_model, get_refresh_token_model

from provider_site.admin import fact_rows
from provider_site.admin.application_secrets import ISSUE, REVOKE
from provider_site.admin.review_actions import REFUSALS, WORDS, owner_names, possible
from provider_site.models import AuditEvent, Consent, Member, Registration, Review
from provider_site.policy.review import Step
from provider_site.services import members, reviews, roles, secrets

_EVENTS = 20
_REVIEWS = 10
_MEMBERS = 20


def panel(model_admin: Any, request: Any, application: Any) -> dict[str, Any]:
    """Return the template's context. Every list has a bound; the whole of it is behind a link."""
    registration = Registration.objects.select_related("logo").filter(application=application).first()
    status = Registration.Status(registration.status) if registration is not None else Registration.Status.DRAFT
    return {
        "registration": registration,
        "status": status,
        "owners": owner_names(application),
        "logo_url": fact_rows.logo_address(registration.logo_id) if registration and registration.logo_id else "",
        **_steps(model_admin, request, application, registration),
        **model_admin.first_party_panel(request, application, registration),
        **_members(model_admin, request, application),
        **_secrets(model_admin, request, application),
        **_reviews(model_admin, request, application),
        **_events(model_admin, request, application),
        "links": _links(model_admin, request, application),
    }


def _may_view(request: Any, model: Any) -> bool:
    opts = model._meta
    names = (f"{opts.app_label}.{action}_{opts.model_name}" for action in ("view", "change"))
    return any(request.user.has_perm(name) for name in names)


def _filtered_list(model_admin: Any, request: Any, model: Any, application: Any) -> str:
    """Return the address of the model's list for this application alone; empty where there is none to see."""
    if not _may_view(request, model):
        return ""
    opts = model._meta
    try:
        address = reverse(f"{model_admin.admin_site.name}:{opts.app_label}_{opts.model_name}_changelist")
    except NoReverseMatch:
        return ""
    state = "&state=all" if model is Review else ""
    return f"{address}?application__id__exact={application.pk}{state}"


def _steps(model_admin: Any, request: Any, application: Any, registration: Registration | None) -> dict[str, Any]:
    waiting = reviews.waiting(application=application)
    judged = {Step.APPROVE, Step.REJECT} if waiting is not None else set()
    steps, notes = [], []
    for step in possible(registration=registration, is_waiting=waiting is not None):
        refusal = roles.refusal(user=request.user, step=step, application=application)
        if refusal in roles.OWN and REFUSALS[refusal] not in notes:
            notes.append(REFUSALS[refusal])
        if refusal is None and step not in judged:
            steps.append({"title": WORDS[step].title, "url": model_admin.step_url(application, step)})
    review_url = ""
    if waiting is not None and _may_view(request, Review):
        review_url = reverse(f"{model_admin.admin_site.name}:provider_site_review_change", args=[waiting.pk])
    return {"steps": steps, "notes": notes, "waiting": waiting, "review_url": review_url}


def _members(model_admin: Any, request: Any, application: Any) -> dict[str, Any]:
    if not _may_view(request, Member):
        return {"members": None}
    return {
        "members": members.listed(application=application)[:_MEMBERS],
        "members_url": _filtered_list(model_admin, request, Member, application),
    }


def _secrets(model_admin: Any, request: Any, application: Any) -> dict[str, Any]:
    if application.client_type != "confidential" or not request.user.has_perm("provider_site.view_clientsecret"):
        return {"secrets": None}
    may_issue, may_revoke = request.user.has_perm(ISSUE), request.user.has_perm(REVOKE)
    rows = [
        {
            "secret": secret,
            "is_live": (is_live := secrets.is_live(secret=secret)),
            "revoke_url": model_admin.page_url("provider_site_revoke_secret", application, secret.pk)
            if is_live and may_revoke
            else "",
        }
        for secret in secrets.listed(application=application)
    ]
    return {
        "secrets": rows,
        "legacy_secret": secrets.has_legacy_secret(application=application),
        "legacy_url": model_admin.page_url("provider_site_revoke_legacy_secret", application) if may_revoke else "",
        "issue_url": model_admin.page_url("provider_site_issue_secret", application) if may_issue else "",
        "rotate_url": model_admin.page_url("provider_site_rotate_secrets", application)
        if may_issue and may_revoke
        else "",
    }


def _reviews(model_admin: Any, request: Any, application: Any) -> dict[str, Any]:
    if not _may_view(request, Review):
        return {"reviews": None}
    rows = Review.objects.filter(application=application).select_related("application", "submitted_by", "decided_by")
    return {
        "reviews": [
            {"review": row, "rows": fact_rows.rows(*reviews.sides(review=row))}
            for row in rows.order_by("-pk")[:_REVIEWS]
        ],
        "reviews_url": _filtered_list(model_admin, request, Review, application),
    }


def _events(model_admin: Any, request: Any, application: Any) -> dict[str, Any]:
    if not _may_view(request, AuditEvent):
        return {"events": None}
    rows = AuditEvent.objects.filter(application=application).order_by("-at", "-pk")[:_EVENTS]
    return {
        "events": [
            {
                "event": row,
                "fields": fact_rows.names(row.data.get("fields", [])),
                "reason": row.data.get("reason", ""),
            }
            for row in rows
        ],
        "events_url": _filtered_list(model_admin, request, AuditEvent, application),
    }


def _links(model_admin: Any, request: Any, application: Any) -> list[dict[str, Any]]:
    """Return where this application's many rows are; how many there are is not counted."""
    models = (Consent, get_access_token_model(), get_refresh_token_model(), get_id_token_model())
    return [
        {"name": model._meta.verbose_name_plural, "url": address}
        for model in models
        if (address := _filtered_list(model_admin, request, model, application))
    ]

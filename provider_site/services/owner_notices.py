"""Notices about applications by e-mail: to their owners, to reviewers, to people who are invited."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.urls import reverse
from django.utils import translation

from provider_site.conf import provider_settings
from provider_site.models import AuditEvent, Member, Registration, Review
from provider_site.services import members, people
from provider_site.services.notices import mail
from provider_site.services.outbox import deliverer


def mail_owners(*, registration: Registration, template: str, context: Mapping[str, Any]) -> None:
    """Write to everybody answerable for an application, with a link to its page among the developer pages."""
    application = registration.application
    addresses = {people.address_of(user=user) for user in members.owners(application=application)} - {""}
    page = reverse("provider_site:developer-application", args=[application.pk])
    known = {"application": application, "page_url": provider_settings.issuer_origin + page, **context}
    mail(addresses=sorted(addresses), language=registration.language, template=template, context=known)


@deliverer("review-decided-mail")
def mail_review_decided(payload: dict[str, Any]) -> None:
    """Tell the owners what was decided about their application, and why."""
    registration = Registration.objects.select_related("application").filter(pk=payload["registration"]).first()
    if registration is None:
        return
    with translation.override(registration.language or None):
        decision = str(AuditEvent.Action(payload["action"]).label)
    context = {"decision": decision, "reason": payload["reason"], "action": payload["action"]}
    mail_owners(registration=registration, template="review_decided", context=context)


@deliverer("review-submitted-mail")
def mail_review_submitted(payload: dict[str, Any]) -> None:
    """Tell the reviewers' addresses that something waits."""
    review = Review.objects.select_related("application", "submitted_by").filter(pk=payload["review"]).first()
    if review is None or review.decided_at is not None:
        return
    context = {
        "review": review,
        "application": review.application,
        "who": people.display_name(user=review.submitted_by),
    }
    mail(addresses=provider_settings.review_addresses, language="", template="review_submitted", context=context)


@deliverer("first-party-mail")
def mail_first_party(payload: dict[str, Any]) -> None:
    """Tell the owners whether people are asked about their application, and why."""
    registration = Registration.objects.select_related("application").filter(pk=payload["registration"]).first()
    if registration is not None:
        context = {"value": payload["value"], "reason": payload["reason"]}
        mail_owners(registration=registration, template="first_party", context=context)


@deliverer("invitation-mail")
def mail_invitation(payload: dict[str, Any]) -> None:
    """Tell an invited person, if there is such an account and its address is proven.

    The letter is in the words of somebody they may not know: it must not reach whoever's address was typed.
    """
    rows = Member.objects.select_related("application__registration", "user", "invited_by")
    member = rows.filter(pk=payload["member"], accepted_at=None).first()
    if member is None or not (address := people.address_of(user=member.user)):
        return
    if not provider_settings.email_verified(member.user):
        return
    context = {
        "member": member,
        "application": member.application,
        "who": people.display_name(user=member.invited_by),
        "page_url": provider_settings.issuer_origin + reverse("provider_site:invitations"),
    }
    language = member.application.registration.language
    mail(addresses=[address], language=language, template="invitation", context=context)

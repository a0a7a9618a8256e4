"""Applications that people register themselves at the developer pages."""

from __future__ import annotations

import hashlib
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from provider_site.conf import provider_settings
from provider_site.errors import NotAllowed
from provider_site.models import AuditEvent, Logo, Member, Registration
from provider_site.policy import grants
from provider_site.policy.facts import Facts
from provider_site.policy.sectors import Document
from provider_site.services import applications, members, pictures
from provider_site.services.link_rules import LINKS


class SentBefore(Exception):
    """The form was sent before, and made ``application``: ``None`` where that has been deleted since."""

    def __init__(self, application: Any | None) -> None:
        super().__init__("registered before")
        self.application = application


def client_id_of(*, user: Any, once: str) -> str:
    """Return the client ID of the application that the form with this one-time text makes, however often it is sent."""
    return hashlib.sha256(f"provider_site.client-id:{user.pk}:{once}".encode()).hexdigest()[:40]


def register(
    *,
    user: Any,
    facts: Facts,
    client_type: str,
    once: str,
    grant: str = grants.AUTHORIZATION_CODE,
    picture: bytes | None = None,
    language: str = "",
    subject_type: str = Registration.SubjectType.PUBLIC,
    sector_document: Document | None = None,
    request: HttpRequest | None = None,
) -> applications.RegisteredApplication:
    """Register a draft of the person's own, once for each value of ``once``.

    ``picture`` is a logo as ``pictures.reencode`` returned it, ``sector_document`` what ``sectors.read`` found. Raises
    NotAllowed for somebody who may not register, SentBefore with the application the first sending made, and
    ValidationError for facts that are refused (by field where ``services.facts`` checks them) or where the person owns
    ``MAX_APPLICATIONS`` already.
    """
    if not members.may_register(user=user):
        raise NotAllowed("the person may not register applications")
    with pictures.written(picture, directory=pictures.LOGOS) as (key, name), transaction.atomic():
        # One at a time per person: two forms at once must not both find the last place free.
        get_user_model()._default_manager.select_for_update().get(pk=user.pk)
        client_id = client_id_of(user=user, once=once)
        before = applications.application_model().objects.filter(client_id=client_id).first()
        # The trail outlives an application: its client ID, known to others by now, never names another one.
        if before is not None or AuditEvent.objects.filter(client_id=client_id).exists():
            raise SentBefore(before)
        _check_room(user)
        registered = applications.register_application(
            name=facts.name,
            owner=user,
            client_type=client_type,
            client_id=client_id,
            authorization_grant_type=grant,
            redirect_uris=facts.redirect_uris,
            post_logout_redirect_uris=facts.post_logout_redirect_uris,
            allowed_origins=facts.allowed_origins,
            scopes={name: scope.required for name, scope in facts.scopes.items()},
            justifications={name: scope.justification for name, scope in facts.scopes.items()},
            sector_document=sector_document,
            request=request,
            **_details(facts, language=language, subject_type=subject_type),
        )
        if picture is not None:
            logo = Logo.objects.create(key=key, application=registered.application, picture=name)
            Registration.objects.filter(application=registered.application).update(logo=logo)
        return registered


def _details(facts: Facts, **others: Any) -> Any:
    return {"description": facts.description, **{name: getattr(facts, name) for name in LINKS}, **others}


def _check_room(user: Any) -> None:
    if not members.has_room(user=user):
        raise ValidationError(
            _("You own %(limit)s applications, which is as many as one person may own here."),
            code="too_many",
            params={"limit": provider_settings.max_applications},
        )


def concerns(*, user: Any) -> bool:
    """Tell whether the developer pages are of any use to the person: who may register, owns, or is invited."""
    if not user.is_authenticated:
        return False
    if members.may_register(user=user):
        return True
    # Apart: joined by an OR, PostgreSQL would look at every registration there is.
    return Registration.objects.filter(owner=user).exists() or Member.objects.filter(user=user).exists()

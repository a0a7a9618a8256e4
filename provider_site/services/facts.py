"""An application's reviewed facts, read from its rows and written to them."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from provider_site.models import ApplicationScope, Logo, Registration
from provider_site.policy.facts import LISTS, Facts, ScopeRequest
from provider_site.policy.scopes import catalog
from provider_site.services import applications

_OF_REGISTRATION = ("description", "homepage_url", "privacy_policy_url", "terms_url")


def read(*, application: Any) -> Facts:
    """Return the facts as they are in force now."""
    registration = Registration.objects.filter(application=application).first()
    scopes = ApplicationScope.objects.filter(application=application).order_by("pk")
    return Facts(
        name=application.name,
        redirect_uris=tuple(application.redirect_uris.split()),
        post_logout_redirect_uris=tuple(application.post_logout_redirect_uris.split()),
        allowed_origins=tuple(application.allowed_origins.split()),
        logo=(registration.logo_id or "") if registration is not None else "",
        scopes={row.scope: ScopeRequest(row.required, row.justification) for row in scopes},
        **{name: getattr(registration, name, "") for name in _OF_REGISTRATION},
    )


def validate(*, application: Any, facts: Facts) -> None:
    """Raise ValidationError, by field, for facts that can't be in force: the same rules as at registration."""
    errors: dict[str, Any] = {}
    for name in ("redirect_uris", "post_logout_redirect_uris"):
        try:
            applications.validate_redirect_uris(getattr(facts, name))
        except ValidationError as error:
            errors[name] = error
    for name, limit in (("name", 255), ("description", 200)):
        if len(getattr(facts, name)) > limit:
            errors[name] = ValidationError(_("At most %(limit)s characters."), params={"limit": limit})
    if not facts.name.strip():
        errors["name"] = ValidationError(_("An application needs a name."))
    if application.authorization_grant_type == "authorization-code" and not facts.redirect_uris:
        errors.setdefault(
            "redirect_uris", ValidationError(_("An application that people sign in to needs a redirect URI."))
        )
    if unknown := set(facts.scopes) - set(catalog()):
        text = _("This site does not offer these scopes: %(scopes)s")
        errors["scopes"] = ValidationError(text, params={"scopes": ", ".join(sorted(unknown))})
    links = Registration(application=application, **{name: getattr(facts, name) for name in _OF_REGISTRATION})
    try:
        links.clean_fields(exclude=["application", "owner", "status"])
    except ValidationError as error:
        errors |= {name: found for name, found in error.error_dict.items() if name not in errors}
    if facts.logo and not Logo.objects.filter(pk=facts.logo, application=application).exists():
        errors["logo"] = ValidationError(_("The logo is not there any more. Please upload it again."))
    if errors:
        raise ValidationError(errors)


@transaction.atomic
def write(*, application: Any, facts: Facts) -> None:
    """Put the facts into force. Raises ValidationError, changing nothing."""
    validate(application=application, facts=facts)
    application.name = facts.name
    for name in LISTS:
        setattr(application, name, " ".join(getattr(facts, name)))
    application.save(update_fields=["name", *LISTS, "updated"])
    own = {name: getattr(facts, name) for name in _OF_REGISTRATION}
    Registration.objects.filter(application=application).update(logo=facts.logo or None, **own)
    rows = ApplicationScope.objects.filter(application=application)
    rows.exclude(scope__in=facts.scopes).delete()
    for scope, wanted in facts.scopes.items():
        ApplicationScope.objects.update_or_create(
            application=application,
            scope=scope,
            defaults={"required": wanted.required, "justification": wanted.justification},
        )

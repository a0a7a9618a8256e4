"""An application's reviewed facts, read from its rows and written to them."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from provider_site.models import ApplicationScope, Logo, Registration
from provider_site.policy import facts as fact_policy
from provider_site.policy import grants, redirect
from provider_site.policy.facts import LISTS, TEXTS, Facts, ScopeRequest, can_be_stored
from provider_site.policy.scopes import catalog
from provider_site.services import applications, sectors
from provider_site.services.link_rules import LINKS, link_faults
from provider_site.storage import access

_JUSTIFICATION: int = ApplicationScope._meta.get_field("justification").max_length or 0
# Those that are fields of the registration.
OF_REGISTRATION = ("description", *LINKS)


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
        **{name: getattr(registration, name, "") for name in OF_REGISTRATION},
    )


def identity(*, application: Any) -> dict[str, Any]:
    """Return what a person goes by when they allow the application something: ``policy.facts.identity``.

    Of the application as its caller has it, with its registration: nothing is read anew in the middle of a request.
    """
    registration = access.registration_of(application)
    owner = registration.owner_id if registration is not None else None
    links: dict[str, Any] = {name: getattr(registration, name, "") for name in LINKS}
    shown = Facts(name=application.name, redirect_uris=tuple(application.redirect_uris.split()), **links)
    return fact_policy.identity(shown, owner="" if owner is None else str(owner))


def read_locked(*, application: Any) -> Facts:
    """Return the facts under the registration's row lock, for a caller who writes them by a form of its own."""
    Registration.objects.select_for_update().filter(application=application).first()
    return read(application=type(application)._default_manager.get(pk=application.pk))


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
    if grants.needs_redirect_uri(application.authorization_grant_type) and not facts.redirect_uris:
        errors.setdefault(
            "redirect_uris", ValidationError(_("An application that people sign in to needs a redirect URI."))
        )
    errors |= _scope_faults(facts) | _origin_faults(application, facts)
    if "redirect_uris" not in errors:
        errors |= sectors.faults(application=application, facts=facts)
    links = Registration(application=application, **{name: getattr(facts, name) for name in OF_REGISTRATION})
    try:
        links.clean_fields(exclude=["application", "owner", "status"])
    except ValidationError as error:
        errors |= {name: found for name, found in error.error_dict.items() if name not in errors}
    refused = link_faults({name: getattr(facts, name) for name in LINKS}, redirect_uris=facts.redirect_uris)
    errors |= {name: error for name, error in refused.items() if name not in errors}
    errors |= _unstorable(facts)
    if "logo" not in errors and facts.logo and not Logo.objects.filter(pk=facts.logo, application=application).exists():
        errors["logo"] = ValidationError(_("The logo is not there any more. Please upload it again."))
    if errors:
        raise ValidationError(errors)


def _scope_faults(facts: Facts) -> dict[str, Any]:
    if unknown := set(facts.scopes) - set(catalog()):
        text = _("This site does not offer these scopes: %(scopes)s")
        return {"scopes": ValidationError(text, params={"scopes": ", ".join(sorted(unknown))})}
    if too_long := [name for name, scope in facts.scopes.items() if len(scope.justification) > _JUSTIFICATION]:
        text = _("At most %(limit)s characters for each justification: %(scopes)s")
        params = {"limit": _JUSTIFICATION, "scopes": ", ".join(sorted(too_long))}
        return {"scopes": ValidationError(text, params=params)}
    return {}


def _origin_faults(application: Any, facts: Facts) -> dict[str, Any]:
    # What an application had before this app was installed stays until somebody takes it away.
    new = set(facts.allowed_origins) - set(application.allowed_origins.split())
    if wrong := sorted(uri for uri in new if not _is_origin(uri)):
        text = _("This is not an origin such as https://app.example.com: %(origins)s")
        return {"allowed_origins": ValidationError(text, params={"origins": ", ".join(wrong)})}
    return {}


def _is_origin(uri: str) -> bool:
    """Tell whether ``uri`` is a web origin (RFC 6454 7) by the rules of redirect URIs, without a path."""
    if redirect.refusal(uri) is not None:
        return False
    parts = urlsplit(uri)
    return parts.scheme in {"http", "https"} and uri == f"{parts.scheme}://{parts.netloc}"


def _unstorable(facts: Facts) -> dict[str, Any]:
    """Return an error for each fact that holds text no database keeps."""
    texts = {name: str(getattr(facts, name)) for name in TEXTS}
    texts["scopes"] = "".join(scope.justification for scope in facts.scopes.values())
    return {
        name: ValidationError(_("This text holds characters that can't be saved."))
        for name, text in texts.items()
        if not can_be_stored(text)
    }


@transaction.atomic
def write(*, application: Any, facts: Facts) -> None:
    """Put the facts into force. Raises ValidationError, changing nothing."""
    validate(application=application, facts=facts)
    application.name = facts.name
    for name in LISTS:
        setattr(application, name, " ".join(getattr(facts, name)))
    application.save(update_fields=["name", *LISTS, "updated"])
    own = {name: getattr(facts, name) for name in OF_REGISTRATION}
    Registration.objects.filter(application=application).update(logo=facts.logo or None, updated=timezone.now(), **own)
    rows = ApplicationScope.objects.filter(application=application)
    rows.exclude(scope__in=facts.scopes).delete()
    for scope, wanted in facts.scopes.items():
        ApplicationScope.objects.update_or_create(
            application=application,
            scope=scope,
            defaults={"required": wanted.required, "justification": wanted.justification},
        )

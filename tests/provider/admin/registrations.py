"""Applications in every state, and the form of their admin page as a browser would send it."""

from typing import Any

from provider_site.models import Registration, Review
from provider_site.policy.facts import CALLED, Facts
from provider_site.services import facts, reviews
from tests import factories


def draft(owner: Any, **fields: Any) -> Any:
    """Return a new application with all a reviewer wants to know."""
    scopes = {"openid": True, "nickname": False, "avatar": False, "offline_access": False}
    known: dict[str, Any] = {"description": "A calendar.", "scopes": scopes}
    application = factories.make_draft(owner, **(known | fields)).application
    application.registered_scopes.update(justification="To greet you.")
    return application


def submitted(owner: Any, **fields: Any) -> Any:
    """Return an application whose first review waits."""
    application = draft(owner, **fields)
    reviews.submit(application=application, actor=owner, note="Please be quick.")
    return application


def approved(owner: Any, **fields: Any) -> Any:
    """Return an application in use."""
    return draft(owner, status="approved", **fields)


def changing(owner: Any, **changes: Any) -> Any:
    """Return an application in use that asks for a change."""
    application = approved(owner)
    values = facts.read(application=application).to_json() | (
        changes or {"redirect_uris": ["https://new.example.com/"]}
    )
    reviews.change(application=application, actor=owner, asked=Facts.from_json(values), note="We have moved.")
    return application


def suspended(owner: Any, **fields: Any) -> Any:
    """Return an application that was in use and is switched off."""
    application = approved(owner, **fields)
    reviews.suspend(application=application, actor=None, reason="Spam.")
    return application


def status(application: Any) -> str:
    """Return where the application is now."""
    return Registration.objects.get(application=application).status


def waiting(application: Any) -> Review:
    """Return the request that waits."""
    return Review.objects.get(application=application, decided_at=None)


def _new_form(owner: Any, **fields: Any) -> dict[str, Any]:
    return {
        "name": "New",
        "client_type": "confidential",
        "authorization_grant_type": "authorization-code",
        "redirect_uris": "https://new.example.com/callback",
        "post_logout_redirect_uris": "",
        "allowed_origins": "",
        "registration-TOTAL_FORMS": "1",
        "registration-INITIAL_FORMS": "0",
        "registration-0-id": "",
        "registration-0-application": "",
        "registration-0-status": "draft",
        "registration-0-owner": str(owner.pk),
        "registration-0-description": "",
        "registration-0-homepage_url": "",
        "registration-0-privacy_policy_url": "",
        "registration-0-terms_url": "",
        "registration-0-subject_type": "public",
        "registration-0-id_token_alg": "RS256",
        "registration-0-access_token_format": "opaque",
        "registration-0-language": "",
        "registered_scopes-TOTAL_FORMS": "0",
        "registered_scopes-INITIAL_FORMS": "0",
        **fields,
    }


def add_form(owner: Any, **fields: Any) -> dict[str, Any]:
    """Return what the page for a new application sends."""
    return _new_form(owner, **fields)


def change_form(application: Any, **fields: Any) -> dict[str, Any]:
    """Return what the page of an application sends when nothing was touched but ``fields``."""
    application.refresh_from_db()
    registration = Registration.objects.get(application=application)
    form = _new_form(registration.owner)
    form |= {name: getattr(application, name) for name in ("name", "client_type", "authorization_grant_type")}
    for name in ("redirect_uris", "post_logout_redirect_uris", "allowed_origins"):
        form[name] = "\n".join(getattr(application, name).split())
    kept = ("description", "homepage_url", "privacy_policy_url", "terms_url", "subject_type", "language")
    for name in (*kept, *CALLED, "id_token_alg", "access_token_format"):
        form[f"registration-0-{name}"] = getattr(registration, name)
    del form["registration-0-status"]
    form |= {"registration-INITIAL_FORMS": "1", "registration-0-id": registration.pk}
    form["registration-0-application"] = application.pk
    return form | fields

"""Applications: registered with everything they need, in one step."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypedDict, Unpack

from django.apps import apps
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from provider_site.models import ApplicationScope, AuditEvent, Registration
from provider_site.policy import grants, redirect
from provider_site.policy.scopes import catalog
from provider_site.policy.sectors import Document
from provider_site.services import audit, dot_column, secrets, sectors, signing_choice
from provider_site.services.link_rules import LINKS, link_faults
from provider_site.signals import application_registered

REFUSALS = {
    redirect.Refusal.CHARACTERS: _("Spaces, quotes and characters outside ASCII have to be percent-encoded."),
    redirect.Refusal.MALFORMED: _("This is not an absolute URI."),
    redirect.Refusal.FRAGMENT: _("A redirect URI has no fragment (the part after #)."),
    redirect.Refusal.USERINFO: _("A redirect URI has no user name before the host (the part before @)."),
    redirect.Refusal.DOT_SEGMENTS: _("A redirect URI has no . or .. in its path."),
    redirect.Refusal.WILDCARD: _("Wildcards are not possible: each redirect URI is compared exactly."),
    redirect.Refusal.SCHEME: _(
        "Use https, http on the loopback address, or a private scheme such as com.example.app:/."
    ),
    redirect.Refusal.HTTP_NOT_LOOPBACK: _("http is only for the loopback address (127.0.0.1, [::1] or localhost)."),
    redirect.Refusal.RESERVED_PARAMETER: _("code, state, iss and error are our own parameters; leave them out."),
}
# Characters that turn the direction of a text around.
_OVERRIDES = {chr(code) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))}


@dataclass(frozen=True, slots=True)
class RegisteredApplication:
    """A new application and its secret, which is not kept in clear anywhere (``None`` for a public client)."""

    application: Any
    client_secret: str | None

    def __repr__(self) -> str:
        return f"<RegisteredApplication {self.application.client_id}>"


def application_model() -> Any:
    """Return DOT's application model as the host has it."""
    return apps.get_model(getattr(settings, "OAUTH2_PROVIDER_APPLICATION_MODEL", "oauth2_provider.Application"))


def by_key(*, key: str) -> Any | None:
    """Return the application behind a key from an address, or ``None``; none that is being deleted."""
    try:
        rows = application_model().objects.exclude(registration__deleted_at__isnull=False)
        return rows.select_related("registration").filter(pk=key).first()
    except (ValueError, ValidationError):  # the key is of whatever type the host's application has
        return None


def validate_redirect_uris(uris: Sequence[str]) -> None:
    """Raise ValidationError with one message per URI that can't be registered."""
    errors = [
        ValidationError("%(uri)s: %(reason)s", code=reason, params={"uri": uri, "reason": REFUSALS[reason]})
        for uri in uris
        if (reason := redirect.refusal(uri))
    ]
    if errors:
        raise ValidationError(errors)


def clean_name(name: str) -> str:
    """Return a name on one line. Raises ValidationError for one that shows other than it is written, or nothing."""
    name = " ".join(unicodedata.normalize("NFC", name).split())
    if any(unicodedata.category(char) in {"Cc", "Co", "Cs"} or char in _OVERRIDES for char in name):
        raise ValidationError(_("A name can't hold invisible control characters."), code="control")
    if not any(unicodedata.category(char)[0] in "LNPS" for char in name):
        raise ValidationError(_("A name needs at least one visible character."), code="invisible")
    return name


class Details(TypedDict, total=False):
    """What a registration may say beside its owner and state; what is left out has the model's default."""

    description: str
    homepage_url: str
    privacy_policy_url: str
    terms_url: str
    events_url: str
    backchannel_logout_uri: str
    frontchannel_logout_uri: str
    initiate_login_uri: str
    id_token_alg: str
    access_token_format: str
    pkce_waived: bool
    max_consent_days: int | None
    subject_type: str
    language: str


def register_application(
    *,
    name: str,
    owner: Any,
    redirect_uris: Sequence[str],
    scopes: Mapping[str, bool],
    client_type: str = "confidential",
    client_id: str | None = None,
    post_logout_redirect_uris: Sequence[str] = (),
    allowed_origins: Sequence[str] = (),
    status: str = Registration.Status.DRAFT,
    client_secret: str | None = None,
    authorization_grant_type: str = grants.AUTHORIZATION_CODE,
    secret_lives: timedelta | None = None,
    justifications: Mapping[str, str] | None = None,
    sector_document: Document | None = None,
    request: HttpRequest | None = None,
    **details: Unpack[Details],
) -> RegisteredApplication:
    """Register a client. ``scopes`` maps each scope it may ask for to whether it is required.

    ``justifications`` says for a scope what it is needed for. ``secret_lives`` is ``secrets.issue_secret``'s
    ``expires_in``. ``sector_document`` is what ``sectors.read`` found at the sector identifier URI, if it has one.
    Raises ValidationError for a refused address, an unknown scope, PKCE waived for a public client, or no sector.
    """
    validate_redirect_uris([*redirect_uris, *post_logout_redirect_uris])
    _validate_facts(scopes=scopes, client_type=client_type, details=details)
    with transaction.atomic():
        application = _create_application(
            client_id=client_id,
            authorization_grant_type=authorization_grant_type,
            name=name,
            client_type=client_type,
            redirect_uris=" ".join(redirect_uris),
            post_logout_redirect_uris=" ".join(post_logout_redirect_uris),
            allowed_origins=" ".join(allowed_origins),
        )
        _create_registration(
            application=application, owner=owner, status=status, sector_document=sector_document, **details
        )
        _create_scopes(application, scopes, justifications or {})
        complete_registration(application=application, actor=owner, request=request)
        how: dict[str, Any] = {"text": client_secret, "expires_in": secret_lives, "request": request}
        return RegisteredApplication(application, _first_secret(application, actor=owner, **how))


def _first_secret(application: Any, **how: Any) -> str | None:
    if application.client_type != "confidential":
        return None
    return secrets.issue_secret(application=application, name=str(_("First secret")), tell_owners=False, **how)


def _create_registration(*, sector_document: Document | None, **facts: Any) -> None:
    registration = Registration(**facts)
    if registration.subject_type == Registration.SubjectType.PAIRWISE:
        application = registration.application
        sectors.choose(
            registration=registration,
            client_id=application.client_id,
            redirect_uris=application.redirect_uris.split(),
            document=sector_document,
        )
    registration.full_clean()  # its links are followed from the consent page: no javascript: among them
    addresses = {name: getattr(registration, name) for name in LINKS}
    if faults := link_faults(addresses, redirect_uris=registration.application.redirect_uris.split()):
        raise ValidationError(faults)
    registration.save()


def _create_scopes(application: Any, scopes: Mapping[str, bool], justifications: Mapping[str, str]) -> None:
    ApplicationScope.objects.bulk_create(
        ApplicationScope(
            application=application, scope=scope, required=required, justification=justifications.get(scope, "")
        )
        for scope, required in scopes.items()
    )


def _validate_facts(*, scopes: Mapping[str, bool], client_type: str, details: Details) -> None:
    if alg := details.get("id_token_alg"):
        signing_choice.check(alg)
    if unknown := set(scopes) - set(catalog()):
        raise ValidationError(
            _("This site does not offer these scopes: %(scopes)s"), params={"scopes": ", ".join(sorted(unknown))}
        )
    if details.get("pkce_waived") and client_type != "confidential":
        raise ValidationError(_("Only a confidential client can be allowed to sign in without PKCE."))


def _create_application(*, client_id: str | None, **facts: Any) -> Any:
    application = application_model()(**facts)
    prepare_application(application=application)
    if client_id:
        application.client_id = client_id
    # Not full_clean: DOT's clean() judges redirect URIs by a list of schemes, which can't say "a reversed domain name".
    application.clean_fields(exclude=["user"])
    application.validate_unique()
    application.save()
    return application


def prepare_application(*, application: Any) -> None:
    """Keep DOT from hashing a secret of its own, slowly, when this new application is saved."""
    # No secret has this hash; complete_registration puts one of a random text in its place in the same transaction.
    application.client_secret = "pbkdf2_sha256$1$none$none"


@transaction.atomic
def complete_registration(*, application: Any, actor: Any = None, request: HttpRequest | None = None) -> Registration:
    """Finish the registration of a prepared application that was saved with its rows; return its registration.

    Every way to register ends here: DOT's secret column is closed, the audit trail and ``application_registered`` told.
    An application saved without a registration becomes a draft of ``actor``'s.
    """
    dot_column.close(application=application)
    registration, _made = Registration.objects.get_or_create(application=application, defaults={"owner": actor})
    if registration.status == Registration.Status.APPROVED and registration.approved_at is None:
        # Or, suspended once, it would be reinstated as a draft.
        registration.approved_at = registration.status_changed_at = timezone.now()
        registration.save(update_fields=["approved_at", "status_changed_at"])
    action = AuditEvent.Action.APPLICATION_REGISTERED
    audit.record(action=action, actor=actor, application=application, request=request)
    application_registered.send(sender=Registration, registration=registration)
    return registration


def remember_language(*, application: Any, language: str) -> None:
    """Write to the application's owners in the language one of them uses now."""
    rows = Registration.objects.filter(application=application)
    rows.exclude(language=language).update(language=language)


def suspended(*, client_id: str) -> Registration | None:
    """Return the registration behind a client ID if it is suspended, so that its users can be told why."""
    if "\x00" in client_id:  # PostgreSQL refuses the query
        return None
    rows = Registration.objects.filter(application__client_id=client_id, status=Registration.Status.SUSPENDED)
    return rows.select_related("application").first()


def required_scopes(*, application: Any) -> frozenset[str]:
    """Return the scopes the application cannot work without; ``openid`` always is one."""
    rows = ApplicationScope.objects.filter(application=application, required=True)
    return frozenset(rows.values_list("scope", flat=True)) | {"openid"}

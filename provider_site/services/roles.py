"""Who among the staff may do what: three groups of Django's own, and who decides about whose application."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any

from django.apps import apps as global_apps
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, router, transaction
from django.db.models.signals import post_migrate

from provider_site.models import Registration
from provider_site.policy.review import Step
from provider_site.services import applications, members

REVIEWERS = "Provider reviewers"
OPERATORS = "Provider operators"
AUDITORS = "Provider auditors"

_SEES = (
    *("Registration", "ApplicationScope", "Review", "Member", "ClientSecret", "AuditEvent", "DailyCount"),
    "ResourceServer",
)
_DOT_MODELS = {
    "ACCESS_TOKEN_MODEL": "AccessToken",
    "REFRESH_TOKEN_MODEL": "RefreshToken",
    "ID_TOKEN_MODEL": "IDToken",
    "GRANT_MODEL": "Grant",
}


class Refusal(StrEnum):
    """Why somebody may not take a step with an application."""

    NO_PERMISSION = "no_permission"
    OWN_APPLICATION = "own_application"
    OWN_REQUEST = "own_request"


OWN = frozenset({Refusal.OWN_APPLICATION, Refusal.OWN_REQUEST})
_PERMISSIONS = {
    Step.APPROVE: "provider_site.review_registration",
    Step.REJECT: "provider_site.review_registration",
    Step.SUSPEND: "provider_site.suspend_registration",
    Step.REINSTATE: "provider_site.suspend_registration",
}


def refusal(*, user: Any, step: Step, application: Any = None) -> Refusal | None:
    """Return why ``user`` may not take a reviewer's step, or ``None``; without an application, only the permission.

    Nobody decides in favour of an application or a request of their own, superusers apart: on a small site there may
    be only one.
    """
    if not user.has_perm(_PERMISSIONS[step]):
        return Refusal.NO_PERMISSION
    if application is None or step is Step.SUSPEND or user.is_superuser:
        return None
    if members.is_owner(application=application, user=user):
        return Refusal.OWN_APPLICATION
    return Refusal.OWN_REQUEST if members.has_asked(application=application, user=user) else None


def may_change_facts(*, user: Any, application: Any) -> bool:
    """Tell whether staff who may change the application may change its reviewed facts too.

    Once it was approved that takes a reviewer: who looks after applications does not decide what they may do.
    """
    registration = Registration.objects.filter(application=application).first()
    if registration is None:
        return True
    was_approved = registration.status == Registration.Status.APPROVED or registration.approved_at is not None
    return not was_approved or refusal(user=user, step=Step.APPROVE, application=application) is None


def _dot_models() -> Iterator[str]:
    yield applications.application_model()._meta.label
    for setting, name in _DOT_MODELS.items():
        yield getattr(settings, f"OAUTH2_PROVIDER_{setting}", f"oauth2_provider.{name}")


def _wanted() -> Mapping[str, set[tuple[str, str]]]:
    """Return each group's permissions as (model label, codename without the model's name, or the whole codename)."""
    application, *tokens = _dot_models()
    sees = {(f"provider_site.{name}", "view") for name in _SEES} | {(application, "view")}
    suspends = ("provider_site.Registration", "suspend_registration")
    changes = {
        (label, action)
        for label in (application, "provider_site.Registration", "provider_site.ApplicationScope")
        for action in ("add", "change", "delete")
    }
    cares = {
        ("provider_site.ClientSecret", "add"),
        ("provider_site.ClientSecret", "change"),
        ("provider_site.ClientSecret", "delete"),
        ("provider_site.Member", "delete"),
        ("provider_site.SigningKey", "view"),
        ("provider_site.SigningKey", "rotate_signingkey"),
        ("provider_site.OutboxMessage", "view"),
        ("provider_site.OutboxMessage", "change"),
        ("provider_site.Consent", "view"),
        ("provider_site.Consent", "end_consent"),
        ("provider_site.DeviceAuthorization", "view"),
        ("provider_site.Session", "view"),
        ("provider_site.Session", "end_session"),
    }
    # Deleting a token's row revokes it; an authorization code is over before anybody could.
    revokes = {(label, "delete") for label in tokens[:2]}
    everything = {model._meta.label for model in global_apps.get_app_config("provider_site").get_models()}
    # What somebody may learn of tokens is granted as scopes are: by who reviews.
    grants = {("provider_site.ResourceServer", action) for action in ("add", "change", "delete")}
    views = {(label, "view") for label in [*everything, application, *tokens]}
    return {
        REVIEWERS: sees | grants | {suspends, ("provider_site.Registration", "review_registration")},
        OPERATORS: sees | changes | cares | revokes | {suspends} | {(label, "view") for label in tokens},
        AUDITORS: views | {("provider_site.AuditEvent", "export_auditevent")},
    }


def _find(wanted: set[tuple[str, str]], *, apps: Any, using: str) -> list[Any] | None:
    """Return the permissions, or ``None`` while one of them is not there: the migrations are half way."""
    content_types = apps.get_model("contenttypes", "ContentType").objects.using(using)
    permissions = apps.get_model("auth", "Permission").objects.using(using)
    keys = {}
    for label, action in wanted:
        app_label, model = label.lower().split(".")
        keys[app_label, model, action if "_" in action else f"{action}_{model}"] = True
    types = {
        (row.app_label, row.model): row.pk
        for row in content_types.filter(app_label__in={app_label for app_label, _model, _codename in keys})
    }
    names = {(types.get((app_label, model)), codename) for app_label, model, codename in keys}
    found = [
        row
        for row in permissions.filter(content_type__in={pk for pk, _codename in names if pk is not None})
        if (row.content_type_id, row.codename) in names
    ]
    return found if len(found) == len(names) else None


def create_missing_groups(*, using: str = DEFAULT_DB_ALIAS, apps: Any = global_apps) -> list[str]:
    """Create the groups that are not there, with their permissions; return their names.

    A group that exists is the administrators' own: nothing of it is touched.
    """
    try:
        group_model = apps.get_model("auth", "Group")
    except LookupError:
        return []
    if not router.allow_migrate_model(using, group_model):
        return []
    groups = group_model.objects.using(using)
    wanted = _wanted()
    there = set(groups.filter(name__in=wanted).values_list("name", flat=True))
    missing = [name for name in wanted if name not in there]
    if not missing:
        return []
    _create_permissions({label.split(".")[0] for name in missing for label, _action in wanted[name]}, apps, using)
    created = []
    for name in missing:
        permissions = _find(wanted[name], apps=apps, using=using)
        if permissions is None:
            continue
        with transaction.atomic(using=using):
            groups.create(name=name).permissions.add(*permissions)
        created.append(name)
    return created


def _create_permissions(app_labels: set[str], apps: Any, using: str) -> None:
    # Django makes an app's permissions when that app's turn comes; the host's or DOT's may come after ours.
    from django.contrib.auth.management import create_permissions  # noqa: PLC0415 - needs contrib.auth to be installed

    for label in sorted(app_labels):
        create_permissions(global_apps.get_app_config(label), verbosity=0, interactive=False, using=using, apps=apps)


def _after_migration(*, using: str, apps: Any = global_apps, **_kwargs: Any) -> None:
    create_missing_groups(using=using, apps=apps)


def connect_receivers(*, sender: Any) -> None:
    """Create the groups when the app's tables have been migrated (``sender`` is its AppConfig)."""
    post_migrate.connect(_after_migration, sender=sender, dispatch_uid="provider_site.roles")

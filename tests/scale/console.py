"""What staff and people do in a process that serves nobody, for tests of what the others then know.

A program: it reads a call per line, and answers each with a line.
"""

from __future__ import annotations

import inspect
import json
import sys
import traceback
from dataclasses import replace
from datetime import timedelta
from typing import Any

FACTS = "provider_site.services"


def prepare() -> None:
    """Give the site its keys, unless it has them."""
    from provider_site.models import SigningKey
    from tests.provider.driver import plant_signing_key

    if not SigningKey.objects.exists():
        plant_signing_key()


def person(**facts: Any) -> dict[str, Any]:
    """Make a person with a browser that is signed in at the provider, and an application that nobody has used yet."""
    from django.conf import settings
    from django.test import Client
    from django.utils.crypto import get_random_string

    from project.sessions import acting_site
    from provider_site.models import Profile
    from tests import factories
    from tests.provider.driver import plant_signing_key  # noqa: F401 - one import of what the driver needs

    uris = facts.pop("redirect_uris", [factories.CALLBACK, "https://app.example.com/other"])
    user = factories.make_user(f"person-{get_random_string(8).lower()}")
    registered = factories.make_application(redirect_uris=uris, owner=user, **facts)
    Profile.objects.update_or_create(user=user, defaults={"nickname": "Ada"})
    user.emailaddress_set.create(email=user.email, verified=True, primary=True)
    browser = Client(headers={"host": settings.PROVIDER_URL.partition("://")[2]})
    with acting_site("provider"):
        browser.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return {
        "username": user.username,
        "key": registered.application.pk,
        "client_id": registered.application.client_id,
        "secret": registered.client_secret,
        "cookies": {name: morsel.value for name, morsel in browser.cookies.items()},
    }


def device(**facts: Any) -> dict[str, Any]:
    """Make a person as above whose application is one of devices."""
    grant = "urn:ietf:params:oauth:grant-type:device_code"
    return person(redirect_uris=[], authorization_grant_type=grant, **facts)


def _application(client_id: str) -> Any:
    from provider_site.services.applications import application_model

    return application_model().objects.get(client_id=client_id)


def _user(username: str) -> Any:
    from django.contrib.auth import get_user_model

    return get_user_model().objects.get(username=username)


def rotate() -> list[str]:
    """Let the next RS256 key sign at once; return the key that signs and the one that is next."""
    from provider_site.services import key_life

    changes = [*key_life.rotate(algorithms=["RS256"], force=True), *key_life.rotate(algorithms=["RS256"], force=True)]
    signs = next(change.activated for change in reversed(changes) if change.activated)
    return [signs, next(change.published for change in reversed(changes) if change.published)]


def distrust(kid: str) -> None:
    """Say that a key has leaked."""
    from provider_site.services import key_life

    key_life.distrust(kids=[kid])


def suspend(client_id: str) -> None:
    """Switch an application off."""
    from provider_site.services import reviews

    reviews.suspend(application=_application(client_id), actor=None, reason="It sends spam.")


def reinstate(client_id: str) -> None:
    """Switch it on again."""
    from provider_site.services import reviews

    reviews.reinstate(application=_application(client_id), actor=None)


def revoke_secrets(client_id: str) -> None:
    """Revoke all secrets an application has."""
    from provider_site.services import secrets

    application = _application(client_id)
    for row in secrets.listed(application=application):
        secrets.revoke(secret=row, actor=None)


def change(client_id: str, **asked: Any) -> str:
    """Ask for other facts of an application; what only takes away is in force at once."""
    from provider_site.services import facts, reviews

    application = _application(client_id)
    now = facts.read(application=application)
    if "redirect_uris" in asked:
        now = replace(now, redirect_uris=tuple(asked["redirect_uris"]))
    if "without_scope" in asked:
        kept = {name: request for name, request in now.scopes.items() if name != asked["without_scope"]}
        now = replace(now, scopes=kept)
    return str(reviews.change(application=application, actor=None, asked=now))


def withdraw(client_id: str, username: str) -> None:
    """Take a consent back."""
    from provider_site.services import consents

    consents.withdraw(user=_user(username), application=_application(client_id))


def set_active(username: str, active: bool) -> None:
    """Close somebody's account by an update in bulk, which sends no signal, or open it."""
    from django.contrib.auth import get_user_model

    get_user_model().objects.filter(username=username).update(is_active=active)


def calendar(port: int) -> str:
    """Register the consumer at the provider, and the provider at the consumer; return its client ID."""
    from allauth.socialaccount.models import SocialApp

    from tests.flows.test_linking import calendar_client
    from tests.servers import LiveSites

    calendar_client(LiveSites(port))
    return str(SocialApp.objects.get(provider="house").client_id)


def logout_token(client_id: str, username: str) -> str:
    """Sign a logout token about everything a person has at an application."""
    import time
    import uuid

    from django.conf import settings

    from provider_site.models import Session
    from provider_site.policy import logout as policy
    from provider_site.services import keys, subjects

    registration = _application(client_id).registration
    session = Session.objects.filter(user=_user(username)).latest("pk")
    claims = policy.token_claims(
        issuer=settings.PROVIDER_URL,
        client_id=client_id,
        subject=subjects.subject_for(user=session.user, registration=registration),
        sid=str(session.sid),
        token_id=uuid.uuid4().hex,
    )
    now = int(time.time())
    claims |= {"iat": now, "exp": now + policy.LIFETIME_SECONDS}
    return str(keys.signer(registration.id_token_alg).sign(claims, typ=policy.TYP))


def receipts() -> int:
    """Return how many logout tokens were obeyed."""
    from consumer_site.models import LogoutReceipt

    return int(LogoutReceipt.objects.count())


def put(client_id: str, username: str, url: str, times: int) -> list[int]:
    """Write messages to an application's server into the outbox; return their keys."""
    from provider_site.models import Registration
    from provider_site.policy.security_events import Event
    from provider_site.services import security_events

    application = _application(client_id)
    Registration.objects.filter(application=application).update(events_url=url)
    user = _user(username)
    rows = [security_events.put(application=application, user=user, event=Event.WITHDRAWN) for _time in range(times)]
    return [row.pk for row in rows if row is not None]


def delivered(keys: list[int]) -> int:
    """Return how many of these messages have gone out."""
    from provider_site.models import OutboxMessage

    return int(OutboxMessage.objects.filter(pk__in=keys, delivered_at__isnull=False).count())


def attempts(keys: list[int]) -> list[int]:
    """Return how often each message was tried."""
    from provider_site.models import OutboxMessage

    return list(OutboxMessage.objects.filter(pk__in=keys).order_by("pk").values_list("attempts", flat=True))


def let_leases_end(keys: list[int]) -> None:
    """Let the time pass for which a worker holds a message."""
    from django.db.models import F

    from provider_site.models import OutboxMessage

    earlier = F("next_attempt_at") - timedelta(hours=1)
    OutboxMessage.objects.filter(pk__in=keys).update(next_attempt_at=earlier)


def workers(since: int) -> list[list[str]]:
    """Return who did each task of the queue, in its order, behind the first `since`."""
    from django_tasks_db.models import DBTaskResult

    rows = DBTaskResult.objects.order_by("enqueued_at").values_list("worker_ids", flat=True)
    return [list(ids) for ids in rows[since:]]


def tasks() -> int:
    """Return how many tasks the queue has ever had."""
    from django_tasks_db.models import DBTaskResult

    return int(DBTaskResult.objects.count())


def let_device_wait(user_code: str) -> None:
    """Let the time pass that a device has to wait between two polls."""
    from django.db.models import F

    from provider_site.models import DeviceAuthorization

    DeviceAuthorization.objects.update(last_polled_at=F("last_polled_at") - timedelta(minutes=1))


def command(name: str, arguments: list[str]) -> str:
    """Run a command of the site; return what it said."""
    from io import StringIO

    from django.core.management import call_command

    said = StringIO()
    call_command(name, *arguments, stdout=said)
    return said.getvalue()


def serve(names: dict[str, Any]) -> None:
    """Do what is called for, out of the functions among `names`, until there is no more."""
    import django
    from django.db import connections

    django.setup()
    known = {name: one for name, one in names.items() if inspect.isfunction(one) and not name.startswith("_")}
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            answer = {"value": known[asked["call"]](**asked["arguments"])}
        except Exception:  # noqa: BLE001 - the test is told whatever it was
            answer = {"error": traceback.format_exc()}
        connections.close_all()  # a test may end them, or the server
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    serve(globals())

"""What is raced for, made in bulk by the services that make it in a person's journey, and what became of it.

A program, as tests/scale/console.py is.
"""

from __future__ import annotations

import time
import uuid
from datetime import timedelta
from typing import Any

from tests.scale import console
from tests.scale.console import calendar, device, person, prepare  # noqa: F401 - called by name

SCOPES = ["openid", "nickname", "avatar", "offline_access"]
LONG = timedelta(hours=2)


def _application(client_id: str) -> Any:
    return console._application(client_id)


def _user(username: str) -> Any:
    return console._user(username)


def _kept(application: Any, user: Any, challenge: str) -> str:
    from provider_site.protocol.authorize.parameters import AuthorizationParameters
    from provider_site.services import authorization_requests
    from tests.factories import CALLBACK

    parameters = AuthorizationParameters(
        client_id=application.client_id,
        redirect_uri=CALLBACK,
        redirect_uri_given=True,
        scope=SCOPES,
        state="state",
        code_challenge=challenge,
        code_challenge_method="S256",
        prompt=["consent"],
        required=["openid"],
    )
    return authorization_requests.keep(application=application, user=user, parameters=parameters.to_json())


def handles(client_id: str, username: str, challenge: str, count: int) -> list[str]:
    """Keep authorization requests that wait for the person's decision; return their handles."""
    application, user = _application(client_id), _user(username)
    return [_kept(application, user, challenge) for _number in range(count)]


def allow(client_id: str, username: str) -> None:
    """Record that the person allows the application everything, as the consent page does."""
    from provider_site.services import authorization_requests, consents

    application, user = _application(client_id), _user(username)
    kept = authorization_requests.find(handle=_kept(application, user, ""), user=user)
    offered = consents.offered_durations(registration=application.registration)
    consents.allow(
        authorization_request=kept,
        user=user,
        requested=frozenset(SCOPES),
        required=frozenset({"openid"}),
        ticked=[name for name in SCOPES if name != "openid"],
        duration=offered[-1],
        offered=offered,
    )


def _context(application: Any, user: Any) -> Any:
    from django.utils import timezone

    from provider_site.models import Consent, Session
    from provider_site.models.session import digest_of
    from provider_site.storage.codes import AuthorizationContext

    now = timezone.now()
    session = Session.objects.create(
        sid=uuid.uuid4(),
        user=user,
        auth_time=now,
        amr=["pwd"],
        expires_at=now + timedelta(days=14),
        credential_digest=digest_of(user),
    )
    consent = Consent.objects.get(user=user, application=application, closed_at=None)
    return AuthorizationContext(consent=consent, session=session)


def codes(client_id: str, username: str, challenge: str, count: int) -> list[str]:
    """Write authorization codes as a request does that needs no page; they live for hours."""
    from django.db import transaction
    from django.utils import timezone

    from provider_site import crypto
    from provider_site.storage import code_rows
    from tests.factories import CALLBACK

    application, user = _application(client_id), _user(username)
    connection = code_rows.connection()
    assert connection is not None
    texts = [crypto.random_text() for _number in range(count)]
    with transaction.atomic():
        context = _context(application, user)
        for text in texts:
            code_rows.store(
                connection,
                code_digest=crypto.digest(text),
                user=user,
                redirect_uri=CALLBACK,
                scope=" ".join(SCOPES),
                code_challenge=challenge,
                sealed_claims="",
                context=context,
                expires_at=timezone.now() + LONG,
                now=timezone.now(),
            )
    return texts


def devices(client_id: str, username: str, count: int) -> list[str]:
    """Give devices their codes and let the person allow them; return the device codes."""
    from provider_site import crypto
    from provider_site.services import device_authorizations

    application, user = _application(client_id), _user(username)
    context, made = _context(application, user), []
    for _number in range(count):
        begun = device_authorizations.begin(application=application, scopes=SCOPES, address=None, user_agent="")
        row = device_authorizations.find(digest=crypto.digest(begun.device_code))
        assert row is not None
        device_authorizations.allow(device=row, user=user, scope=" ".join(SCOPES), context=context)
        made.append(begun.device_code)
    return made


def families(texts: list[str]) -> list[dict[str, Any]]:
    """Return what was bought with each code, in their order: how many tokens were stored, and what lives of them."""
    from oauth2_provider.models import get_access_token_model, get_refresh_token_model

    from provider_site import crypto
    from provider_site.models import Authorization

    found = []
    for text in texts:
        row = Authorization.objects.get(code_digest=crypto.digest(text))
        refresh = get_refresh_token_model().objects.filter(token_family=row.pk)
        access = get_access_token_model().objects.filter(refresh_token__token_family=row.pk)
        found.append(
            {
                "consumed": row.consumed_at is not None,
                "ended_by": row.revoked_reason,
                "refresh_tokens": refresh.count(),
                "live": refresh.filter(revoked=None).count(),
                "access_tokens": access.count(),
            }
        )
    return found


def let_grace_pass(texts: list[str], seconds: int) -> None:
    """Let the time pass in which the rotated refresh tokens of these codes may be sent again."""
    from django.db.models import F
    from oauth2_provider.models import get_refresh_token_model

    from provider_site import crypto
    from provider_site.models import Authorization

    rows = Authorization.objects.filter(code_digest__in=[crypto.digest(text) for text in texts])
    rotated = get_refresh_token_model().objects.filter(token_family__in=rows.values("pk"), revoked__isnull=False)
    rotated.update(revoked=F("revoked") - timedelta(seconds=seconds))


def authorizations(client_id: str) -> int:
    """Return how many codes an application was ever given."""
    from provider_site.models import Authorization

    return int(Authorization.objects.filter(application=_application(client_id)).count())


def visits(client_id: str, username: str, sids: list[str]) -> list[dict[str, Any]]:
    """Sign the person in at the consumer, by these sessions at the provider; return cookies and logout tokens."""
    from allauth.socialaccount.models import SocialAccount
    from django.conf import settings
    from django.test import Client

    from consumer_site.logout.sessions import _MARK
    from consumer_site.models import SessionLink
    from project.sessions import acting_site
    from provider_site.services import subjects

    user, application = _user(username), _application(client_id)
    subject = subjects.subject_for(user=user, registration=application.registration)
    account, _made = SocialAccount.objects.get_or_create(user=user, provider="house", uid=subject)
    found = []
    for sid in sids:
        browser = Client(headers={"host": settings.CONSUMER_URL.partition("://")[2]})
        with acting_site("consumer"):
            browser.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
        session = browser.session
        link = SessionLink.objects.create(
            session_key=session.session_key,
            user=user,
            account=account,
            provider="house",
            issuer=settings.PROVIDER_URL,
            subject=subject,
            sid=sid,
        )
        session[_MARK] = link.pk
        session.save()
        cookies = {name: morsel.value for name, morsel in browser.cookies.items()}
        found.append({"sid": sid, "cookies": cookies, "token": _logout_token(application, subject, sid)})
    return found


def _logout_token(application: Any, subject: str, sid: str) -> str:
    from django.conf import settings

    from provider_site.policy import logout as policy
    from provider_site.services import keys

    claims = policy.token_claims(
        issuer=settings.PROVIDER_URL,
        client_id=application.client_id,
        subject=subject,
        sid=sid,
        token_id=uuid.uuid4().hex,
    )
    now = int(time.time())
    claims |= {"iat": now, "exp": now + policy.LIFETIME_SECONDS}
    return str(keys.signer(application.registration.id_token_alg).sign(claims, typ=policy.TYP))


def ended(sids: list[str]) -> list[list[int]]:
    """Return for each session how many sessions each token ended that was obeyed."""
    from consumer_site.models import LogoutReceipt

    rows = LogoutReceipt.objects.order_by("pk")
    return [list(rows.filter(sid=sid).values_list("sessions_ended", flat=True)) for sid in sids]


if __name__ == "__main__":
    console.serve(globals())

"""A person with connected apps that no page was drawn for."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from provider_site.models import AuditEvent, Authorization, Consent, Session
from provider_site.policy.scopes import catalog
from provider_site.policy.terms import Term, to_json
from provider_site.services import audit, consents

AGENTS = [
    "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/116.0 Mobile MicroMessenger/8.0.47",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0",
    "",
]


def allowed(user: Any, application: Any, scope: str = "openid nickname", *, days_ago: int = 0, **facts: Any) -> Consent:
    """Write a consent given some days ago, for a year."""
    given_at = timezone.now() - timedelta(days=days_ago)
    known: dict[str, Any] = {"given_at": given_at, "ends_at": given_at + timedelta(days=365), "language": "en"}
    return Consent.objects.create(user=user, application=application, scope=scope, **(known | facts))


def sign_ins(consent: Consent) -> None:
    """Write some sign-ins under a consent, each from another device, the first of them revoked."""
    now = timezone.now()
    session = Session.objects.create(user=consent.user, auth_time=now, expires_at=now + timedelta(days=1))
    for number, agent in enumerate(AGENTS):
        Authorization.objects.create(
            application=consent.application,
            user=consent.user,
            consent=consent,
            session=session,
            scope=consent.scope,
            code_digest=f"{consent.pk}-{number}",
            auth_time=now,
            amr=["otp", "pwd"],
            address="2001:db8:1234:5678:9abc:def0:1234:5678",
            user_agent=agent,
            consumed_at=now,
            revoked_at=None if number else now,
            revoked_reason="" if number else "signed_out",
        )


def connect(user: Any, applications: dict[str, Any]) -> None:
    """Connect a person: every scope, a suspended app, one that ends unused, one no longer reviewed, and past ones."""
    now = timezone.now()
    whole = allowed(user, applications["everything"], " ".join(catalog()), declined_scope="email", last_used_at=now)
    sign_ins(whole)
    taken = consents.narrow(user=user, application=applications["everything"], scopes=["email", "profile"])
    assert taken == {"email", "profile"}
    audit.record(
        action=AuditEvent.Action.CONSENT_GIVEN,
        actor=user,
        application=whole.application,
        data={"consent": whole.pk, "scope": whole.scope},
    )
    allowed(user, applications["suspended"])
    allowed(user, applications["changing"], days_ago=170, unused_warned_at=now, ends_at=None)
    allowed(user, applications["draft"], days_ago=400)
    once = {"openid": Term(now, now + timedelta(hours=1), once=True)}
    allowed(user, applications["rejected"], "openid", terms=to_json(once), ends_at=now + timedelta(hours=1))
    for name, reason in (("public", "unused"), ("submitted", "withdrawn")):
        allowed(user, applications[name], closed_at=now, closed_reason=reason, days_ago=300)

"""A site that has run for long: 100,000 applications, and everything else in proportion to its access tokens.

Nine of ten tokens, sessions and families are over for long and wait to be pruned, as nobody ever ran the command.
"""

from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session as BrowserSession
from django.db import connection
from oauth2_provider.models import (
    get_access_token_model,
    get_application_model,
    get_grant_model,
    get_id_token_model,
    get_refresh_token_model,
)

from benchmarks.growth import fill
from benchmarks.growth.fill import ago, digest, uuid_of

APPLICATIONS = 100_000


@dataclass(frozen=True, slots=True)
class Crowd:
    """How many rows there are of each kind: `tokens` access tokens, and what goes with so many."""

    tokens: int
    applications: int = APPLICATIONS

    @property
    def people(self) -> int:
        """Accounts."""
        return max(self.tokens // 10, 1000)

    @property
    def families(self) -> int:
        """Consents, sessions, and authorizations with their refresh tokens, one each."""
        return max(self.tokens // 5, 1000)

    @property
    def person(self) -> str:
        """An SQL expression of `i` for somebody's key."""
        return f"1 + mod(i, {self.people})"

    @property
    def application(self) -> str:
        """An SQL expression of `i` for an application, each one once to a person."""
        return f"1 + mod(mod(i, {self.people}) * 7919 + i / {self.people} * 13, {self.applications})"

    def over(self, count: int) -> str:
        """Return the condition that row `i` of so many is over: all but the last tenth."""
        return f"i <= {count} * 9 / 10"


def _fill_applications(crowd: Crowd) -> list[Any]:
    model = apps.get_model
    application = get_application_model()
    registration, scope = model("provider_site", "Registration"), model("provider_site", "ApplicationScope")
    secret, member, review = (model("provider_site", name) for name in ("ClientSecret", "Member", "Review"))
    number = crowd.applications
    facts = {"client_id": "'crowd' || i", "name": "'Application ' || i", "client_type": "'confidential'"}
    grant = {"authorization_grant_type": "'authorization-code'", "redirect_uris": "'https://app.example/cb'"}
    own = {"application_id": "i"}
    with fill.indexes_last(application, registration, scope, secret, member, review):
        fill.insert(application, {"id": "i"} | facts | grant, count=number)
        states = "CASE WHEN mod(i, 100) = 0 THEN 'submitted' WHEN mod(i, 50) = 1 THEN 'draft' ELSE 'approved' END"
        owner = {"owner_id": f"1 + mod(i, {min(crowd.people, number // 3)})"}
        fill.insert(registration, own | owner | {"status": states, "description": "'An app'"}, count=number)
        for name in ("openid", "nickname", "offline_access"):
            fill.insert(scope, own | {"scope": f"'{name}'"}, count=number)
        fill.insert(secret, own | {"digest": digest("secret")}, count=number)
        tester = {"user_id": crowd.person, "invited_as": "'person' || i", "role": "'tester'"}
        fill.insert(member, own | tester, count=number)
        decided = {"submitted_at": ago("30"), "decided_at": ago("29"), "decision": "'approved'"}
        fill.insert(review, own | decided, count=number)
        fill.insert(review, own | {"submitted_at": ago("1 + i / 1000000.0")}, count=number // 100)
    return [application, registration, scope, secret, member, review]


def _fill_people(crowd: Crowd) -> list[Any]:
    person, profile = get_user_model(), apps.get_model("provider_site", "Profile")
    address, factor = apps.get_model("account", "EmailAddress"), apps.get_model("mfa", "Authenticator")
    email = "'person' || i || '@example.com'"
    with fill.indexes_last(person, profile, address, factor):
        fill.insert(person, {"id": "i", "username": "'person' || i", "email": email}, count=crowd.people)
        fill.insert(profile, {"user_id": "i", "subject": uuid_of("subject")}, count=crowd.people)
        fill.insert(
            address, {"user_id": "i", "email": email, "verified": "true", "primary": "true"}, count=crowd.people
        )
        fill.insert(factor, {"user_id": "i", "type": "'totp'", "data": "'{}'"}, count=crowd.people // 10)
    return [person, profile, address, factor]


def _fill_families(crowd: Crowd) -> list[Any]:
    names = ("Consent", "Session", "Authorization")
    consent, session, authorization = (apps.get_model("provider_site", name) for name in names)
    number = crowd.families
    over = crowd.over(number)
    when = ago(f"CASE WHEN {over} THEN 100 + mod(i, 300) ELSE 1 END")
    both = {"user_id": crowd.person, "application_id": crowd.application, "scope": "'openid nickname offline_access'"}
    with fill.indexes_last(consent, session, authorization):
        fill.insert(consent, both | {"id": "i", "given_at": when, "last_used_at": when}, count=number)
        ends = f"CASE WHEN {over} THEN {ago('60')} ELSE now() + interval '14 days' END"
        signed_in = {"auth_time": when, "created": when, "expires_at": ends, "browser_digest": digest("browser")}
        fill.insert(session, {"sid": uuid_of("session"), "user_id": crowd.person} | signed_in, count=number)
        hangs_on = {"consent_id": "i", "session_id": uuid_of("session"), "code_digest": digest("code")}
        times = {"auth_time": when, "created": when, "consumed_at": when}
        fill.insert(authorization, both | hangs_on | times | {"id": uuid_of("family")}, count=number)
    return [consent, session, authorization]


def _fill_tokens(crowd: Crowd) -> list[Any]:
    access, refresh, grant, identity = (
        get_access_token_model(),
        get_refresh_token_model(),
        get_grant_model(),
        get_id_token_model(),
    )
    living, rows = crowd.tokens // 10, crowd.families
    made = ago(f"CASE WHEN {crowd.over(crowd.tokens)} THEN 40 + mod(i, 300) ELSE 0 END")
    own = {"application_id": crowd.application, "token": "''"}
    with fill.indexes_last(access, refresh, grant, identity):
        machines = {"user_id": f"CASE WHEN mod(i, 2) = 0 THEN NULL ELSE {crowd.person} END"}
        times = {"created": made, "updated": made, "expires": f"{made} + interval '10 minutes'"}
        scope = {"scope": "'openid nickname'", "token_checksum": digest("access")}
        fill.insert(access, own | machines | times | scope | {"id": "i"}, count=crowd.tokens)
        # The last tenth lives, each beside one of the access tokens that live; the others were used up long ago.
        over = crowd.over(rows)
        beside = f"CASE WHEN {over} THEN NULL ELSE {crowd.tokens - living} + i - {rows} * 9 / 10 END"
        used = {"revoked": f"CASE WHEN {over} THEN {ago('50')} ELSE NULL END", "access_token_id": beside}
        since = ago(f"CASE WHEN {over} THEN 51 ELSE 1 END")
        family = {"token_family": uuid_of("family"), "token_checksum": digest("refresh")}
        fill.insert(
            refresh, own | {"user_id": crowd.person, "created": since, "updated": since} | used | family, count=rows
        )
        person = {"user_id": crowd.person}
        fill.insert(grant, own | person | {"code": digest("grant"), "expires": ago("20")}, count=max(rows // 20, 10))
        fill.insert(identity, own | person | {"jti": uuid_of("jti"), "expires": ago("20")}, count=max(rows // 4, 100))
    return [access, refresh, grant, identity]


def _fill_what_happened(crowd: Crowd) -> list[Any]:
    names = ("AuditEvent", "OutboxMessage", "AuthorizationRequest", "DeviceAuthorization", "DailyCount")
    event, message, request, device, count = (apps.get_model("provider_site", name) for name in names)
    task = apps.get_model("django_tasks_database", "DBTaskResult")
    models = [event, message, request, device, count, BrowserSession, task]
    number = max(crowd.tokens // 10, 1000)
    who = {"application_id": crowd.application}
    with fill.indexes_last(*models):
        happened = {"at": ago(f"500.0 * (1 - i::float / {2 * number})"), "action": "'consent.given'"}
        actor = {"actor_id": crowd.person, "actor_name": f"'person' || ({crowd.person})", "client_id": "'crowd' || i"}
        fill.insert(event, who | happened | actor, count=2 * number)
        sent = {"kind": "'consent-given-mail'", "delivered_at": ago("20"), "about": "'a' || i"}
        fill.insert(message, sent | {"next_attempt_at": ago("20")}, count=number)
        asked = {"handle_digest": digest("handle"), "parameters": "'{}'", "created": ago("20")}
        asked["expires_at"] = ago("20 + i / 1000000.0")
        fill.insert(request, who | asked, count=number // 2)
        shown = {"device_code_digest": digest("device"), "user_code_digest": digest("user")}
        shown["expires_at"] = ago("20 + i / 1000000.0")
        fill.insert(device, who | shown, count=number // 10)
        day = {"day": f"CAST({ago('i * 500 / ' + str(number))} AS date)", "kind": "'token'", "count": "1"}
        fill.insert(count, {"application_id": f"1 + mod(i, {crowd.applications})"} | day, count=number)
        expire = {"expire_date": ago(f"CASE WHEN {crowd.over(number)} THEN 20 ELSE -10 END")}
        key = {"session_key": "'provider.' || substr(md5('k' || i), 1, 31)", "session_data": "repeat('x', 200)"}
        fill.insert(BrowserSession, key | expire, count=number)
        done = {"id": uuid_of("task"), "status": "'SUCCESSFUL'", "finished_at": ago("20")}
        done["enqueued_at"] = ago("20 + i / 1000000.0")
        fill.insert(task, done | {"task_path": "'a.b'", "queue_name": "'default'"}, count=number // 10)
    return models


def _fill_consumer(crowd: Crowd) -> list[Any]:
    names = (("socialaccount", "SocialAccount"), *(("consumer_site", n) for n in ("SessionLink", "LogoutReceipt")))
    account, link, receipt = (apps.get_model(*name) for name in names)
    token = apps.get_model("consumer_site", "StoredToken")
    number = max(crowd.people // 2, 500)
    with fill.indexes_last(account, link, receipt, token):
        fill.insert(
            account, {"id": "i", "user_id": "i", "provider": "'house'", "uid": uuid_of("u") + "::text"}, count=number
        )
        issuer = {"issuer": "'https://id.example'", "subject": uuid_of("subject") + "::text"}
        session = {"user_id": "i", "account_id": "i", "session_key": "'consumer.' || md5('l' || i)"}
        fill.insert(
            link, issuer | session | {"provider": "'house'", "sid": uuid_of("session") + "::text"}, count=number
        )
        fill.insert(receipt, issuer | {"digest": digest("receipt"), "expires_at": ago("20")}, count=number)
        fill.insert(token, {"account_id": "i", "sealed": "repeat('x', 400)"}, count=number)
    return [account, link, receipt, token]


def settle_in(crowd: Crowd) -> list[Any]:
    """Fill an empty, migrated database; return the models whose tables grew."""
    with connection.cursor() as cursor:
        # Rows are consistent by their making: no foreign key is looked up, and nothing waits for the disk.
        cursor.execute("SET session_replication_role = replica; SET synchronous_commit = off")
    models = []
    for part in (_fill_people, _fill_applications, _fill_families, _fill_tokens, _fill_what_happened, _fill_consumer):
        models += part(crowd)
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = DEFAULT")
    fill.settle(*models)
    return models

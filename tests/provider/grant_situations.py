"""The situations in which an authorization request is granted without a page, or is not, and what comes of each.

`SITUATIONS` says for each what is changed after a person has allowed an application something, and what the client
sends then; `comes_of` is everything an answer does, of which two ways of answering must do the same.
"""

import json
import re
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import zip_longest
from typing import Any

from django.conf import settings as project_settings
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.db import connection, transaction
from django.db.models import F, Model
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from oauth2_provider.models import get_grant_model

from provider_site import crypto
from provider_site.conf import provider_settings
from provider_site.models import (
    ApplicationScope,
    AuditEvent,
    Authorization,
    AuthorizationRequest,
    Consent,
    DailyCount,
    Member,
    Profile,
    Registration,
    Session,
)
from provider_site.services import consents, first_party, usage
from tests import factories
from tests.provider.driver import REDIRECT, Driver, plant_signing_key, query

SCOPE = "openid nickname avatar offline_access"
SCOPES = {"openid": True, "nickname": False, "avatar": False, "profile": False, "offline_access": False}
LOOPBACK = "http://127.0.0.1/callback"
AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
PAST = datetime(2026, 1, 1, tzinfo=UTC)
FUTURE = datetime(2100, 1, 1, tzinfo=UTC)


class World:
    """An application, and a person who has allowed it their nickname, and not their avatar."""

    def __init__(self, settings: Any) -> None:
        plant_signing_key()
        self.settings = settings
        self.user = factories.make_user("ada")
        registered = factories.make_application(
            scopes=SCOPES, redirect_uris=[REDIRECT, REDIRECT + "?tenant=7", LOOPBACK]
        )
        self.driver = Driver(registered, self.user)
        self.driver.browser.defaults["HTTP_USER_AGENT"] = AGENT
        self.driver.code(scope=SCOPE, scopes=["nickname", "offline_access"])
        self.driver.authorize(scope=SCOPE)  # what is made at the first use is there

    def configure(self, **changes: Any) -> None:
        """Change settings of the provider."""
        self.settings.PROVIDER_SITE = self.settings.PROVIDER_SITE | changes

    def application(self, **values: Any) -> None:
        """Change DOT's row of the application as another process does, without a signal."""
        model = type(self.driver.application)
        model._default_manager.filter(pk=self.driver.application.pk).update(**values)

    def registration(self, **values: Any) -> None:
        """Change the application's registration in the same way."""
        Registration.objects.filter(application=self.driver.application).update(**values)

    def term(self, scope: str, **values: Any) -> None:
        """Change the terms on which a scope was allowed."""
        consent = Consent.objects.get()
        consent.terms[scope] |= values
        consent.save()

    def ask(self, **sent: Any) -> Any:
        """Send the request."""
        method = sent.pop("method", "get")
        return self.driver.authorize(method=method, **({"scope": SCOPE} | sent))


Prepare = Callable[[World], Any]


@dataclass(frozen=True)
class Situation:
    """What is changed first, what the client sends, and whether two statements answer it."""

    direct: bool
    prepare: Prepare = lambda _world: None
    sent: Mapping[str, Any] = field(default_factory=dict)


def rows(model: type[Model], **values: Any) -> Prepare:
    """Return what changes every row of a model without a signal."""
    return lambda _world: model._default_manager.update(**values)


def _first_party(world: World) -> None:
    first_party.set_first_party(application=world.driver.application, actor=None, value=True, reason="It is ours.")


def _first_party_anew(world: World) -> None:
    _first_party(world)
    Consent.objects.all().delete()


def _taken_back(world: World) -> None:
    _first_party(world)
    consents.withdraw(user=world.user, application=world.driver.application)


def _given_again(world: World) -> None:
    _taken_back(world)
    world.driver.code(scope=SCOPE, scopes=["nickname", "offline_access"])


def _member(world: World) -> None:
    world.registration(status="draft")
    Member.objects.create(application=world.driver.application, user=world.user, accepted_at=PAST)


def _sensitive(world: World) -> None:
    nickname = {"title": "See your nickname", "description": "", "sensitive": True}
    world.configure(SCOPES={**world.settings.PROVIDER_SITE.get("SCOPES", {}), "nickname": nickname})


def _signed_in_again(world: World) -> None:
    session = world.driver.browser.session
    session["provider_site.auth_time"] += 1
    session.save()


def _before_this_app(world: World) -> None:
    """Leave Django's session as one that was begun before this app was installed."""
    session = world.driver.browser.session
    for name in [name for name in session.keys() if name.startswith("provider_site.")]:  # noqa: SIM118  no mapping
        del session[name]
    session.save()


def _two_tabs(world: World) -> None:
    world.driver.authorize(scope="openid profile")  # the page is open in the other tab


def _once(world: World) -> None:
    world.driver.consent(world.ask(prompt="consent"), scopes=["nickname", "offline_access"], duration="once")


_Person = get_user_model()
CONSENTS = {
    "granted": Situation(direct=True),
    "granted of what was allowed": Situation(True, sent={"scope": "openid nickname"}),
    "granted without openid": Situation(True, sent={"scope": "nickname", "nonce": None}),
    "asked first": Situation(False, lambda _world: Consent.objects.all().delete()),
    "asked each time": Situation(False, _once),
    "in words that changed": Situation(False, lambda world: world.term("nickname", wording="0")),
    "in words that changed elsewhere": Situation(
        True, lambda world: world.term("nickname", wording="0"), {"scope": "openid offline_access"}
    ),
    "asked for more": Situation(False, sent={"scope": SCOPE + " profile"}),
    "of another name": Situation(False, lambda world: world.application(name="Another")),
    "of another owner": Situation(False, lambda world: world.registration(owner=factories.make_user())),
    "over": Situation(False, rows(Consent, ends_at=PAST)),
    "over in part": Situation(False, lambda world: world.term("nickname", ends_at=PAST.isoformat())),
    "limited since": Situation(
        False, lambda world: (rows(Consent, given_at=PAST, terms={})(world), world.registration(max_consent_days=1))
    ),
    "withdrawn": Situation(False, lambda w: consents.withdraw(user=w.user, application=w.driver.application)),
    "closed by an administrator": Situation(False, rows(Consent, closed_at=PAST, closed_reason="administrator")),
    "unused": Situation(False, rows(Consent, closed_at=PAST, closed_reason="unused")),
    "required now": Situation(False, rows(ApplicationScope, required=True)),
    "all declined": Situation(False, sent={"scope": "avatar"}),
    "sensitive": Situation(False, _sensitive),
    "two tabs": Situation(True, _two_tabs),
    "first party": Situation(True, _first_party),
    "first party, asked nothing": Situation(False, _first_party_anew),
    "first party, taken back": Situation(False, _taken_back),
    "first party, taken back and given again": Situation(True, _given_again),
    "first party, decided for the person": Situation(True, lambda world: (_first_party_anew(world), world.ask())),
    "first party no more": Situation(
        False, lambda world: (_first_party_anew(world), world.ask(), world.registration(first_party=False))
    ),
}
APPLICATIONS = {
    "suspended": Situation(False, lambda world: world.registration(status="suspended")),
    "draft": Situation(False, lambda world: world.registration(status="draft")),
    "draft of a member": Situation(False, _member),
    "another grant": Situation(False, lambda world: world.application(authorization_grant_type="client-credentials")),
    "redirect URI taken away": Situation(False, lambda world: world.application(redirect_uris=LOOPBACK)),
    "scope taken away": Situation(False, lambda _world: ApplicationScope.objects.filter(scope="avatar").delete()),
    "public": Situation(True, lambda world: world.application(client_type="public")),
    "public on the person's own device": Situation(
        False, lambda world: world.application(client_type="public"), {"redirect_uri": LOOPBACK}
    ),
    "described anew": Situation(True, lambda world: world.registration(description="New")),
    "deleted": Situation(False, lambda world: world.driver.application.delete()),
}
SESSIONS = {
    "prolonged": Situation(True, rows(Session, expires_at=F("expires_at") - timedelta(hours=2))),
    "ended elsewhere": Situation(False, rows(Session, ended_at=FUTURE, ended_reason="person")),
    "ended by a password": Situation(False, rows(Session, ended_at=FUTURE, ended_reason="password")),
    "ended before the sign-in": Situation(False, rows(Session, ended_at=PAST, ended_reason="person")),
    "expired": Situation(False, rows(Session, expires_at=PAST)),
    "of another password": Situation(False, rows(Session, credential_digest="other")),
    "of a row that is gone": Situation(False, lambda _world: Session.objects.all().delete()),
    "begun before this app": Situation(False, _before_this_app),
    "proven again": Situation(False, _signed_in_again),
    "signed out elsewhere": Situation(
        False, lambda w: Profile.objects.update_or_create(user=w.user, defaults={"signed_out_at": FUTURE})
    ),
    "signed out elsewhere earlier": Situation(
        True, lambda w: Profile.objects.update_or_create(user=w.user, defaults={"signed_out_at": PAST})
    ),
    "without a profile": Situation(True, lambda _world: Profile.objects.all().delete()),
    "password changed": Situation(False, rows(_Person, password="!")),
    "deactivated": Situation(False, rows(_Person, is_active=False)),
    "nobody": Situation(False, lambda world: world.driver.browser.logout()),
    "another person": Situation(False, lambda world: world.driver.sign_in_again(factories.make_user())),
}
REQUESTS = {
    "state of many kinds": Situation(True, sent={"state": "a b&c=d/é?".replace("é", "e") + "'%\"<>#"[:0]}),
    "state in another script": Situation(False, sent={"state": "状态"}),
    "state of two lines": Situation(False, sent={"state": "a\nb"}),
    "state too long": Situation(False, sent={"state": "s" * 4097}),
    "no state": Situation(True, sent={"state": None}),
    "no nonce": Situation(True, sent={"nonce": None}),
    "empty nonce": Situation(False, sent={"nonce": ""}),
    "nonce too long": Situation(False, sent={"nonce": "n" * 256}),
    "redirect URI with a query": Situation(True, sent={"redirect_uri": REDIRECT + "?tenant=7"}),
    "loopback with a port": Situation(True, sent={"redirect_uri": "http://127.0.0.1:4711/callback"}),
    "unregistered redirect URI": Situation(False, sent={"redirect_uri": REDIRECT + "/"}),
    "no redirect URI": Situation(False, sent={"redirect_uri": None}),
    "where owners try": Situation(
        False,
        sent={
            "redirect_uri": "http://localhost:8000"
            + reverse("provider_site:developer-try-callback", urlconf="project.urls_provider")
        },
    ),
    "no challenge": Situation(False, sent={"code_challenge": None, "code_challenge_method": None}),
    "plain challenge": Situation(False, sent={"code_challenge_method": "plain"}),
    "bad challenge": Situation(False, sent={"code_challenge": "short"}),
    "scope unknown": Situation(False, sent={"scope": "openid everything"}),
    "scope not registered": Situation(False, sent={"scope": "openid email"}),
    "scope twice": Situation(False, sent={"scope": "openid nickname nickname"}),
    "scope with two spaces": Situation(False, sent={"scope": "openid  nickname"}),
    "single claim for a scope": Situation(False, sent={"scope": "openid claim:nickname"}),
    "no scope": Situation(False, sent={"scope": None}),
    "token asked for": Situation(False, sent={"response_type": "token"}),
    "unknown client": Situation(False, sent={"client_id": "unknown"}),
    "unknown parameter": Situation(False, sent={"color": "red"}),
    "parameter twice": Situation(False, sent={"nonce": ["a", "b"]}),
    "response_mode": Situation(False, sent={"response_mode": "query"}),
    "form_post": Situation(False, sent={"response_mode": "form_post"}),
    "prompt=none": Situation(False, sent={"prompt": "none"}),
    "prompt=consent": Situation(False, sent={"prompt": "consent"}),
    "prompt=login": Situation(False, sent={"prompt": "login"}),
    "max_age": Situation(False, sent={"max_age": "1000"}),
    "acr_values": Situation(False, sent={"acr_values": "urn:example:high"}),
    "claims": Situation(False, sent={"claims": json.dumps({"id_token": {"nickname": None}})}),
    "login_hint": Situation(False, sent={"login_hint": "ada"}),
    "id_token_hint": Situation(False, sent={"id_token_hint": "none"}),
    "ui_locales": Situation(False, sent={"ui_locales": "zh-CN"}),
    "resource": Situation(False, sent={"resource": "http://localhost:8000"}),
    "request object": Situation(False, sent={"request": "x.y.z"}),
    "in a body": Situation(False, sent={"method": "post"}),
    "by HEAD": Situation(False, sent={"method": "head"}),
}
SITUATIONS = {"consents": CONSENTS, "applications": APPLICATIONS, "sessions": SESSIONS, "requests": REQUESTS}


# --- What comes of it ------------------------------------------------------------------------------------------------


def comes_of(world: World, sent: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return everything an answer says and does, what is drawn or counts time replaced, and by which statements.

    Nothing of it stays.
    """
    with passing(world):
        return _comes_of(world, sent)


def _comes_of(world: World, sent: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    usage.forget()
    DailyCount.objects.all().delete()
    known = {model: set(model._default_manager.values_list("pk", flat=True)) for model in _written()}
    answers: list[Any] = []
    begun = timezone.now()
    seen = statements(lambda: answers.append(world.ask(**sent)))
    usage.flush()
    return {"answer": _answer(answers[0]), "rows": {m.__name__: _rows(m, known[m], begun) for m in _written()}}, seen


@contextmanager
def passing(world: World) -> Iterator[None]:
    """Have what happens meanwhile not have happened afterwards: in the database, the settings and the browser."""
    given, cookies = world.settings.PROVIDER_SITE, deepcopy(world.driver.browser.cookies)
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
    world.settings.PROVIDER_SITE, world.driver.browser.cookies = given, cookies
    usage.forget()
    cache.clear()  # sessions may be in it


def differing(one: Any, other: Any, where: str = "") -> dict[str, tuple[Any, Any]]:
    """Return in what two results differ, by the place in them."""
    if isinstance(one, dict) and isinstance(other, dict):
        pairs = {name: (one.get(name), other.get(name)) for name in one.keys() | other.keys()}
    elif isinstance(one, list) and isinstance(other, list):
        pairs = {str(index): pair for index, pair in enumerate(zip_longest(one, other))}
    else:
        return {} if one == other else {where: (one, other)}
    found: dict[str, tuple[Any, Any]] = {}
    for name, (mine, theirs) in pairs.items():
        found |= differing(mine, theirs, f"{where}.{name}")
    return found


def statements(act: Callable[[], Any]) -> list[str]:
    """Return the statements of an act that say something: the marks of a transaction do not."""
    with CaptureQueriesContext(connection) as seen:
        act()
    marks = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "ROLLBACK")
    return [text for one in seen.captured_queries if not (text := str(one["sql"])).startswith(marks)]


def _written() -> tuple[type[Model], ...]:
    return (get_grant_model(), Authorization, AuthorizationRequest, Session, Consent, AuditEvent, DailyCount)


def _answer(response: Any) -> dict[str, Any]:
    headers = [(name, _still(name, value)) for name, value in response.headers.items()]
    cookies = {
        name: (morsel["path"], morsel["samesite"], bool(morsel.value)) for name, morsel in response.cookies.items()
    }
    body = response.content if response.status_code == 302 else b""
    signed_in = "_auth_user_id" in response.wsgi_request.session
    return {"status": response.status_code, "headers": headers, "cookies": cookies, "body": body, "in": signed_in}


def _still(name: str, value: str) -> str:
    """Return a header with what is drawn or counts time replaced by what it looks like."""
    if name in {"Expires", "X-Request-Reference", "Content-Length"}:
        return re.sub(r"[A-Za-z0-9]", "x", value) if name == "X-Request-Reference" else ""
    value = re.sub(r"(code=)[A-Za-z0-9]{30}(?=&)", r"\1…", value)
    value = re.sub(r"(session_state=)[0-9a-f]{64}\.[\w-]{16}(?=&)", r"\1…", value)
    return re.sub(r"[A-Za-z0-9]{43}", "…", value)


def _rows(model: type[Model], known: set[Any], begun: datetime) -> list[dict[str, Any]]:
    found = [
        {one.attname: getattr(row, one.attname) for one in model._meta.fields}
        for row in model._default_manager.order_by("created" if model is Session else "pk")
        if model in {Session, Consent, DailyCount} or row.pk not in known
    ]
    for row in found:
        if "expires" in row:
            row["lives"] = round((row["expires"] - row["created"]).total_seconds())
    return [{name: _value(name, value, begun) for name, value in row.items()} for row in found]


def _value(name: str, value: Any, begun: datetime) -> Any:
    if name == "claims" and value and (sealed := json.loads(value).get("sealed_nonce")):
        return crypto.unseal(sealed, key_ring=provider_settings.key_ring, purpose="nonce")
    if name in {"consent_id", "consent"}:  # numbers are not given back: how many are newer
        return Consent.objects.filter(pk__gt=value).count()
    if name in {"id", "sid", "session_id", "handle_digest", "code", "code_digest", "nonce"} and value:
        return (type(value).__name__, len(str(value)) if isinstance(value, str | uuid.UUID) else None)
    if name in {"given_at", "ends_at"} and isinstance(value, str):
        return _value(name, datetime.fromisoformat(value), begun)
    if isinstance(value, dict):
        return {key: _value(key, each, begun) for key, each in value.items()}
    if isinstance(value, datetime) and value >= begun:  # made by this very request: to a quarter of an hour
        return round((value - begun).total_seconds() / 1000)
    return value


def lives_by_rows() -> bool:
    """Tell whether Django's sessions are read from their table."""
    return not project_settings.SESSIONS_IN_CACHE


def has_code(answer: Any) -> bool:
    """Tell whether the client was answered with a code."""
    return answer.status_code == 302 and answer["Location"].startswith(REDIRECT) and "code" in query(answer)

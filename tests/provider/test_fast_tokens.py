"""The ordinary token request answered by few statements: as django-oauth-toolkit answers it, row for row."""

import base64
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.db.models.signals import post_save
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from oauth2_provider.models import (
    get_access_token_model,
    get_application_model,
    get_grant_model,
    get_refresh_token_model,
)

from provider_site.models import (
    ApplicationScope,
    Authorization,
    ClientSecret,
    Consent,
    PairwiseSubject,
    Registration,
    SigningKey,
)
from provider_site.protocol.validator import Validator
from provider_site.services import keys, secrets
from provider_site.signals import tokens_issued
from tests import factories
from tests.provider.driver import Driver, Tokens

SCOPE = "openid nickname offline_access"
LANES = ("fast", "general")


def take(settings: Any, lane: str) -> None:
    """Send what follows through one of the two ways."""
    settings.PROVIDER_SITE = {**settings.PROVIDER_SITE, "FAST_LANE": lane == "fast"}


def statements(action: Callable[[], Any]) -> list[str]:
    """Return the statements of an action, but for the marks of transactions."""
    with CaptureQueriesContext(connection) as seen:
        action()
    marks = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")
    return [query["sql"] for query in seen.captured_queries if not query["sql"].startswith(marks)]


def machine(**fields: Any) -> Driver:
    """Return an application that asks for tokens of its own."""
    return Driver(factories.make_application(authorization_grant_type="client-credentials", redirect_uris=[], **fields))


def own(client: Driver, **form: Any) -> Tokens:
    """Ask for a client's own token."""
    return client.token(**({"grant_type": "client_credentials", "scope": "nickname"} | form))


# --- How often the database is asked ---------------------------------------------------------------------------------


def test_clients_own_token_is_one_statement(db: None) -> None:
    client = machine()
    own(client)  # reads the client, and notes the day its secret was used
    seen = statements(lambda: own(client))
    assert len(seen) == 1, seen


def test_code_and_refresh_are_one_statement_to_read_and_one_to_store(driver: Driver) -> None:
    driver.tokens()
    code = driver.code()
    answers: list[Tokens] = []
    exchange = statements(lambda: answers.append(driver.redeem(code)))
    refresh = statements(lambda: answers.append(driver.refresh(answers[0].refresh)))
    assert [answer.status for answer in answers] == [200, 200]
    # SQLite can't put several changes into one statement: consume, delete, and two that insert.
    expected = 2 if connection.vendor == "postgresql" else 5
    assert (len(exchange), len(refresh)) == (expected, expected), exchange + refresh


def test_general_way_asks_no_more_than_it_has_to(driver: Driver, settings: Any) -> None:
    take(settings, "general")
    first = driver.tokens()
    code = driver.code()
    assert len(statements(lambda: driver.redeem(code))) <= 12
    assert len(statements(lambda: driver.refresh(first.refresh))) <= 15


def test_jwt_asks_the_database_no_more_than_an_opaque_token(driver: Driver) -> None:
    driver.tokens()
    Registration.objects.update(access_token_format="jwt")
    own_client = machine(access_token_format="jwt")
    own(own_client)
    driver.redeem(driver.code())
    code = driver.code()
    expected = 2 if connection.vendor == "postgresql" else 5
    assert len(statements(lambda: driver.redeem(code))) == expected
    assert len(statements(lambda: own(own_client))) == 1


def test_use_of_a_consent_is_noted_once_an_hour(driver: Driver) -> None:
    first = driver.tokens()
    noted = Consent.objects.get().last_used_at
    assert noted is not None
    again = driver.refresh(first.refresh)
    assert Consent.objects.get().last_used_at == noted
    Consent.objects.update(last_used_at=noted - timedelta(hours=2), unused_warned_at=noted)
    driver.refresh(again.refresh)
    consent = Consent.objects.get()
    assert consent.last_used_at is not None
    assert consent.last_used_at >= noted
    assert consent.unused_warned_at is None


# --- The same answers and rows as the general way --------------------------------------------------------------------


def rows(client: Driver) -> dict[str, Any]:
    """Return what is stored of an application's tokens, but for what is random or the time of day."""
    random = {"id", "token_checksum", "created", "updated", "expires", "revoked", "application", "code", "claims"}
    random |= {"code_challenge", "consumed_at", "auth_time", "last_used_at", "given_at", "ends_at", "terms", "facts"}
    links = {"access_token", "source_refresh_token", "token_family", "consent", "session", "code_digest", "user"}
    found: dict[str, Any] = {}
    for model in (get_access_token_model(), get_refresh_token_model(), get_grant_model(), Authorization, Consent):
        found[model.__name__] = [
            {
                field.name: (field.value_from_object(row) is not None)
                if field.name in links | random
                else field.value_from_object(row)
                for field in model._meta.concrete_fields
            }
            for row in model._default_manager.filter(application=client.application).order_by("pk")
        ]
    return found


def lifetimes(client: Driver) -> list[float]:
    """Return how long each access token lives, to ten seconds: the time of day is not what is compared."""
    tokens = get_access_token_model().objects.filter(application=client.application).order_by("pk")
    return [round((token.expires - token.created).total_seconds(), -1) for token in tokens]


def shape(tokens: Tokens) -> dict[str, Any]:
    """Return an answer, with what is random told by its kind alone; the claims of JWTs too."""
    said = dict(tokens.body)
    for name in ("access_token", "refresh_token", "id_token"):
        text = str(said.get(name, ""))
        if text.count(".") == 2:
            head, body = (json.loads(base64.urlsafe_b64decode(part + "==")) for part in text.split(".")[:2])
            times = {"exp", "iat", "auth_time"}
            volatile = {"jti", "sid", "at_hash", "sub", "aud", "client_id"}
            said[name] = head | {key: len(str(v)) if key in times | volatile else v for key, v in body.items()}
        elif text:
            said[name] = text[:5]
    return {"status": tokens.status, "body": said, "cache": tokens.headers["Cache-Control"], "names": list(tokens.body)}


KINDS: dict[str, dict[str, Any]] = {
    "opaque": {},
    "jwt": {"access_token_format": "jwt"},
    "es256": {"id_token_alg": "ES256"},
    "jwt-eddsa": {"access_token_format": "jwt", "id_token_alg": "EdDSA"},
    "pairwise": {"subject_type": "pairwise", "sector_identifier": "app.example.com"},
    "first-party": {"first_party": True},
    "bounded": {"max_consent_days": 1},
}


@pytest.mark.parametrize("scope", [SCOPE, "nickname", "openid"])
@pytest.mark.parametrize("kind", KINDS)
def test_both_ways_give_the_same_answers_and_rows(driver: Driver, settings: Any, kind: str, scope: str) -> None:
    user, seen = factories.make_user(), {}
    for lane in LANES:
        client = Driver(factories.make_application(), user)
        take(settings, lane)
        registration = Registration.objects.filter(application=client.application)
        if kind != "bounded":  # there the person chose before it was
            registration.update(**KINDS[kind])
        code = client.code(scope=scope, scopes=[name for name in scope.split() if name != "openid"])
        registration.update(**KINDS[kind])
        bought = client.redeem(code)
        renewed = client.refresh(bought.refresh)
        answers = [shape(bought), shape(renewed)]
        subjects = {client.id_token(one)["sub"] for one in (bought, renewed) if "id_token" in one.body}
        seen[lane] = (answers, rows(client), lifetimes(client), subjects)
    assert seen["fast"] == seen["general"]


@pytest.mark.parametrize("scope", [None, "", "nickname", "nickname openid", "unknown", "nickname  openid"])
@pytest.mark.parametrize("kind", ["opaque", "jwt"])
def test_both_ways_give_a_client_the_same_own_token(db: None, settings: Any, kind: str, scope: str | None) -> None:
    seen = {}
    for lane in LANES:
        client = machine(access_token_format=kind)
        take(settings, lane)
        answers = [shape(own(client, scope=scope)) for _time in range(2)]
        seen[lane] = (answers, rows(client), lifetimes(client))
    assert seen["fast"] == seen["general"]


def test_client_may_prove_itself_in_the_body(driver: Driver) -> None:
    driver.tokens()
    code = driver.code()
    body = {"client_id": driver.application.client_id, "client_secret": driver.secret}
    answers: list[Tokens] = []
    seen = statements(lambda: answers.append(driver.redeem(code, headers={}, **body)))
    assert answers[0].status == 200
    assert len(seen) <= 5


def test_subject_not_made_yet_is_made_by_the_general_way(driver: Driver) -> None:
    Registration.objects.update(subject_type="pairwise", sector_identifier="app.example.com")
    code = driver.code()
    PairwiseSubject.objects.all().delete()
    tokens = driver.redeem(code)
    assert driver.id_token(tokens)["sub"] == PairwiseSubject.objects.get().subject


# --- What is refused is refused as ever ------------------------------------------------------------------------------

Change = Callable[[Driver], Any]

REFUSED: dict[str, Change] = {
    "suspended": lambda client: Registration.objects.filter(application=client.application).update(status="suspended"),
    "draft": lambda client: Registration.objects.filter(application=client.application).update(status="draft"),
    "voided": lambda client: Registration.objects.filter(application=client.application).update(
        tokens_not_before=timezone.now() + timedelta(seconds=5)
    ),
    "secret-revoked": lambda client: ClientSecret.objects.update(revoked_at=timezone.now()),
    "secret-expired": lambda client: ClientSecret.objects.update(expires_at=timezone.now()),
    "consent-withdrawn": lambda client: Consent.objects.update(closed_at=timezone.now(), closed_reason="withdrawn"),
    "consent-ended": lambda client: Consent.objects.update(ends_at=timezone.now(), terms={}),
    "authorization-revoked": lambda client: Authorization.objects.update(revoked_at=timezone.now()),
    "scopes-taken-away": lambda client: ApplicationScope.objects.filter(application=client.application).delete(),
    "person-inactive": lambda client: get_user_model()._default_manager.update(is_active=False),
    "another-grant": lambda client: get_application_model().objects.update(authorization_grant_type="implicit"),
    "public": lambda client: get_application_model().objects.update(client_type="public"),
}


@pytest.mark.parametrize("change", REFUSED)
@pytest.mark.parametrize("credential", ["code", "refresh"])
def test_change_by_any_means_holds_at_the_next_request(
    driver: Driver, settings: Any, change: str, credential: str
) -> None:
    bought = driver.tokens()  # the client is known to this process from now on
    code = driver.code()
    REFUSED[change](driver)
    use, text = (driver.redeem, code) if credential == "code" else (driver.refresh, bought.refresh)
    answer = use(text)
    take(settings, "general")
    assert (answer.status, answer.body) == ((again := use(text)).status, again.body)
    assert answer.status in {400, 401}


def test_own_token_is_refused_at_the_next_request_after_any_change(db: None) -> None:
    client = machine()
    assert own(client, scope="nickname").status == 200
    ApplicationScope.objects.filter(application=client.application, scope="nickname").delete()
    assert own(client).error == "invalid_scope"
    Registration.objects.filter(application=client.application).update(status="submitted")
    assert own(client, scope="openid").error == "unauthorized_client"
    Registration.objects.filter(application=client.application).update(status="approved")
    assert own(client, scope="openid").status == 200
    ClientSecret.objects.filter(application=client.application).update(revoked_at=timezone.now())
    assert own(client, scope="openid").error == "invalid_client"


def test_key_that_was_rotated_signs_no_more(driver: Driver) -> None:
    client = machine(access_token_format="jwt")
    first = own(client).access
    SigningKey.objects.filter(alg="RS256").update(status="previous")
    new = keys.new_key("RS256", status=SigningKey.Status.ACTIVE)
    kid = json.loads(base64.urlsafe_b64decode(own(client).access.split(".")[0] + "=="))["kid"]
    assert kid == new.kid
    assert kid != json.loads(base64.urlsafe_b64decode(first.split(".")[0] + "=="))["kid"]


WRONG: dict[str, dict[str, str]] = {
    "verifier": {"code_verifier": "x" * 43},
    "no-verifier": {"code_verifier": ""},
    "redirect": {"redirect_uri": "https://other.example.com/"},
    "code": {"code": "unknown"},
    "extra": {"surprise": "1"},
    "resource": {"resource": "https://api.example.com/"},
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_does_not_fit_is_answered_by_the_general_way(driver: Driver, settings: Any, wrong: str) -> None:
    driver.tokens()
    answers = []
    for lane in LANES:
        take(settings, lane)
        answer = driver.redeem(**{"code": driver.code()} | WRONG[wrong])
        answers.append((answer.status, {name: value for name, value in answer.body.items() if "token" not in name}))
    assert answers[0] == answers[1]


def test_code_and_refresh_token_used_twice_kill_the_family(driver: Driver) -> None:
    driver.tokens()
    code = driver.code()
    bought = driver.redeem(code)
    assert driver.redeem(code).error == "invalid_grant"
    assert not driver.works(bought.access)
    other = driver.tokens()
    renewed = driver.refresh(other.refresh)
    assert driver.refresh(other.refresh).error == "invalid_grant"
    assert driver.refresh(renewed.refresh).error == "invalid_grant"


def test_redirect_uri_taken_away_after_the_code_was_sent(driver: Driver) -> None:
    driver.tokens()
    code = driver.code()
    get_application_model().objects.update(redirect_uris="https://app.example.com/other")
    assert driver.redeem(code).error == "invalid_grant"


def test_another_client_s_code_and_refresh_token_are_nothing_here(driver: Driver) -> None:
    mine = driver.tokens()
    other = Driver(factories.make_application())
    other.pkce = driver.pkce
    assert other.redeem(driver.code()).error == "invalid_grant"
    assert other.refresh(mine.refresh).error == "invalid_grant"
    assert driver.refresh(mine.refresh).status == 200


# --- Where the host has something of its own --------------------------------------------------------------------------


def test_who_listens_to_the_rows_hears_of_each(driver: Driver) -> None:
    heard = []

    def listen(sender: Any, instance: Any, **_kwargs: Any) -> None:
        heard.append(instance)

    post_save.connect(listen, sender=get_access_token_model())
    try:
        driver.tokens()
    finally:
        post_save.disconnect(listen, sender=get_access_token_model())
    assert len(heard) == 1


@pytest.mark.parametrize("lane", LANES)
def test_receiver_that_raises_undoes_the_exchange(driver: Driver, settings: Any, lane: str) -> None:
    take(settings, lane)
    code = driver.code()
    driver.backchannel.raise_request_exception = False

    def refuse(**_kwargs: Any) -> None:
        raise RuntimeError("not now")

    tokens_issued.connect(refuse)
    try:
        with pytest.raises(ValueError, match="Content-Type"):  # the page of an error
            driver.redeem(code)
    finally:
        tokens_issued.disconnect(refuse)
    assert not get_access_token_model().objects.exists()
    assert driver.redeem(code).status == 200


def test_new_secret_works_where_the_client_was_known_before(db: None) -> None:
    client = machine()
    own(client)
    client.secret = secrets.issue_secret(application=client.application)
    assert len(statements(lambda: own(client))) > 1
    assert len(statements(lambda: own(client))) == 1


class OwnValidator(Validator):
    """A host's validator, with something of its own."""

    asked: list[str] = []

    def validate_code(self, client_id: str, code: str, *args: Any, **kwargs: Any) -> bool:
        self.asked.append(client_id)
        return super().validate_code(client_id, code, *args, **kwargs)


def test_host_s_own_validator_is_asked(driver: Driver, settings: Any) -> None:
    from provider_site.protocol.token import TokenView

    code = driver.code()
    settings.OAUTH2_PROVIDER = {**settings.OAUTH2_PROVIDER, "OAUTH2_VALIDATOR_CLASS": OwnValidator}
    if "_oauthlib_core" in vars(TokenView):
        del TokenView._oauthlib_core
    try:
        assert driver.redeem(code).status == 200
    finally:
        del TokenView._oauthlib_core
    assert OwnValidator.asked == [driver.application.client_id]

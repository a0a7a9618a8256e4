"""Tokens in every situation that decides on their use, and everything that anybody is told of them there."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils import timezone
from oauth2_provider.models import get_access_token_model, get_refresh_token_model, set_token_value

from provider_site.models import (
    ApplicationScope,
    AppProfile,
    Authorization,
    ClientSecret,
    Consent,
    Member,
    Profile,
    Registration,
    ResourceServer,
    Session,
    UnionSubject,
)
from provider_site.protocol.validator import Validator
from provider_site.services import consents
from tests import factories
from tests.provider.driver import ISSUER, Driver, encode, plant_signing_key
from tests.spec import resources

OFFERED = ("nickname", "avatar", "offline_access", "unionid", "profile", "email")
# What differs from one answer to the next.
_OF_THE_REQUEST = {"X-Request-Reference"}


@dataclass
class World:
    """An application with its person, two others that ask about its tokens, and the tokens."""

    settings: Any
    driver: Driver = field(init=False)
    api: Driver = field(init=False)
    stranger: Driver = field(init=False)
    access: str = ""
    refresh: str = ""
    tokens: list[str] = field(default_factory=list)
    # Ask in ways, too, in which nobody ordinarily does.
    is_odd: bool = False

    def __post_init__(self) -> None:
        plant_signing_key()
        self.user = factories.make_user(first_name="Ada", last_name="Lovelace")
        registered = factories.make_application(scopes={"openid": True} | dict.fromkeys(OFFERED, False))
        self.driver = Driver(registered, self.user)
        self.api = resources.api(refresh_tokens=True)
        self.stranger = Driver(factories.make_application())

    def issue(self, scope: str = "openid nickname offline_access", **changes: Any) -> None:
        """Have the person allow all of the scopes, and keep the tokens."""
        bought = self.driver.tokens(scope=scope, scopes=[name for name in scope.split() if name != "openid"], **changes)
        self.access, self.refresh = bought.access, bought.refresh
        self.tokens += [bought.access, bought.refresh]

    def configure(self, **values: Any) -> None:
        """Change the settings of the provider."""
        self.settings.PROVIDER_SITE = self.settings.PROVIDER_SITE | values

    def register(self, driver: Driver | None = None, **values: Any) -> None:
        """Change an application's registration as nobody notices: by its row."""
        Registration.objects.filter(application=(driver or self.driver).application).update(**values)

    def told(self) -> list[Any]:
        """Return what everybody is told of all tokens, and what a resource of this project makes of them."""
        return [
            answer
            for token in self.tokens
            for answer in (
                _seen(self.driver.userinfo(token)),
                *(_seen(ask(asking, token, **form)) for asking, form in self._askers()),
                _checked(token),
            )
        ]

    def _askers(self) -> list[tuple[Driver, dict[str, Any]]]:
        own = {"client_id": self.driver.application.client_id, "client_secret": self.driver.secret}
        ordinary: list[tuple[Driver, dict[str, Any]]] = [
            (self.driver, {}),
            (self.driver, {"headers": {}} | own),
            (self.api, {"token_type_hint": "refresh_token"}),
            (self.stranger, {}),
        ]
        if not self.is_odd:
            return ordinary
        wrong = {"client_id": self.api.application.client_id, "client_secret": self.driver.secret}
        bearer = {"Authorization": f"Bearer {self.access}"}
        return [
            *ordinary,
            (self.driver, own),
            (self.driver, {"headers": {}} | wrong),
            (self.driver, {"headers": bearer}),
            (self.driver, {"headers": bearer} | own),
            (self.api, {"client_id": self.api.application.client_id}),
            (self.api, {"client_id": self.driver.application.client_id}),
            (self.api, {"client_secret": ""}),
            (self.api, {"scope": "more"}),
        ]


def ask(driver: Driver, token: str, *, headers: dict[str, str] | None = None, **form: str) -> Any:
    """Ask the introspection endpoint; return its answer, whatever its status."""
    return driver.backchannel.post(
        "/o/introspect/",
        encode({"token": token} | form),
        content_type="application/x-www-form-urlencoded",
        headers=driver.basic() if headers is None else headers,
    )


def _seen(answer: Any) -> Any:
    kept = {name: value for name, value in answer.headers.items() if name not in _OF_THE_REQUEST}
    return answer.status_code, answer.content, kept


def _checked(token: str) -> Any:
    """Return what every check of django-oauth-toolkit's gets, as far as a view of a host's could use it."""
    row = Validator()._load_access_token(token)
    if row is None:
        return None
    owned = [row, row.application, row.user, getattr(row.application, "registration", None)]
    return row.scopes, row.is_valid(["openid"]), [_values(one) for one in owned]


def _values(row: Any) -> Any:
    return row and (type(row), [getattr(row, one.attname) for one in row._meta.concrete_fields])


def _after(change: Callable[[World], object], scope: str = "openid nickname offline_access") -> Callable[[World], None]:
    def situation(world: World) -> None:
        world.issue(scope)
        change(world)

    return situation


def _before(change: Callable[[World], object], scope: str = "openid nickname avatar") -> Callable[[World], None]:
    def situation(world: World) -> None:
        change(world)
        world.issue(scope)

    return situation


def _twice(world: World) -> None:
    """As where a token was revoked and made again: DOT keeps digests apart by the time of their end."""
    world.issue()
    row = get_refresh_token_model().objects.get()
    live = row.pk
    row.pk, row.access_token, row.revoked = None, None, timezone.now()
    row.save(force_insert=True)
    assert row.pk != live


def _both_pairwise(world: World) -> None:
    world.register(subject_type="pairwise", sector_identifier="a.example")
    world.register(world.api, subject_type="pairwise", sector_identifier="b.example")


def _stock(world: World) -> None:
    """Let stock DOT have issued tokens before the application was taken over, two generations of them."""
    owned = {"user": world.user, "application": world.driver.application}
    in_an_hour, past = timezone.now() + timedelta(hours=1), timezone.now() - timedelta(days=1)
    access = get_access_token_model()(**owned, scope="openid nickname", expires=in_an_hour)
    set_token_value(access, "stock-access")
    access.save()
    refresh = get_refresh_token_model()(**owned, access_token=access)
    set_token_value(refresh, "stock-refresh")
    refresh.save()
    for row in (access, refresh):
        type(row).objects.filter(pk=row.pk).update(created=past)
    world.register(taken_over_at=timezone.now(), subject_type="legacy")
    world.tokens += ["stock-access", "stock-refresh"]


def _stock_suspended(world: World) -> None:
    _stock(world)
    world.register(tokens_not_before=timezone.now())


def _nobodys(world: World) -> None:
    """A token that names no authorization, of an application that was never taken over."""
    _stock(world)
    world.register(taken_over_at=None)


def _machine(world: World) -> None:
    machine = resources.machine(scopes={"nickname": False})
    world.tokens.append(machine.token(grant_type="client_credentials", scope="nickname").access)
    world.driver = machine


def _oddly(world: World) -> None:
    world.issue()
    world.is_odd, unknown = True, ["osat_unknown", "osrt_unknown", "neither", "a.b.c", "ä" * 3]
    world.tokens += unknown


def _rotated(world: World) -> None:
    world.issue()
    after = world.driver.refresh(world.tokens[-1])
    world.tokens += [after.access, after.refresh]


def _bound(name: str) -> Callable[[World], None]:
    return lambda world: world.issue(resource=name)


def _host_says(world: World) -> None:
    world.configure(CLAIMS=lambda user: {"nickname": f"{user.username} of the host", "email": None, "sub": "no"})


def _choose(world: World, **choices: Any) -> None:
    AppProfile.objects.create(user=world.user, application=world.driver.application, **choices)


def _first_party(world: World) -> None:
    world.register(first_party=True)
    Consent.objects.update(source="first_party", terms={})


def _old_words(world: World) -> None:
    Consent.objects.update(terms={}, wording_version="1")


def _join(world: World) -> None:
    world.register(status="draft")
    Member.objects.create(application=world.driver.application, user=world.user, accepted_at=timezone.now())


def _expire(_world: World) -> None:
    get_access_token_model().objects.update(expires=timezone.now())
    get_refresh_token_model().objects.update(created=timezone.now() - timedelta(days=3650))


def _without_application(_world: World) -> None:
    get_access_token_model().objects.update(application=None)


def _password(world: World) -> None:
    world.user.set_password("another one altogether")
    world.user.save()


def _withdraw(world: World) -> None:
    consents.withdraw(user=world.user, application=world.driver.application)


def _narrow(world: World) -> None:
    consents.narrow(user=world.user, application=world.driver.application, scopes=["nickname"])


def _take_scope(world: World) -> None:
    ApplicationScope.objects.filter(application=world.driver.application, scope="nickname").delete()


def _old_consent(world: World) -> None:
    world.configure(MAX_CONSENT_DAYS=1)
    Consent.objects.update(terms={}, ends_at=None, given_at=timezone.now() - timedelta(days=1))


def _password_ends_everything(world: World) -> None:
    world.configure(PASSWORD_CHANGE_ENDS="everything")
    _password(world)


def _first_party_no_more(world: World) -> None:
    _first_party(world)
    world.register(first_party=False)


def _public(world: World) -> None:
    key = world.api.application.pk
    type(world.api.application).objects.filter(pk=key).update(client_type="public")


def _secret(**values: Any) -> Callable[[World], None]:
    return _after(lambda world: ClientSecret.objects.filter(application=world.driver.application).update(**values))


def _server(**values: Any) -> Callable[[World], None]:
    return _after(lambda world: ResourceServer.objects.filter(application=world.api.application).update(**values))


def _all(model: Any, scope: str = "openid nickname offline_access", **values: Any) -> Callable[[World], None]:
    return _after(lambda _world: model.objects.update(**values), scope)


_ONLINE, _UNION = "openid nickname", "openid unionid profile email"
_PAST = datetime(2026, 1, 1, tzinfo=UTC)
SITUATIONS: dict[str, Callable[[World], None]] = {
    "as it is": _after(lambda _world: None),
    "asked about oddly": _oddly,
    "online": _after(lambda _world: None, "openid nickname avatar profile email"),
    "without openid": _after(lambda _world: None, "nickname offline_access"),
    "expired": _after(_expire),
    "rotated": _rotated,
    "a digest twice": _twice,
    "application suspended": _after(lambda world: world.register(status="suspended")),
    "application suspended and reinstated": _after(lambda world: world.register(tokens_not_before=timezone.now())),
    "application a draft": _after(lambda world: world.register(status="draft")),
    "application a draft, its owner": _after(lambda world: world.register(status="draft", owner=world.user)),
    "application a draft, a member": _after(_join),
    "application without registration": _after(lambda _world: Registration.objects.all().delete()),
    "of no application": _after(_without_application),
    "person deactivated": _after(lambda world: type(world.user).objects.update(is_active=False)),
    "authorization revoked": _all(Authorization, revoked_at=_PAST),
    "authorization of somebody else": _after(lambda world: Authorization.objects.update(user=factories.make_user())),
    "consent withdrawn": _after(_withdraw),
    "consent narrowed": _after(_narrow),
    "consent ended": _all(Consent, ends_at=_PAST),
    "consent too long": _after(_old_consent),
    "scope taken from the application": _after(_take_scope),
    "session ended, offline": _all(Session, ended_at=_PAST),
    "session ended, online": _all(Session, _ONLINE, ended_at=_PAST),
    "session over": _all(Session, _ONLINE, expires_at=_PAST),
    "session deleted": _after(lambda _world: Session.objects.all().delete(), _ONLINE),
    "password changed, offline": _after(_password),
    "password changed, online": _after(_password, _ONLINE),
    "password changed, which ends everything": _after(_password_ends_everything),
    "first party": _after(_first_party),
    "first party no more": _after(_first_party_no_more),
    "old words": _after(_old_words, "openid profile offline_access"),
    "pairwise": _before(lambda world: world.register(subject_type="pairwise", sector_identifier="a.example")),
    "pairwise of its own": _before(lambda world: world.register(subject_type="pairwise", sector_identifier="")),
    "pairwise later": _after(lambda world: world.register(subject_type="pairwise", sector_identifier="b.example")),
    "asked by a pairwise one": _after(lambda world: world.register(world.api, subject_type="pairwise")),
    "a pairwise one asked by another": _before(_both_pairwise),
    "asked by a legacy one": _after(lambda world: world.register(world.api, subject_type="legacy")),
    "legacy subject": _before(lambda world: world.register(subject_type="legacy")),
    "taken over": _stock,
    "taken over and suspended since": _stock_suspended,
    "of nobody": _nobodys,
    "of a machine": _machine,
    "a JWT": _before(lambda world: resources.use_jwts(world.driver)),
    "for this site": _bound(ISSUER),
    "for the resource": _bound(resources.API),
    "unionid": _after(lambda _world: None, _UNION),
    "unionid made later": _after(lambda _world: UnionSubject.objects.all().delete(), _UNION),
    "another owner": _after(lambda world: world.register(owner=factories.make_user()), _UNION),
    "no owner": _after(lambda world: world.register(owner=None), _UNION),
    "claims of the host": _before(_host_says, "openid profile email"),
    "a nickname for the application": _after(lambda world: _choose(world, nickname="Countess"), "openid profile"),
    "no picture for the application": _after(lambda world: _choose(world, avatar_choice="none"), "openid profile"),
    "profile with details": _all(Profile, "openid profile", nickname="A.", website="https://a.example", locale="fr"),
    "secret revoked": _secret(revoked_at=_PAST),
    "secret expired": _secret(expires_at=_PAST),
    "resource server suspended": _after(lambda world: world.register(world.api, status="suspended")),
    "resource server a draft": _after(lambda world: world.register(world.api, status="draft")),
    "resource server public": _after(_public),
    "resource server of other scopes": _server(scope="avatar"),
    "resource server of no scopes": _server(scope=""),
    "resource server without a name": _server(identifier=""),
    "resource server that may not know refresh tokens": _server(refresh_tokens=False),
}

"""Random lives of a consent over HTTP: nothing handed out ever works beyond what the consent says at that moment.

An independent model (consent_model.py) says what must hold; after each step everything ever handed out is tried.
"""

import contextlib
import os
import random
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest import mock

import jwt
import pytest
from django.db import transaction
from django.utils import timezone
from oauth2_provider.models import get_access_token_model, get_refresh_token_model

from provider_site import crypto
from provider_site.models import Authorization, Consent, Registration
from provider_site.services import consent_ends, reviews
from provider_site.storage import access, consented
from provider_site.storage.credentials import authorization_id
from tests import factories
from tests.flows.consent_model import (
    ACCESS_SECONDS,
    CODE_SECONDS,
    DAY,
    IDLE_SECONDS,
    NEVER,
    REACHED,
    STEPS_OF_LIFE,
    Credential,
    Family,
    Model,
)
from tests.provider.driver import Driver, Tokens, plant_signing_key, query

BEGIN = datetime(2030, 1, 1, tzinfo=UTC)
CHOICES: tuple[int | str | None, ...] = ("once", 1, 30, 365, None)
OPTIONAL = ("nickname", "email", "offline_access", "pay")
SITE = {
    "CONSENT_DAYS": CHOICES,
    "UNUSED_CONSENT_DAYS": None,
    "SCOPES": {"pay": {"title": "Pay", "description": "Pay in your name.", "sensitive": True}},
}
# Six sequences that take every step and come by everything; LIVES in the environment asks for as many as one likes.
LIVES, STEPS = (range(int(os.environ["LIVES"])) if "LIVES" in os.environ else (5, 6, 9, 10, 13, 15)), 40


class ConsentLife:
    """One person, one application, and a bystander whose tokens nothing here may touch."""

    seen: Counter[str] = Counter()

    def __init__(self, number: int) -> None:
        self.random, self.model = random.Random(number), Model()
        self.steps: list[str] = []
        self.renames = self.probed = 0

    def begin(self, number: int) -> None:
        """Register the application and two people."""
        plant_signing_key()
        names = {"openid": True, **dict.fromkeys(OPTIONAL, False)}
        self.registered = factories.make_application(scopes=names)
        self.application = self.registered.application
        self.user = factories.make_user(first_name="Ada")
        self.driver = Driver(self.registered, self.user)
        bystander = Driver(self.registered, factories.make_user())
        assert bystander.tokens().status == 200
        self.bystander = Authorization.objects.get().pk
        if number % 3 == 0:
            self.first_party()

    def live(self) -> None:
        """Take the steps, each followed by a look at everything; at the end try every code and refresh token."""
        names, weights = zip(*STEPS_OF_LIFE, strict=True)
        for name in self.random.choices(names, weights, k=STEPS):
            self.steps.append(name)
            self.seen[name] += 1
            getattr(self, name)()
            self.everything_agrees()
        for credential in self.model.credentials:
            if credential.kind == "access":
                self.check_access_token(credential)
            self.probe(credential)

    def some(self, *names: str) -> frozenset[str]:
        """Return any of the names."""
        return frozenset(name for name in names if self.random.random() < 0.5)

    def now(self) -> datetime:
        """Return the time of the test's clock."""
        return BEGIN + timedelta(seconds=self.model.now)

    def tick(self) -> None:
        """Let a second pass, so that no two events are at the same moment."""
        self.model.now += 1

    def offers(self) -> list[int | str | None]:
        """Return the durations the page has to offer now."""
        limit = self.model.limit_days
        if limit is None:
            return list(CHOICES)
        short = [each for each in CHOICES if each == "once" or (isinstance(each, int) and each <= limit)]
        return short if limit in short else [*short, limit]

    def drawn(self, kind: str) -> Credential | None:
        """Return one of the credentials of a kind, mostly the latest, as clients would use; or none."""
        some = [credential for credential in self.model.credentials if credential.kind == kind]
        if not some:
            return None
        return some[-1] if self.random.random() < 0.7 else self.random.choice(some)

    # --- Sign-ins ---------------------------------------------------------------------------------------------------

    def sign_in(self) -> None:
        """Ask for some scopes; decide at random where the page comes."""
        ticked, choice = self.some(*OPTIONAL), self.random.randrange(10)
        prompt, refuses = self.random.choice(["", "", "", "none", "consent"]), self.random.randrange(8) == 0
        asked = self.some("nickname", "email") | self.some("offline_access")
        asked |= self.some("pay") if self.random.randrange(4) == 0 else frozenset()
        self.steps[-1] += f": {sorted(asked)} {sorted(ticked)} {choice} {prompt} {refuses}"
        self.tick()
        asked |= {"openid"}
        answer = self.driver.authorize(scope=" ".join(sorted(asked)), prompt=prompt or None)
        if self.model.suspended or not self.model.active:
            assert "code=" not in answer.headers.get("Location", "")
            return
        expected = self.model.expects(asked, prompt=prompt == "consent")
        self.seen[expected] += 1
        if expected == "ask":
            if prompt == "none":
                assert query(answer)["error"] == "consent_required"
                return
            if refuses:
                assert query(self.driver.consent(answer, decision="deny", duration="once"))["error"] == "access_denied"
                return
            days = self.offers()[choice % len(self.offers())]
            text = "until-withdrawn" if days is None else str(days)
            answer = self.driver.consent(answer, scopes=sorted(ticked & asked), duration=text)
            self.model.decide(asked, ticked, days, prompt=prompt == "consent")
        elif expected == "silent":
            longest = None if None in self.offers() else max(day for day in self.offers() if isinstance(day, int))
            self.model.decide_silently(asked, longest)
        bought = asked & self.model.held()
        family = Family(bought, self.model.consent, self.model.now)
        self.model.issue("code", query(answer)["code"], family, bought, CODE_SECONDS)

    def sign_in_wholly(self) -> None:
        """Sign in and let the application exchange the code, as it goes most times."""
        self.sign_in()
        self.exchange()

    def exchange(self) -> None:
        """Use a code: the first time, or once more."""
        self.tick()
        if (code := self.drawn("code")) is not None:
            self.use(code, self.driver.redeem(code.text))

    def refresh(self) -> None:
        """Use a refresh token: the first time, or once more."""
        self.tick()
        if (token := self.drawn("refresh")) is not None:
            self.use(token, self.driver.refresh(token.text))

    def use(self, presented: Credential, answer: Tokens) -> None:
        """Compare the answer of the token endpoint with the model, and note what it handed out."""
        if not self.model.works(presented):
            assert answer.status in {400, 401}, answer.body
            self.seen["refused " + presented.kind] += 1
            if presented.spent and not self.model.suspended:
                presented.family.dead = True  # a replay
            return
        self.seen["used " + presented.kind] += 1
        assert answer.status == 200, answer.body
        scopes, family = presented.scopes & self.model.held(), presented.family
        assert set(answer.body["scope"].split()) == scopes
        rest = self.model.first_end(scopes) - self.model.now
        assert answer.body["expires_in"] <= min(ACCESS_SECONDS, max(rest, 1))
        if "id_token" in answer.body:
            claims = jwt.decode(answer.body["id_token"], options={"verify_signature": False})
            assert claims["exp"] <= self.now().timestamp() + min(ACCESS_SECONDS, rest)
        presented.spent = True
        if presented.partner is not None:
            presented.partner.spent = True
        token = self.model.issue("access", answer.access, family, scopes, answer.body["expires_in"])
        if "refresh_token" in answer.body:
            renewing = self.model.issue("refresh", answer.refresh, family, family.scopes, IDLE_SECONDS)
            renewing.partner = token

    # --- What the person does -----------------------------------------------------------------------------------------

    def narrow(self) -> None:
        """Take one scope back."""
        name = self.random.choice(["openid", "nickname", "email", "nickname", "email", "offline_access", "pay"])
        self.steps[-1] += f": {name}"
        if self.post("withdraw-scope", scope=name):
            self.model.narrow(name)

    def withdraw(self) -> None:
        """Take everything back."""
        if self.post("withdraw"):
            self.model.withdraw()

    def sign_out_of_app(self) -> None:
        """End every sign-in there."""
        if self.post("sign-out"):
            self.model.end_all()

    def post(self, action: str, **fields: str) -> bool:
        """Press a button of the connected apps; return whether anybody was signed in."""
        self.tick()
        answer = self.driver.browser.post(f"/o/apps/{self.application.pk}/{action}/", fields)
        assert answer.status_code in ({302} if not self.model.active else {303, 404}), answer.status_code
        return self.model.active

    # --- What others do -----------------------------------------------------------------------------------------------

    def time_passes(self) -> None:
        """Move the clock on."""
        seconds = self.random.choice([30, 300, 300, 700, 700, 3_700, DAY, 2 * DAY, 20 * DAY, 40 * DAY, 400 * DAY])
        self.steps[-1] += f": {seconds}"
        self.model.now += seconds

    def suspend(self) -> None:
        """Suspend the application, mostly for a moment."""
        self.tick()
        if not self.model.suspended:
            reviews.suspend(application=self.application, actor=None, reason="It sends spam.")
            self.model.suspended, self.model.void_until = True, self.model.now
        if self.random.randrange(3):
            self.reinstate()

    def reinstate(self) -> None:
        """Take the suspension back."""
        self.tick()
        if not self.model.suspended:
            return
        reviews.reinstate(application=self.application, actor=None)
        self.model.suspended, self.model.void_until = False, self.model.now

    def deactivate(self) -> None:
        """Deactivate the person, by a form or by a bulk update that no signal tells of."""
        self.tick()
        if self.random.randrange(2):
            self.user.is_active = False
            self.user.save()
            for credential in self.model.credentials:
                credential.family.dead = True
        else:
            type(self.user).objects.filter(pk=self.user.pk).update(is_active=False)
        self.model.active = False
        self.everything_agrees()
        if self.random.randrange(3):
            self.reactivate()

    def reactivate(self) -> None:
        """Let the person in again."""
        self.tick()
        if self.model.active:
            return
        type(self.user).objects.filter(pk=self.user.pk).update(is_active=True)
        self.user.refresh_from_db()
        self.driver.sign_in_again(self.user)
        self.model.active = True

    def limit(self) -> None:
        """Bound how long consents last, those given before included, while a token of older and newer ones lives."""
        self.sign_in_wholly()
        days = self.random.choice([None, 1, 7, 30])
        self.steps[-1] += f": {days}"
        Registration.objects.filter(application=self.application).update(max_consent_days=days)
        self.model.limit_days = days

    def first_party(self) -> None:
        """Decide that people are not asked, or take that back."""
        self.tick()
        self.model.first_party = not self.model.first_party
        Registration.objects.filter(application=self.application).update(first_party=self.model.first_party)

    def rename(self) -> None:
        """Make the application another one to people."""
        self.tick()
        self.renames += 1
        type(self.application).objects.filter(pk=self.application.pk).update(name=f"Name {self.renames}")
        self.model.renamed = True

    def night(self) -> None:
        """Run what runs each night."""
        self.tick()
        consent_ends.run()
        if self.model.open and self.model.terms and not self.model.held():
            self.model.open = False
        if not self.model.active:
            for credential in self.model.credentials:
                credential.family.dead = True

    # --- What always holds --------------------------------------------------------------------------------------------

    def everything_agrees(self) -> None:
        """Try the access tokens, one of the others in turn, and look at the rows."""
        tokens = [credential for credential in self.model.credentials if credential.kind == "access"]
        # The dead stay dead, at the end too: in between the latest are tried, and one of the rest.
        for token in {*tokens[-2:], self.random.choice(tokens)} if tokens else ():
            self.check_access_token(token)
        others = [credential for credential in self.model.credentials if credential.kind != "access"]
        if others:
            self.probed += 1
            self.probe(others[self.probed % len(others)])
        self.check_rows()

    def check_access_token(self, token: Credential) -> None:
        """Compare what userinfo and storage say of a token with the model."""
        works, holds = self.model.works(token), token.scopes & self.model.held()
        answer = self.driver.userinfo(token.text)
        narrower = works and holds != token.scopes
        self.seen[f"access token {'narrower' if narrower else 'works' if works else 'dead'}"] += 1
        if not works:
            assert answer.status_code == 401
            record = access.find_access_token(token.text)
            assert record is None or record.refusal is not None
        elif "openid" not in holds:
            assert answer.status_code == 403
        else:
            assert answer.status_code == 200
            assert set(answer.json()) <= self.model.claims(holds)
            record = access.find_access_token(token.text)
            assert record is not None
            assert record.scopes == holds

    def probe(self, credential: Credential) -> None:
        """Compare what a code or refresh token would buy with the model, and undo it."""
        if credential.kind == "access" or credential.spent:
            return
        with _undone():
            use = self.driver.redeem if credential.kind == "code" else self.driver.refresh
            answer = use(credential.text)
        assert (answer.status == 200) == self.model.works(credential), (credential, answer.body)
        if answer.status == 200:
            assert set(answer.body["scope"].split()) == credential.scopes & self.model.held()

    def check_consent(self) -> None:
        """Compare what the record says holds, and until when, with the model."""
        consent = Consent.objects.filter(user=self.user, closed_at=None).first()  # the database knows of one at most
        ends: dict[str, float] = {}
        if consent is not None:
            registration = Registration.objects.get(application=self.application)
            terms, limit = consented.terms(consent), consented.limit(registration)
            for name in consented.held(consent, registration):
                end = terms[name].end(limit)
                ends[name] = (end - BEGIN).total_seconds() if end is not None else NEVER
        assert ends == {name: self.model.end_of(self.model.terms[name]) for name in self.model.held()}

    def check_rows(self) -> None:
        """Nothing of the person's lies in DOT's tables without an authorization that hangs on a consent of theirs."""
        known = {crypto.digest(each.text): each for each in self.model.credentials}
        for checksum in (
            get_access_token_model().objects.filter(user=self.user).values_list("token_checksum", flat=True)
        ):
            family = authorization_id(known[checksum].text)
            assert Authorization.objects.filter(pk=family, consent__user=self.user).exists()
        for row in get_refresh_token_model().objects.filter(user=self.user):
            assert row.token_checksum in known
            assert Authorization.objects.filter(pk=row.token_family, consent__user=self.user).exists()
        if not self.model.open:  # nor would anybody who reads DOT's tables alone believe anything
            assert not get_access_token_model().objects.filter(user=self.user).exists()
            assert not get_refresh_token_model().objects.filter(user=self.user, revoked=None).exists()
        self.check_consent()
        untouched = ["", "consent_ended"]  # of the clock the bystander has a share
        assert Authorization.objects.get(pk=self.bystander).revoked_reason in untouched


@contextlib.contextmanager
def _undone() -> Iterator[None]:
    """Undo at the end whatever happens to the database inside."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.mark.django_db
def test_nothing_ever_works_beyond_what_the_consent_says(settings: Any) -> None:
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | SITE
    settings.SESSION_COOKIE_AGE = 20 * 365 * DAY
    ConsentLife.seen.clear()
    for number in LIVES:
        with _undone():
            life = ConsentLife(number)
            with mock.patch.object(timezone, "now", life.now):
                life.begin(number)
                try:
                    life.live()
                except BaseException as error:
                    error.add_note("\n".join([f"life {number}:", *life.steps]))
                    raise
    rare = {name: ConsentLife.seen[name] for name in [*REACHED, *dict(STEPS_OF_LIFE)] if ConsentLife.seen[name] < 5}
    assert not rare, f"the sequences no longer reach what they are for: {ConsentLife.seen}"

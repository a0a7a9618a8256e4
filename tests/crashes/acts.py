"""What changes something by one request, at whose points the process dies, and what must hold behind that."""

from __future__ import annotations

from typing import Any
from urllib.parse import urljoin

import requests

from tests.crashes import integrity
from tests.crashes.fleet import asked
from tests.factories import CALLBACK
from tests.flows.web_person import forms
from tests.scale.application import Application
from tests.scale.fleet import Fleet

DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
ALLOWED = ("nickname", "avatar", "offline_access")


class Act:
    """One request of one person's application; a new one is made for each death."""

    def __init__(self, fleet: Fleet, visit: Application) -> None:
        self.fleet, self.visit, self.host = fleet, visit, fleet.hosts[0]

    def begin(self) -> None:
        """Do everything ahead of the request."""

    def ask(self, dies_at: int) -> requests.Response | None:
        """Send the request; `None` where its process has died."""
        raise NotImplementedError

    def holds(self, answer: requests.Response | None) -> str:
        """Check what follows, the client's second try included; return in a word what that came to."""
        raise NotImplementedError

    def token(self, dies_at: int, **form: str) -> requests.Response | None:
        """Ask the token endpoint."""
        return self.machine(dies_at, "/o/token/", **form)

    def machine(self, dies_at: int, path: str, **form: str) -> requests.Response | None:
        """Send a client's form."""
        request = {"data": form, "auth": self.visit.credentials, "headers": {"X-Die-At": str(dies_at)}}
        return asked(lambda: self.fleet.at(self.host, "POST", path, **request))

    def page(self, dies_at: int, method: str, address: str, **request: Any) -> requests.Response | None:
        """Let the person's browser ask."""
        headers = {"X-Die-At": str(dies_at), "Referer": address}
        browser = self.visit.browser
        return asked(
            lambda: browser.request(method, address, headers=headers, allow_redirects=False, timeout=30, **request)
        )

    def works(self, answer: requests.Response) -> None:
        """Check that tokens that were told are good for something."""
        assert answer.status_code == 200, answer.text
        assert self.visit.userinfo(self.host, answer.json()["access_token"]).json()["nickname"] == "Ada"

    def tried_again(self, answer: requests.Response) -> str:
        """Check a client's second try: it succeeds, or it is refused, what was bought is dead, and a new code works."""
        if answer.status_code == 200:
            self.works(answer)
            return "succeeds"
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant"), answer.text
        newest = f"""SELECT revoked_at IS NOT NULL FROM provider_site_authorization
            WHERE application_id = {self.visit.made["key"]} ORDER BY created DESC LIMIT 1"""
        assert integrity.rows(self.fleet.environment["DATABASE_URL"], newest) == [(True,)]
        self.again()
        return "begins anew"

    def again(self) -> None:
        """Begin anew, as a client whose grant is dead does."""
        self.works(self.visit.redeem(self.host, self.visit.code()))


class Code(Act):
    """An authorization request that needs no page."""

    def ask(self, dies_at: int) -> requests.Response | None:
        address = f"{self.fleet.sites.provider}/o/authorize/"
        return self.page(dies_at, "GET", address, params=self.visit.parameters(prompt="none"))

    def begin(self) -> None:
        self.again()

    def holds(self, answer: requests.Response | None) -> str:
        if answer is not None:
            assert "code=" in answer.headers["Location"], answer.headers
        self.again()
        return "succeeds"


class Exchange(Act):
    """A code for tokens."""

    def begin(self) -> None:
        self.code = self.visit.code()

    def ask(self, dies_at: int) -> requests.Response | None:
        form = {"code": self.code, "redirect_uri": CALLBACK, "code_verifier": self.visit.verifier}
        return self.token(dies_at, grant_type="authorization_code", **form)

    def holds(self, answer: requests.Response | None) -> str:
        if answer is not None:
            self.works(answer)
            return ""
        return self.tried_again(self.visit.redeem(self.host, self.code))


class Refresh(Act):
    """A refresh token for its successor."""

    def begin(self) -> None:
        self.tokens = self.visit.redeem(self.host, self.visit.code()).json()

    def ask(self, dies_at: int) -> requests.Response | None:
        return self.token(dies_at, grant_type="refresh_token", refresh_token=self.tokens["refresh_token"])

    def holds(self, answer: requests.Response | None) -> str:
        if answer is not None:
            self.works(answer)
            return ""
        return self.tried_again(self.visit.refresh(self.host, self.tokens["refresh_token"]))


class Revocation(Act):
    """A client gives a refresh token back (RFC 7009)."""

    def begin(self) -> None:
        self.tokens = self.visit.redeem(self.host, self.visit.code()).json()

    def ask(self, dies_at: int) -> requests.Response | None:
        return self.machine(dies_at, "/o/revoke_token/", token=self.tokens["refresh_token"])

    def holds(self, answer: requests.Response | None) -> str:
        lives = self.visit.userinfo(self.host, self.tokens["access_token"]).status_code == 200
        if answer is not None:
            assert not lives, "an answered revocation is lost"
            return ""
        again = self.machine(0, "/o/revoke_token/", token=self.tokens["refresh_token"])
        assert again is not None
        assert again.status_code == 200, again.text
        assert self.visit.userinfo(self.host, self.tokens["access_token"]).status_code == 401
        return "is done at the second try" if lives else "was done"


class _Form(Act):
    """A form of a page, sent by a person."""

    def open(self, address: str, having: str) -> None:
        """Open a page, and keep what its form would send."""
        self.visit.person._go("get", address)
        page = self.visit.person.page
        form = next(form for form in forms(page) if having in form.names() or having in form.action)
        self.form, self.address = form, urljoin(page.url, form.action)

    def next_of(self, answer: requests.Response | None) -> str:
        """Return where a form leads to."""
        assert answer is not None
        assert answer.status_code in {302, 303}, (answer.status_code, answer.text[:2000])
        return urljoin(self.address, answer.headers["Location"])

    def send(self, dies_at: int, *more: tuple[str, str]) -> requests.Response | None:
        """Send the form."""
        return self.page(dies_at, "POST", self.address, data=[*self.form.fields, *more])


class Consent(_Form):
    """A person allows an application something for the first time."""

    def begin(self) -> None:
        address = f"{self.fleet.sites.provider}/o/authorize/"
        self.open(str(requests.Request("GET", address, params=self.visit.parameters()).prepare().url), "decision")

    def ask(self, dies_at: int) -> requests.Response | None:
        return self.send(dies_at, *(("scope", name) for name in ALLOWED), ("decision", "allow"))

    def holds(self, answer: requests.Response | None) -> str:
        if answer is not None:
            assert answer.status_code in {302, 303}, answer.text[:2000]
        again = self.ask(0)  # a page that is loaded again
        assert again is not None
        assert again.status_code in {302, 303, 400, 410}, (again.status_code, again.text[:2000])
        self.again()
        return "succeeds" if again.status_code < 400 else "begins anew"


class ConsentEnd(Consent):
    """The browser goes on with the request that was allowed, and gets its code."""

    def begin(self) -> None:
        super().begin()
        self.address = self.next_of(super().ask(0))

    def ask(self, dies_at: int) -> requests.Response | None:
        return self.page(dies_at, "GET", self.address)


class Withdrawal(_Form):
    """A person takes everything back from an application."""

    def begin(self) -> None:
        self.tokens = self.visit.redeem(self.host, self.visit.code()).json()
        self.open(f"{self.fleet.sites.provider}/o/apps/{self.visit.made['key']}/", "/withdraw/")

    def ask(self, dies_at: int) -> requests.Response | None:
        return self.send(dies_at)

    def holds(self, answer: requests.Response | None) -> str:
        lives = self.visit.userinfo(self.host, self.tokens["access_token"]).status_code == 200
        if answer is not None:
            assert answer.status_code == 303, answer.text[:2000]
            assert not lives, "an answered withdrawal is lost"
        again = self.ask(0)
        assert again is not None
        assert again.status_code in {303, 404}, again.text[:2000]
        assert self.visit.userinfo(self.host, self.tokens["access_token"]).status_code == 401
        refused = self.visit.refresh(self.host, self.tokens["refresh_token"])
        assert refused.json()["error"] == "invalid_grant", refused.text
        return "is done at the second try" if lives else "was done"


class DeviceDecision(_Form):
    """A person allows a device something."""

    def begin(self) -> None:
        form = {"scope": "openid nickname offline_access"}
        credentials = self.visit.credentials
        path = "/o/device_authorization/"
        self.codes = self.fleet.at(self.host, "POST", path, data=form, auth=credentials).json()
        person = self.visit.person
        person._go("get", self.codes["verification_uri_complete"])
        person._submit("user_code")
        person._submit("answer", press=("answer", "yes"))
        self.open(person.page.url, "decision")

    def ask(self, dies_at: int) -> requests.Response | None:
        return self.send(dies_at, ("scope", "nickname"), ("scope", "offline_access"), ("decision", "allow"))

    def poll(self, dies_at: int = 0) -> requests.Response | None:
        """Let the device ask for its tokens, its time to wait over."""
        self.fleet.console("let_device_wait", user_code=self.codes["user_code"])
        return self.token(dies_at, grant_type=DEVICE_CODE, device_code=self.codes["device_code"])

    def go_on(self, answer: requests.Response | None) -> None:
        """Let the browser go where a decision leads it."""
        assert answer is not None
        assert answer.status_code in {302, 303, 410}, (answer.status_code, answer.text[:2000])
        if answer.status_code != 410:
            then = self.page(0, "GET", self.next_of(answer))
            assert then is not None
            assert then.status_code in {200, 302, 303, 410}, (then.status_code, then.text[:2000])

    def holds(self, answer: requests.Response | None) -> str:
        if answer is not None:
            self.go_on(answer)
        polled = self.poll()
        assert polled is not None
        came_to = "was done"
        if answer is None and polled.json().get("error") == "authorization_pending":
            self.go_on(self.ask(0))
            polled, came_to = self.poll(), "is done at the second try"
            assert polled is not None
        if answer is None and polled.json().get("error") == "authorization_pending":
            self.visit.person.allow_device(self.codes["verification_uri_complete"], allow=("nickname",))
            polled, came_to = self.poll(), "begins anew"
            assert polled is not None
        self.works(polled)
        return came_to


class DeviceEnd(DeviceDecision):
    """The browser goes on with what a device was allowed."""

    def begin(self) -> None:
        super().begin()
        self.address = self.next_of(super().ask(0))

    def ask(self, dies_at: int) -> requests.Response | None:
        return self.page(dies_at, "GET", self.address)


class DeviceExchange(DeviceDecision):
    """A device code for tokens."""

    def begin(self) -> None:
        super().begin()
        self.go_on(super().ask(0))

    def ask(self, dies_at: int) -> requests.Response | None:
        return self.poll(dies_at)

    def holds(self, answer: requests.Response | None) -> str:
        if answer is not None:
            self.works(answer)
            return ""
        again = self.poll()
        assert again is not None
        if again.status_code == 200:
            self.works(again)
            return "succeeds"
        assert again.json()["error"] in {"invalid_grant", "expired_token"}, again.text
        return "begins anew"

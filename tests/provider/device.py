"""Drive the device grant: a device that polls, and a person at another screen."""

from datetime import timedelta
from typing import Any

from django.db.models import F
from django.test import Client

from provider_site.models import DeviceAuthorization
from tests import factories
from tests.provider.driver import ISSUER_HOST, Driver, Tokens, encode

GRANT = "urn:ietf:params:oauth:grant-type:device_code"
TELEVISION = "Mozilla/5.0 (Linux; Android 12; BRAVIA 4K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0"
SCOPE = "openid nickname offline_access"


def make_device_application(owner: Any = None, **facts: Any) -> Any:
    """Register an approved application of devices."""
    chosen: dict[str, Any] = {"authorization_grant_type": GRANT, "redirect_uris": []}
    return factories.make_application(owner, **(chosen | facts))


class Device(Driver):
    """One device, and the browser of the person who sits before it."""

    def __init__(self, registered: Any, user: Any = None) -> None:
        super().__init__(registered, user)
        self.begun: dict[str, Any] = {}

    def ask(self, *, headers: dict[str, str] | None = None, address: str = "203.0.113.7", **form: Any) -> Any:
        """Post to the device authorization endpoint; return the answer as it is."""
        fields = {name: value for name, value in ({"scope": SCOPE} | form).items() if value is not None}
        return self.backchannel.post(
            "/o/device_authorization/",
            data=encode(fields),
            content_type="application/x-www-form-urlencoded",
            headers={"User-Agent": TELEVISION} | (self.basic() if headers is None else headers),
            REMOTE_ADDR=address,
        )

    def begin(self, **form: Any) -> dict[str, Any]:
        """Ask for codes and keep them."""
        answer = self.ask(**form)
        assert answer.status_code == 200, answer.content
        self.begun = answer.json()
        return self.begun

    def poll(self, code: str | None = None, **changes: Any) -> Tokens:
        """Ask for tokens."""
        return self.token(**({"grant_type": GRANT, "device_code": code or self.begun["device_code"]} | changes))

    def wait(self, seconds: float | None = None) -> None:
        """Let the time pass that the device has to wait between two polls."""
        for row in DeviceAuthorization.objects.all():
            passed = timedelta(seconds=row.interval if seconds is None else seconds)
            DeviceAuthorization.objects.filter(pk=row.pk).update(last_polled_at=F("last_polled_at") - passed)

    def enter(self, code: str | None = None, *, browser: Client | None = None, **extra: Any) -> Any:
        """Type the user code at the verification page."""
        typed = self.begun["user_code"] if code is None else code
        return (browser or self.browser).post("/o/device/", {"user_code": typed}, **extra)

    def compare(self, entered: Any, *, answer: str = "yes", browser: Client | None = None) -> Any:
        """Answer whether the device shows the code; return where that leads: the last answer before the consent."""
        assert entered.status_code == 303, entered.content.decode()[:3000]
        browser = browser or self.browser
        return browser.get(browser.post(entered["Location"], {"answer": answer})["Location"])

    def decide(
        self, *, decision: str = "allow", scopes: Any = ("nickname", "offline_access"), browser: Client | None = None
    ) -> Any:
        """Go through all pages; return the last one."""
        browser = browser or self.browser
        page = self.compare(self.enter(browser=browser), browser=browser)["Location"]
        assert page.startswith("/o/consent/"), page
        sent = {"scope": list(scopes), "decision": decision, "duration": "30"}
        answer = browser.post(page, sent)
        assert answer.status_code == 303, answer.content.decode()[:3000]
        return browser.get(answer["Location"], follow=True)

    def bought(self, *, scopes: Any = ("nickname", "offline_access"), **form: Any) -> Tokens:
        """Run the whole flow; return the tokens."""
        self.begin(**form)
        self.decide(scopes=scopes)
        tokens = self.poll()
        assert tokens.status == 200, tokens.body
        return tokens


def stranger() -> Client:
    """Return the browser of nobody in particular."""
    return Client(headers={"host": ISSUER_HOST})

"""Applications that want to hear of a logout, and what they are told."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

from provider_site.models import OutboxMessage, Registration, Session
from provider_site.services import backchannel_logout
from tests.provider.driver import Driver

LOGOUT = "/o/logout/"
AFTERWARDS = "https://app.example.com/signed-out"
FRONT = "https://app.example.com/front?tenant=1"
BACK = "https://app.example.com/back"


def wants(driver: Driver, *, afterwards: str = AFTERWARDS, front: str = "", back: str = BACK) -> None:
    """Register the addresses of a logout."""
    rows = type(driver.application)._default_manager.filter(pk=driver.application.pk)
    rows.update(post_logout_redirect_uris=afterwards)
    facts = {"frontchannel_logout_uri": front, "backchannel_logout_uri": back}
    Registration.objects.filter(application=driver.application).update(**facts)


def hint(driver: Driver) -> str:
    """Sign in to the application; return its ID token as it came."""
    return str(driver.tokens().body["id_token"])


def ask(driver: Driver, *, method: str = "get", **parameters: Any) -> Any:
    """Send the browser to the logout endpoint; return the first answer. A value of None leaves the parameter out."""
    sent = {name: value for name, value in parameters.items() if value is not None}
    return getattr(driver.browser, method)(LOGOUT, sent)


def answer_question(driver: Driver, page: Any, *, decision: str = "sign_out") -> Any:
    """Press a button of the page that asks."""
    assert page.status_code == 200, page.status_code
    assert b'id="sign_out"' in page.content
    return driver.browser.post("/o/logout/asked/", {"request": page.context["sealed"], "decision": decision})


def is_question(answer: Any) -> bool:
    return answer.status_code == 200 and b'id="sign_out"' in answer.content and b'id="stay"' in answer.content


def is_signed_in(driver: Driver) -> bool:
    """Ask without a page: the application gets a code, or is told that nobody is signed in."""
    answer = driver.authorize(prompt="none")
    sent = {name: values[0] for name, values in parse_qs(urlsplit(answer["Location"]).query).items()}
    assert "code" in sent or sent["error"] in {"login_required", "interaction_required"}, sent
    return "code" in sent


def told(driver: Driver | None = None) -> list[dict[str, Any]]:
    """Return the claims that wait to be sent to the application's server, or to everybody's; oldest first."""
    rows = OutboxMessage.objects.filter(kind=backchannel_logout.KIND).order_by("pk")
    if driver is not None:
        rows = rows.filter(payload__application=str(driver.application.pk))
    return [row.payload["claims"] for row in rows]


def open_sessions(user: Any) -> int:
    return Session.objects.filter(user=user, ended_at=None).count()

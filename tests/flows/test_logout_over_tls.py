"""A person signs out; the app's pages and its server hear of it: frames of another site need https, and get it here."""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
import pytest
from playwright.sync_api import expect

from provider_site.crypto import code_challenge
from provider_site.models import OutboxMessage, Registration, Session
from provider_site.services import backchannel_logout, outbox
from tests import chromium, factories, machine
from tests.conformance.op import Op, serving
from tests.provider.driver import plant_signing_key

pytestmark = pytest.mark.browser

VERIFIER = "v" * 43
PAGE = """<!doctype html><title>waiting</title><iframe id="op" src="%(frame)s"></iframe><script>
const op = document.getElementById("op");
addEventListener("message", (event) => { if (event.source === op.contentWindow) document.title = event.data; });
op.addEventListener("load", () => op.contentWindow.postMessage(%(message)s, "%(origin)s"));
</script>"""


@dataclass
class App:
    """An application's site, on another host than the provider's: what came, and its page with the frame."""

    port: int = 0
    frame: str = ""
    message: str = ""
    came: list[tuple[str, dict[str, list[str]], str]] = field(default_factory=list)

    @property
    def origin(self) -> str:
        return f"https://app.localhost:{self.port}"

    def seen(self, path: str) -> list[tuple[dict[str, list[str]], str]]:
        """Return what came to a path: the parameters, and the cookies."""
        return [(sent, cookie) for known, sent, cookie in self.came if known == path]

    def page(self) -> bytes:
        origin = "/".join(self.frame.split("/")[:3])
        return (PAGE % {"frame": self.frame, "message": json.dumps(self.message), "origin": origin}).encode()


class Handler(BaseHTTPRequestHandler):
    """Keep what comes; on the way back from a sign-in, set the cookie of the app's own session."""

    app: App

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        length = int(self.headers.get("Content-Length", 0))
        sent = parse_qs(self.rfile.read(length).decode() if self.command == "POST" else parts.query)
        self.app.came.append((parts.path, sent, self.headers.get("Cookie", "")))
        body = self.app.page() if parts.path == "/page" else b"<!doctype html><title>app</title><p>app</p>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        if parts.path == "/cb":
            self.send_header("Set-Cookie", "app=1; Path=/; SameSite=None; Secure")
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        pass


class Server(ThreadingHTTPServer):
    """A browser opens connections that it does not use."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass


@pytest.fixture
def op(transactional_db: None, settings: Any, tmp_path: Path) -> Iterator[Op]:
    """Serve the provider over TLS."""
    with serving(settings, tmp_path) as running:
        plant_signing_key()
        yield running
    assert not running.exceptions


@pytest.fixture
def app(op: Op) -> Iterator[App]:
    """Serve the application's site over TLS."""
    known = App(frame=f"{op.issuer}/o/check_session/")
    server = Server(("127.0.0.1", 0), type("AppHandler", (Handler,), {"app": known}))
    server.socket = op.tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    known.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield known
    server.shutdown()
    server.server_close()
    thread.join(5)


@pytest.fixture
def registered_app(app: App) -> Any:
    """Register the application with all of its addresses."""
    made = factories.make_application(redirect_uris=[f"{app.origin}/cb"])
    rows = type(made.application)._default_manager.filter(pk=made.application.pk)
    rows.update(post_logout_redirect_uris=f"{app.origin}/out")
    Registration.objects.filter(application=made.application).update(
        frontchannel_logout_uri=f"{app.origin}/front",
        backchannel_logout_uri=f"https://localhost:{app.port}/back",
    )
    return made


@pytest.fixture
def visit(browser: Any, tmp_path: Path) -> Iterator[chromium.Visit]:
    """Open a browser that takes the certificates and, unlike one's default, lets frames of other sites have cookies."""
    preferences = tmp_path / "profile" / "Default" / "Preferences"
    preferences.parent.mkdir(parents=True)
    preferences.write_text(json.dumps({"profile": {"cookie_controls_mode": 0}}))
    context = browser.browser_type.launch_persistent_context(
        tmp_path / "profile",
        executable_path=machine.chromium(),
        args=chromium.FLAGS,
        ignore_https_errors=True,
        locale="en-US",
    )
    context.set_default_timeout(15_000)
    opened = chromium.Visit(context)
    yield opened
    context.close()
    assert not opened.complaints, opened.complaints


def sign_in(op: Op, app: App, made: Any, visit: chromium.Visit) -> str:
    """Sign a person in to the provider and to the application; return the ID token."""
    page, user = visit.page, factories.make_user()
    user.emailaddress_set.create(email=user.email, verified=True, primary=True)
    asked = {
        "response_type": "code",
        "client_id": made.application.client_id,
        "redirect_uri": f"{app.origin}/cb",
        "scope": "openid",
        "state": "s",
        "nonce": "n",
        "code_challenge": code_challenge(VERIFIER),
        "code_challenge_method": "S256",
    }
    page.goto(f"{op.issuer}/o/authorize/?{urlencode(asked)}")
    page.locator("#id_login").fill(user.username)
    page.locator("#id_password").fill(factories.PASSWORD)
    page.locator("#id_password").press("Enter")
    page.locator("#allow").click()
    page.wait_for_url(f"{app.origin}/cb?**")
    ((answer, _cookie),) = app.seen("/cb")
    app.message = f"{made.application.client_id} {answer['session_state'][0]}"
    form = {
        "grant_type": "authorization_code",
        "code": answer["code"][0],
        "redirect_uri": f"{app.origin}/cb",
        "code_verifier": VERIFIER,
        "client_id": made.application.client_id,
        "client_secret": made.client_secret,
    }
    tokens = op.call("POST", op.endpoint("token_endpoint"), data=form)
    assert tokens.status_code == 200, tokens.text
    return str(tokens.json()["id_token"])


def test_sign_out_reaches_the_app_s_pages_and_its_server(
    op: Op, app: App, registered_app: Any, visit: chromium.Visit
) -> None:
    page = visit.page
    id_token = sign_in(op, app, registered_app, visit)
    claims = jwt.decode(id_token, options={"verify_signature": False})
    page.goto(f"{app.origin}/page")
    expect(page).to_have_title("unchanged")

    asked = {"id_token_hint": id_token, "post_logout_redirect_uri": f"{app.origin}/out", "state": "a b/~"}
    page.goto(f"{op.endpoint('end_session_endpoint')}?{urlencode(asked)}")
    page.wait_for_url(f"{app.origin}/out?**")
    assert [sent for sent, _cookie in app.seen("/out")] == [{"state": ["a b/~"]}]
    ((told, cookie),) = app.seen("/front")
    assert told == {"iss": [op.issuer], "sid": [claims["sid"]]}
    assert "app=1" in cookie, "in a frame of another site the app knows whose session it is"

    page.goto(f"{app.origin}/page")
    expect(page).to_have_title("changed")

    assert outbox.deliver_due() >= 1
    ((sent, _cookie),) = app.seen("/back")
    token = jwt.decode(sent["logout_token"][0], options={"verify_signature": False})
    assert (token["sid"], token["sub"]) == (claims["sid"], claims["sub"])
    assert OutboxMessage.objects.get(kind=backchannel_logout.KIND).delivered_at is not None


def test_browser_that_keeps_cookies_from_frames_makes_the_app_wait_and_its_server_hears(
    op: Op, app: App, registered_app: Any, new_visit: Callable[..., chromium.Visit]
) -> None:
    """After "error" an app must not ask the provider again, as it has to after "changed" (Session Management 3.1)."""
    visit = new_visit(ignore_https_errors=True)
    id_token = sign_in(op, app, registered_app, visit)
    visit.page.goto(f"{app.origin}/page")
    expect(visit.page).to_have_title("error")
    asked = {"id_token_hint": id_token, "post_logout_redirect_uri": f"{app.origin}/out"}
    visit.page.goto(f"{op.endpoint('end_session_endpoint')}?{urlencode(asked)}")
    visit.page.wait_for_url(f"{app.origin}/out")
    ((told, cookie),) = app.seen("/front")
    assert told["sid"]
    assert not cookie
    outbox.deliver_due()
    assert len(app.seen("/back")) == 1


def test_person_who_is_asked_agrees_and_goes_back(op: Op, app: App, registered_app: Any, visit: chromium.Visit) -> None:
    """Chrome applies form-action to the redirects after the form: this button has to lead to the app all the same."""
    Registration.objects.update(frontchannel_logout_uri="")
    page = visit.page
    sign_in(op, app, registered_app, visit)
    asked = {
        "client_id": registered_app.application.client_id,
        "post_logout_redirect_uri": f"{app.origin}/out",
        "state": "s",
    }
    page.goto(f"{op.endpoint('end_session_endpoint')}?{urlencode(asked)}")
    page.locator("#sign_out").click()
    page.wait_for_url(f"{app.origin}/out?state=s")
    assert Session.objects.filter(ended_at=None).count() == 0


def test_form_of_another_site_s_page_signs_out_by_the_hint(
    op: Op, app: App, registered_app: Any, visit: chromium.Visit
) -> None:
    """A cross-site POST comes without the session's cookie."""
    page = visit.page
    id_token = sign_in(op, app, registered_app, visit)
    page.goto(f"{app.origin}/anything")
    page.evaluate(
        """([address, fields]) => {
            const form = document.body.appendChild(document.createElement("form"));
            form.method = "post"; form.action = address;
            for (const [name, value] of Object.entries(fields)) {
                const input = form.appendChild(document.createElement("input"));
                input.name = name; input.value = value;
            }
            form.submit();
        }""",
        [
            op.endpoint("end_session_endpoint"),
            {"id_token_hint": id_token, "post_logout_redirect_uri": f"{app.origin}/out", "state": "s"},
        ],
    )
    page.wait_for_url(f"{app.origin}/out?state=s")
    assert Session.objects.filter(ended_at=None).count() == 0


def test_page_of_an_unregistered_origin_learns_nothing(
    op: Op, app: App, registered_app: Any, visit: chromium.Visit
) -> None:
    page = visit.page
    sign_in(op, app, registered_app, visit)
    page.goto(f"https://evil.localhost:{app.port}/page")
    page.locator("#op").wait_for()
    page.wait_for_load_state("networkidle")
    expect(page).to_have_title("waiting")
    assert any("frame-ancestors" in complaint or "refused" in complaint for complaint in visit.complaints)
    visit.complaints.clear()

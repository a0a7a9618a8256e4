"""Every page for people, developers and staff: who looks at it, and how it is reached."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib.sessions.models import Session as LoginSession

from project.sessions import SessionStore
from provider_site.conf import provider_settings
from provider_site.models import Consent, DeviceAuthorization, OutboxMessage, ResourceServer, Session, SigningKey
from provider_site.services import backchannel_logout
from tests.browser.gallery import Gallery

Way = str | Callable[[Any, Gallery], None]


@dataclass(frozen=True)
class Stop:
    """One page: its name, and its address or what leads there."""

    name: str
    way: Way

    def reach(self, page: Any, gallery: Gallery) -> None:
        """Bring the browser there; ``{name}`` in an address is the key of the application so called."""
        if not isinstance(self.way, str):
            self.way(page, gallery)
            return
        keys = {name: application.pk for name, application in gallery.applications.items()}
        page.goto(gallery.sites.provider + self.way.format(**keys))


def _authorize(name: str, **changes: str) -> Callable[[Any, Gallery], None]:
    return lambda page, gallery: page.goto(gallery.sites.provider + gallery.authorize(name, **changes))


def _form(address: str, button: str, **values: str) -> Callable[[Any, Gallery], None]:
    """Open a page, fill in what is named by id, and send the form by its button."""

    def send(page: Any, gallery: Gallery) -> None:
        Stop("", address).reach(page, gallery)
        for element, value in values.items():
            page.locator(f"#{element}").fill(value)
        with page.expect_navigation():
            page.locator(button).first.click()

    return send


def _run_to_the_end(page: Any, gallery: Gallery) -> None:
    _form("/o/developer/{everything}/try/", "main form[method=post]:not([action]) button")(page, gallery)
    page.locator("main .try-buttons .button-primary").click()
    page.wait_for_url("**/o/consent/**")
    page.locator("#allow").click()
    page.wait_for_url("**/o/developer/try/callback/**")


def _too_late(page: Any, gallery: Gallery) -> None:
    """Open a page that wants a recent sign-in long after the last one."""
    longest = provider_settings.recent_sign_in.total_seconds()
    for row in LoginSession.objects.all():
        session = SessionStore(session_key=row.session_key)
        session["provider_site.auth_time"] = time.time() - longest
        session.pop("account_authentication_methods", None)  # allauth's own record, of proving anew
        session.save()
    Stop("", "/o/developer/{draft}/members/?not-done=1").reach(page, gallery)
    assert page.locator("input[name=prove-again]").count(), "the page opened without a recent sign-in"


def _review(name: str) -> Callable[[Any, Gallery], None]:
    def go(page: Any, gallery: Gallery) -> None:
        review = gallery.applications[name].reviews.latest("pk")
        page.goto(f"{gallery.sites.provider}/admin/provider_site/review/{review.pk}/change/")

    return go


def _many(address: str, action: str) -> Callable[[Any, Gallery], None]:
    def go(page: Any, gallery: Gallery) -> None:
        page.goto(gallery.sites.provider + address)
        page.locator("#action-toggle").check()
        page.locator("select[name=action]").select_option(action)
        with page.expect_navigation():
            page.locator("button[name=index]").first.click()

    return go


def _rejected(page: Any, gallery: Gallery) -> None:
    _review("submitted")(page, gallery)
    with page.expect_navigation():
        page.locator("button[name=decision][value=reject]").click()


def _consent(page: str) -> Callable[[Any, Gallery], None]:
    """Open a page of the admin about the consent to every scope."""

    def go(browser_page: Any, gallery: Gallery) -> None:
        consent = Consent.objects.get(user=gallery.connected, application=gallery.applications["everything"])
        browser_page.goto(f"{gallery.sites.provider}/admin/provider_site/consent/{consent.pk}/{page}/")

    return go


def _more_about_oneself(page: Any, gallery: Gallery) -> None:
    """Send the profile with mistakes in what is folded away."""
    Stop("", "/o/profile/").reach(page, gallery)
    page.locator(".more-about-you summary").click()
    for name in ("phone_number", "birthdate"):
        page.locator(f"#id_{name}").fill("12")
    with page.expect_navigation():
        page.locator("main form[enctype] .button-primary").click()
    assert page.locator(".more-about-you .errorlist").count() == 2
    width = "element => getComputedStyle(element).borderTopWidth"
    assert page.locator("#id_birthdate").evaluate(width) == "2px", "the field with the mistake looks like all others"


def _without(script: str, page: Any) -> None:
    """Let one of our scripts do nothing, so that the page stays which it would leave at once."""
    page.route(f"**/{script}*.js", lambda route: route.fulfill(content_type="text/javascript", body=""))


def _answer_by_form(page: Any, gallery: Gallery) -> None:
    """Ask for an answer without questions, sent by a form."""
    _without("form_post", page)
    _authorize("everything", prompt="none", response_mode="form_post")(page, gallery)
    assert page.locator("#form_post #continue").count()


_ONE_BY_ONE = ("name", "birthdate", "address", "phone_number", "picture", "email")
_CLAIMS = json.dumps({"userinfo": dict.fromkeys(_ONE_BY_ONE), "id_token": {"zoneinfo": {"essential": True}}})
_SOMEBODY_ELSE = json.dumps({"id_token": {"sub": {"value": "somebody-else"}}})


def _signed_out_with_apps(page: Any, gallery: Gallery) -> None:
    """Sign in to an app that wants to be told in a frame, and out again with a way back to it."""
    _authorize("everything")(page, gallery)
    page.locator("#allow").click()
    page.wait_for_url(f"{gallery.sites.consumer}/**")
    _without("logout", page)
    consumer, application = gallery.sites.consumer, gallery.applications["everything"]
    page.route(f"{consumer}/**/out*", lambda route: route.fulfill(content_type="text/html", body="<title>out</title>"))
    back = application.post_logout_redirect_uris
    address = f"/o/logout/?client_id={application.client_id}&post_logout_redirect_uri={back}"
    _form(address, "#sign_out")(page, gallery)
    assert page.locator("iframe").count() == 1
    assert "\n" not in page.locator("#go-on").inner_text(), "the words of the way back stand in columns"


def _row(model: str, pk: Callable[[Gallery], Any]) -> Callable[[Any, Gallery], None]:
    """Open the page of one row in the admin."""
    return lambda page, gallery: page.goto(
        f"{gallery.sites.provider}/admin/provider_site/{model}/{pk(gallery)}/change/"
    )


def _key(part: str) -> Callable[[Any, Gallery], None]:
    """Open a page of the admin about the key that signs."""

    def go(page: Any, gallery: Gallery) -> None:
        kid = SigningKey.objects.get(alg="RS256", status="active").kid
        page.goto(f"{gallery.sites.provider}/admin/provider_site/signingkey/{kid}/{part}/")

    return go


_A = "/admin/oauth2_provider/application"
_K = "/admin/provider_site/signingkey"

ANYBODY = [
    Stop("home", "/"),
    Stop("sign in", "/accounts/login/"),
    Stop("wrong sign in", _form("/accounts/login/", "main form[action*=login] button", id_login="x", id_password="y")),
    Stop("sign up", "/accounts/signup/"),
    Stop("reset password", "/accounts/password/reset/"),
    Stop("error of an unknown client", "/o/authorize/?client_id=unknown&response_type=code"),
    Stop("not found", "/o/nothing/"),
    Stop("refused sign-out", "/o/logout/?client_id=unknown"),
    Stop("signed out", "/o/logout/done/"),
]
PERSON = [
    Stop("consent to sixty scopes", _authorize("everything")),
    Stop("consent to an app not reviewed", _authorize("rejected")),
    Stop("app for others", _authorize("draft", redirect_uri="https://app.example.com/callback")),
    Stop("suspended app", _authorize("suspended")),
    Stop("consent to single claims", _authorize("everything", scope="openid", claims=_CLAIMS)),
    Stop("another account is asked for", _authorize("everything", scope="openid", claims=_SOMEBODY_ELSE)),
    Stop("answer by a form", _answer_by_form),
    Stop("expired request", "/o/consent/unknown/"),
    Stop("connected apps", "/o/apps/"),
    Stop("profile", "/o/profile/"),
    Stop("profile with mistakes", _more_about_oneself),
    Stop("invitations", "/o/invitations/"),
    Stop("nothing registered", "/o/developer/"),
    Stop("e-mail addresses", "/accounts/email/"),
    Stop("two factors", "/accounts/2fa/"),
]
CONNECTED = [
    Stop("all connected apps", "/o/apps/"),
    *(
        Stop(f"connected app, {name}", f"/o/apps/{{{name}}}/")
        for name in ("everything", "suspended", "changing", "rejected", "public")
    ),
    Stop("nickname and avatar for one app", "/o/apps/{everything}/profile/"),
    Stop(
        "wrong avatar", _form("/o/apps/{everything}/profile/", ".app-profile-buttons button", id_app_nickname="x" * 60)
    ),
    Stop("sign-ins", "/o/sessions/"),
    Stop("question before a sign-out", "/o/logout/"),
    Stop("sign-out refused to one signed in", "/o/logout/?client_id=unknown"),
    Stop("still signed in", _form("/o/logout/", "#stay")),
    Stop("signed out, apps are told", _signed_out_with_apps),
]
DEVELOPER = [
    Stop("list", "/o/developer/"),
    Stop("create, refused", _form("/o/developer/new/", ".dev-save button", id_name=" x ", id_redirect_uris="http://x")),
    Stop("edit a change", "/o/developer/{everything}/edit/"),
    *(
        Stop(f"overview, {name}", f"/o/developer/{{{name}}}/")
        for name in ("draft", "submitted", "changing", "rejected", "suspended", "public", "device", "everything")
    ),
    Stop("tokens", "/o/developer/{everything}/tokens/"),
    Stop("settings of a device", "/o/developer/{device}/settings/"),
    Stop("try a device", "/o/developer/{device}/try/"),
    Stop("members", "/o/developer/{rejected}/members/"),
    Stop("invited nobody", _form("/o/developer/{everything}/members/", "#invite button", id_identifier=" ")),
    Stop("secrets", "/o/developer/{everything}/secrets/"),
    Stop("secrets of a public client", "/o/developer/{public}/secrets/"),
    Stop("delete", "/o/developer/{draft}/delete/"),
    Stop("usage", "/o/developer/{everything}/usage/"),
    Stop("settings", "/o/developer/{everything}/settings/"),
    Stop("try", "/o/developer/{everything}/try/"),
    Stop("try, the request", _form("/o/developer/{draft}/try/", "main form[method=post]:not([action]) button")),
    Stop("try, the result", _run_to_the_end),
    Stop("try, again", "/o/developer/try/callback/?state=x"),
    Stop("not done", "/o/developer/{draft}/members/?not-done=1"),
    Stop("secret once", _form("/o/developer/{everything}/secrets/", "#rotate button[type=submit]")),
    Stop("prove again", _too_late),
]
STAFF = [
    Stop("applications", f"{_A}/"),
    Stop("new application", f"{_A}/add/"),
    *(Stop(f"application, {name}", f"{_A}/{{{name}}}/change/") for name in ("submitted", "suspended", "everything")),
    Stop("approve", f"{_A}/{{submitted}}/step/approve/"),
    Stop("suspend", f"{_A}/{{everything}}/step/suspend/"),
    Stop("new secret", f"{_A}/{{everything}}/secret/"),
    Stop("rotate", f"{_A}/{{everything}}/secret/rotate/"),
    Stop("queue", "/admin/provider_site/review/"),
    Stop("review", _review("submitted")),
    Stop("review of a change", _review("everything")),
    Stop("decided review", _review("rejected")),
    Stop("rejected without a reason", _rejected),
    Stop("many", _many("/admin/provider_site/review/", "approve_chosen")),
    Stop("many to suspend", _many(f"{_A}/", "suspend_chosen")),
    Stop("audit", "/admin/provider_site/auditevent/"),
    Stop("usage of the site", "/admin/provider_site/dailycount/"),
    Stop("consents", "/admin/provider_site/consent/"),
    Stop("consent", _consent("change")),
    Stop("end a consent", _consent("end")),
    Stop("ask no more", f"{_A}/{{everything}}/first-party/on/"),
]


KEYS = [
    Stop("keys", f"{_K}/"),
    Stop("key", _key("change")),
    Stop("rotate keys", f"{_K}/rotate/"),
    Stop("rotated too early", _form(f"{_K}/rotate/", "#content-main form button")),
    Stop("still too early", _form(f"{_K}/rotate/", "#content-main form button")),
    Stop("retire a key", _key("retire")),
    Stop("sessions", "/admin/provider_site/session/"),
    Stop("session", _row("session", lambda gallery: Session.objects.get(user=gallery.connected).pk)),
    Stop("messages", "/admin/provider_site/outboxmessage/"),
    Stop("message", _row("outboxmessage", lambda _: OutboxMessage.objects.get(kind=backchannel_logout.KIND).pk)),
    Stop("devices", "/admin/provider_site/deviceauthorization/"),
    Stop("device", _row("deviceauthorization", lambda _: DeviceAuthorization.objects.get().pk)),
    Stop("resource servers", "/admin/provider_site/resourceserver/"),
    Stop("resource server", _row("resourceserver", lambda _: ResourceServer.objects.get().pk)),
]

# What is looked at in one go, and who looks.
ALL: dict[str, tuple[str, list[Stop]]] = {
    "anybody": ("", ANYBODY),
    "person": ("person", PERSON),
    "connected": ("connected", CONNECTED),
    "developer's forms": ("developer", DEVELOPER[:3]),
    "developer": ("developer", DEVELOPER[3:]),
    "applications": ("staff", STAFF[:7]),
    "reviews": ("staff", STAFF[7:]),
    "keys": ("staff", KEYS),
}

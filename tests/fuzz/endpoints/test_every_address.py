"""Every address of both sites, by any method, with any form, body, header and charset, signed in and not.

No request fails: Django's client hands on whatever a view raises. How many are tried: tests/security/any_request.py.
"""

import re
from typing import Any
from zlib import crc32

import pytest
from django.core.cache import cache
from django.db import transaction
from django.test import Client
from hypothesis import given, seed
from hypothesis import strategies as st

from provider_site.models import AuditEvent, Consent, SigningKey
from tests import factories
from tests.fuzz.endpoints.addresses import filled, routes_of
from tests.provider.driver import Driver, plant_signing_key
from tests.security.any_request import FACTOR, FORM, METHODS, TYPES, apply, joined, send, trying, values

pytestmark = pytest.mark.django_db

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
SITES = {"project.urls_provider": "localhost:8000", "project.urls_consumer": "127.0.0.1:8000"}
WHO = ("nobody", "person", "staff")
# A page of either site has tens of kilobytes; an admin's list of a hundred rows a few hundred.
LARGEST = 2 * 1024 * 1024
# A sign-in that a provider did not answer is a page with 502; what is over a limit or put off is 429 or 503.
FAILED = {502, 503}
HEADERS = {
    "accept": ["*/*", "text/html", "application/json", "image/*;q=nan", "a" * 5000],
    "accept-language": ["zh-CN", "en-us,en;q=0.5", "*", "x" * 4000, "en;q=1e99", "\xff"],
    "cookie": ["sessionid=x", "csrftoken=\xff", "sessionid=" + "a" * 5000,
               "django_language=../../x", "=;=;", "a=b; a=c"],
    "authorization": ["Bearer x", "Basic YTpi", "Bearer", "\xff"],
    "origin": ["null", "https://evil.example", "http://localhost:8000"],
    "referer": ["http://[::1", "https://evil.example/?a=\xff", "http://localhost:8000/o/apps/"],
    "user-agent": ["", "\xff" * 400, "MicroMessenger"],
    "x-forwarded-for": ["1.2.3.4, ::1", "," * 500, "\xff"],
    "x-request-start": ["t=inf", "nan", "-1"],
    "if-none-match": ["*", '"x', "W/"],
    "if-modified-since": ["Thu, 01 Jan 1970 00:00:00 GMT", "x", "Thu, 99 Jan 0000 99:99:99 GMT"],
    "range": ["bytes=0-", "bytes=9-1"],
    "x-requested-with": ["XMLHttpRequest"],
    "sec-fetch-site": ["cross-site"],
}  # fmt: skip
_DISPOSITION = 'Content-Disposition: form-data; name="{name}"; filename="{file}"'
PART = f"--x\r\n{_DISPOSITION}\r\nContent-Type: image/png\r\n\r\n\x89PNG\r\n--x--\r\n"
BODIES = [
    *("", "{}", "[", "\xff\xfe", "a=" * 40, "--x\r\n\r\n"),
    *(PART.format(name=name, file=file) for name, file in (("avatar", "a.png"), ("logo", "../x"))),
]
_FIELD = re.compile(r'<(?:input|select|textarea|button)[^>]*?\bname="([^"]+)"(?:[^>]*?\bvalue="([^"]*)")?')


class Scene:
    """Somebody at one site, and what there is."""

    def __init__(self, host: str, who: str, registered: Any) -> None:
        plant_signing_key()
        person = factories.make_staff("root") if who == "staff" else factories.make_user("eve")
        driver = Driver(registered, person)
        driver.tokens()
        self.client = Client(headers={"host": host})
        if who != "nobody":
            self.client.force_login(person, backend=BACKEND)
        self.cookies = {name: morsel.value for name, morsel in self.client.cookies.items()}
        application, consent = registered.application, Consent.objects.get()
        keys = [str(application.pk), str(person.pk), str(consent.pk), str(AuditEvent.objects.first().pk)]
        everything = [*keys, SigningKey.objects.first().pk]
        self.known = {
            "application_id": [str(application.pk), application.client_id],
            "object_id": everything,
            "consent_id": [str(consent.pk)],
            "provider_id": ["house", "qq", "openid"],
            "app_label": ["auth", "provider_site", "consumer_site", "oauth2_provider"],
        }

    def answer(self, address: str, **request: Any) -> Any:
        """Send it as this person; check the answer. Nothing it changed stays."""
        cache.clear()
        self.client.cookies.clear()
        self.client.cookies.load(self.cookies)
        with transaction.atomic():
            answer = send(self.client, address, **request)
            content = b"".join(answer.streaming_content) if answer.streaming else answer.content
            transaction.set_rollback(True)
        assert answer.status_code < 500 or answer.status_code in FAILED, (answer.status_code, content[:500])
        assert len(content) <= LARGEST, len(content)
        assert not any("\n" in value or "\r" in value for value in answer.headers.values())
        return answer, content


def requests(fields: dict[str, str]) -> st.SearchStrategy[dict[str, Any]]:
    """Return what may be sent: the fields of the page's own forms with some of them changed, or anything else."""
    names = st.sampled_from(sorted({*fields, "next", "page", "q", "o", "e", "action", "_popup", "format", "days"}))
    changes = st.lists(st.tuples(names, st.lists(values(list(fields.values())[:20]), max_size=2)), max_size=3)
    own = changes.map(lambda made: joined(apply(fields, made)))
    bodies = st.sampled_from(BODIES) | st.text(st.characters(max_codepoint=255), max_size=30)
    headers = st.dictionaries(st.sampled_from(sorted(HEADERS)), st.integers(0, 5), max_size=2)
    return st.fixed_dictionaries(
        {
            "method": st.sampled_from(["POST", "POST", *METHODS]),
            "query": st.just("") | changes.map(lambda made: joined(apply({}, made))),
            "body": own | own | bodies,
            "content_type": st.just(FORM) | st.just(FORM) | st.sampled_from(TYPES),
            "headers": headers.map(
                lambda made: {name: HEADERS[name][at % len(HEADERS[name])] for name, at in made.items()}
            ),
        }
    )


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("urlconf", SITES)
def test_every_address_answers_whatever_is_sent(urlconf: str, who: str, registered: Any) -> None:
    scene = Scene(SITES[urlconf], who, registered)
    routes = routes_of(urlconf)
    if who != "staff":  # to others the admin is one page: its sign-in
        routes = [route for route in routes if not route.startswith("/admin/")] + ["/admin/"]
    for route in routes:
        likely = re.sub(r"<(?:\w+:)?(\w+)>", lambda found: scene.known.get(found[1], ["1"])[0], route)
        _answer, page = scene.answer(likely)
        fields = dict(_FIELD.findall(page.decode("utf-8", "replace"))[:40])

        send_odd_ones(scene, route, fields, f"{who} {route}")


def send_odd_ones(scene: Scene, route: str, fields: dict[str, str], name: str) -> None:
    """Send requests to a route; in an ordinary run the same each time, and others for each name."""
    plain = iter([True])

    # Hypothesis begins with the plainest request of all, which was sent before: the second one is an odd one.
    @trying(2)
    @given(filled(route, scene.known), requests(fields))
    def answered(address: str, request: dict[str, Any]) -> None:
        if not next(plain, False):
            scene.answer(address, **request)

    (answered if FACTOR > 1 else seed(crc32(name.encode()))(answered))()

"""Have a cache keep a document of the attacker's making: by headers, queries and methods that are not in its key."""

import json
from typing import Any

import pytest
from django.test import Client

from tests.provider.driver import ISSUER, ISSUER_HOST, Driver

DOCUMENTS = ["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server", "/.well-known/jwks.json"]
EVIL = "evil.example"
# Headers by which servers and proxies are known to have changed what they answer.
UNKEYED = [
    {"X-Forwarded-Host": EVIL},
    {"X-Forwarded-Proto": "https", "X-Forwarded-Port": "444"},
    {"X-Forwarded-Prefix": f"//{EVIL}", "X-Script-Name": f"//{EVIL}"},
    {"Forwarded": f"host={EVIL};proto=gopher"},
    {"X-Host": EVIL, "X-HTTP-Host-Override": EVIL, "X-Original-Host": EVIL},
    {"X-Original-URL": "/accounts/login/", "X-Rewrite-URL": "/accounts/login/"},
    {"Origin": f"https://{EVIL}", "Referer": f"https://{EVIL}/"},
    {"Accept-Language": "zh-CN", "Accept": "text/html", "Accept-Encoding": "identity"},
    {"Cookie": "sessionid=x; django_language=zh-hans", "Authorization": "Bearer x"},
    {"User-Agent": "<script>alert(1)</script>", "X-Request-Start": "inf"},
]


@pytest.fixture
def client(driver: Driver) -> Client:
    return Client(headers={"host": ISSUER_HOST})


def kept(answer: Any) -> tuple[int, bytes, dict[str, str]]:
    """Return what a cache would keep of an answer, but for the reference of the request."""
    own = {"x-request-id", "x-request-reference", "date", "server-timing"}
    return (
        answer.status_code,
        answer.content,
        {name: value for name, value in answer.headers.items() if name.lower() not in own},
    )


class TestDocumentPoisoning:
    @pytest.mark.parametrize("address", DOCUMENTS)
    def test_document_is_the_same_for_everybody(self, client: Client, address: str) -> None:
        right = kept(client.get(address))
        assert right[0] == 200
        assert "public" in right[2]["Cache-Control"]
        for headers in UNKEYED:
            assert kept(client.get(address, headers=headers)) == right, headers
        for query in (f"?issuer=https://{EVIL}", "?callback=alert", "?utm_source=x", f"?x=<script>{EVIL}"):
            assert kept(client.get(address + query)) == right, query

    @pytest.mark.parametrize("address", DOCUMENTS)
    def test_another_host_is_given_no_document_to_keep(self, client: Client, address: str) -> None:
        answer = client.get(address, headers={"host": EVIL})
        assert answer.status_code in {400, 404}
        assert "public" not in answer.headers.get("Cache-Control", "")

    @pytest.mark.parametrize("address", DOCUMENTS)
    @pytest.mark.parametrize("method", ["post", "put", "delete", "patch"])
    def test_refusal_of_a_method_is_not_kept_as_the_document(self, client: Client, address: str, method: str) -> None:
        answer = getattr(client, method)(address)
        assert answer.status_code == 405
        assert "public" not in answer.headers.get("Cache-Control", "")

    @pytest.mark.parametrize("address", DOCUMENTS)
    def test_document_carries_nobodys_cookie(self, driver: Driver, address: str) -> None:
        answer = driver.browser.get(address, headers={"Accept-Language": "zh-CN"})
        assert not answer.cookies
        assert "Set-Cookie" not in answer

    def test_path_that_only_begins_like_a_document_is_none(self, client: Client) -> None:
        """Web cache deception: a cache that goes by the end of a path would keep a page of somebody's."""
        for address in ("/o/profile/x.css", "/o/profile/;x.js", "/o/apps/%2e%2e/x.png", "/o/userinfo/x.json"):
            answer = client.get(address)
            assert answer.status_code in {302, 404}, address
            assert "public" not in answer.headers.get("Cache-Control", ""), address

    def test_page_of_a_person_is_kept_by_no_cache(self, driver: Driver) -> None:
        for address in ("/", "/o/profile/", "/o/apps/", "/o/sessions/", "/accounts/email/"):
            answer = driver.browser.get(address)
            assert answer.status_code == 200, address
            caching = answer.headers.get("Cache-Control", "")
            assert "no-store" in caching or "private" in caching or "Cookie" in answer.headers.get("Vary", ""), address

    def test_issuer_is_no_part_of_the_request(self, client: Client) -> None:
        for headers in UNKEYED:
            document = json.loads(client.get(DOCUMENTS[0], headers=headers).content)
            assert document["issuer"] == ISSUER
            assert EVIL not in json.dumps(document)

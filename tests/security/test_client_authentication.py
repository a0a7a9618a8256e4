"""Pass for a client without its secret, or by two ways at once (RFC 6749 2.3)."""

import base64
from typing import Any
from urllib.parse import quote

import pytest

from provider_site.services import secrets
from tests.provider.driver import Driver

FORM = "application/x-www-form-urlencoded"


def basic(text: str | bytes, scheme: str = "Basic") -> dict[str, str]:
    """Return an Authorization header of `text` as it stands."""
    raw = text if isinstance(text, bytes) else text.encode()
    return {"Authorization": f"{scheme} {base64.b64encode(raw).decode()}"}


def probe(driver: Driver, headers: dict[str, str], **form: str) -> int:
    """Ask for a refresh; return 401 for an unknown client, 400 for one that was recognised."""
    return driver.refresh("osrt_unknown", headers=headers, **form).status


class TestClientAuthentication:
    def test_right_secret_is_recognised_both_ways(self, driver: Driver) -> None:
        client_id = driver.application.client_id
        assert probe(driver, driver.basic()) == 400
        assert probe(driver, basic(f"{client_id}:{driver.secret}", "bAsIc")) == 400
        assert probe(driver, {}, client_id=client_id, client_secret=driver.secret) == 400

    @pytest.mark.parametrize("secret", ["", " ", "wrong", "None", "null", "\x00", "%00", "*", "' OR 1=1 --"])
    def test_wrong_secret_is_refused_both_ways(self, driver: Driver, secret: str) -> None:
        client_id = driver.application.client_id
        assert probe(driver, basic(f"{client_id}:{secret}")) == 401
        assert probe(driver, {}, client_id=client_id, client_secret=secret) in {400, 401}
        assert driver.redeem(driver.code(), headers={}, client_id=client_id, client_secret=secret).status in {400, 401}

    def test_stored_forms_of_the_secret_are_no_secret(self, driver: Driver) -> None:
        client_id = driver.application.client_id
        stored = [driver.application.client_secrets.get().digest, driver.application.client_secret]
        for text in stored:
            assert probe(driver, basic(f"{quote(client_id)}:{quote(text)}")) == 401

    def test_two_methods_at_once_are_refused(self, driver: Driver) -> None:
        for header in (driver.basic(), basic(f"{driver.application.client_id}:wrong")):
            form = {"grant_type": "refresh_token", "refresh_token": "x", "client_secret": driver.secret}
            answer = driver.token(headers=header, **form)
            assert (answer.status, answer.error) == (400, "invalid_request")

    def test_header_and_body_must_name_the_same_client(self, driver: Driver, attacker: Driver) -> None:
        assert probe(driver, attacker.basic(), client_id=driver.application.client_id) == 401
        code = driver.code()
        answer = driver.redeem(code, headers=attacker.basic(), client_id=driver.application.client_id)
        assert answer.status == 401
        assert driver.redeem(code).status == 200

    def test_secret_of_another_client_is_refused(self, driver: Driver, attacker: Driver) -> None:
        assert probe(driver, basic(f"{driver.application.client_id}:{attacker.secret}")) == 401

    def test_confidential_client_is_not_believed_by_its_name_alone(self, driver: Driver) -> None:
        assert driver.redeem(driver.code(), headers={}, client_id=driver.application.client_id).status == 401

    def test_public_client_has_no_secret_that_works(self, public: Driver) -> None:
        client_id = public.application.client_id
        for secret in ("", "anything", public.application.client_secret):
            assert probe(public, basic(f"{quote(client_id)}:{quote(secret)}")) == 401
        assert probe(public, {}, client_id=client_id, client_secret="anything") == 401

    def test_public_client_gets_no_token_of_its_own(self, public: Driver) -> None:
        answer = public.token(
            headers={}, grant_type="client_credentials", client_id=public.application.client_id, scope="openid"
        )
        assert answer.status in {400, 401}

    @pytest.mark.parametrize(
        "header",
        [
            {"Authorization": "Basic"},
            {"Authorization": "Basic !!!"},
            {"Authorization": "Basic " + "A" * 5000},
            {"Authorization": "Bearer x"},
            basic("without-a-colon"),
            basic(":"),
            basic(b"\xff\xfe:\xff"),
            basic("a\x00b:c"),
            basic("a%00b:c"),
            basic("a:b%00c"),
            basic("a%0ab:c"),
        ],
    )
    def test_malformed_header_is_a_401_that_names_basic(self, driver: Driver, header: dict[str, str]) -> None:
        answer = driver.refresh("x", headers=header)
        assert answer.status == 401
        assert answer.error == "invalid_client"
        assert answer.headers["WWW-Authenticate"].startswith("Basic ")

    @pytest.mark.parametrize("name", ["client_id", "client_secret", "grant_type", "code", "code_verifier", "scope"])
    def test_repeated_parameter_is_refused(self, driver: Driver, name: str) -> None:
        body = f"grant_type=refresh_token&refresh_token=x&{name}=a&{name}=b"
        answer = driver.backchannel.post("/o/token/", body, content_type=FORM, headers=driver.basic())
        assert answer.status_code == 400
        assert answer.json()["error"] == "invalid_request"

    @pytest.mark.parametrize("kind", ["application/json", "multipart/form-data; boundary=x", "text/plain", ""])
    def test_other_content_types_are_refused(self, driver: Driver, kind: str) -> None:
        answer = driver.backchannel.post(
            "/o/token/", b'{"grant_type": "client_credentials"}', content_type=kind, headers=driver.basic()
        )
        assert answer.status_code == 400
        assert answer.json()["error"] == "invalid_request"

    @pytest.mark.parametrize("endpoint", ["/o/token/", "/o/revoke_token/"])
    def test_parameters_in_the_address_are_refused(self, driver: Driver, endpoint: str) -> None:
        client_id = driver.application.client_id
        for query in (f"client_id={client_id}&client_secret={driver.secret}", "x=%zz", "token=x"):
            answer = driver.backchannel.post(
                f"{endpoint}?{query}", "token=x&grant_type=refresh_token", content_type=FORM
            )
            assert answer.status_code == 400

    @pytest.mark.parametrize(
        "name", ["user", "client", "scopes", "_code_record", "refresh_token_record", "authorization_context"]
    )
    def test_parameter_named_like_our_own_state_changes_nothing(self, driver: Driver, name: str) -> None:
        """Oauthlib answers unknown attributes of its request with the parameter of that name."""
        answer = driver.redeem(driver.code(), **{name: "1"})
        assert answer.status == 200
        assert driver.refresh(answer.refresh, **{name: "1"}).status == 200

    @pytest.mark.parametrize("grant_type", ["password", "implicit", "openid", "urn:x", "device_code"])
    def test_grant_that_is_gone_is_refused(self, driver: Driver, user: Any, grant_type: str) -> None:
        answer = driver.token(grant_type=grant_type, username=user.username, password="x", code=driver.code())
        assert answer.error == "unsupported_grant_type"

    @pytest.mark.parametrize("response_type", ["token", "id_token", "id_token token", "code token", "code id_token"])
    def test_response_type_that_is_gone_gives_nothing(self, driver: Driver, response_type: str) -> None:
        answer = driver.authorize(response_type=response_type)
        assert "error=" in answer["Location"]
        assert "#" not in answer["Location"]

    def test_deleting_a_secret_revokes_it(self, driver: Driver) -> None:
        driver.application.client_secrets.all().delete()
        assert probe(driver, driver.basic()) == 401

    def test_deleting_a_secret_taken_over_from_dot_revokes_it(self, driver: Driver) -> None:
        """The hash it came from must not come back into force."""
        from django.contrib.auth.hashers import make_password

        text = "A1" * 64
        driver.application.client_secrets.all().delete()
        type(driver.application).objects.update(client_secret=make_password(text))
        header = basic(f"{driver.application.client_id}:{text}")
        assert probe(driver, header) == 400
        assert driver.application.client_secrets.count() == 1
        driver.application.client_secrets.all().delete()
        assert probe(driver, header) == 401

    def test_nul_in_a_client_name_asks_no_database(self, driver: Driver, django_assert_num_queries: Any) -> None:
        """PostgreSQL would answer by an exception."""
        with django_assert_num_queries(0):
            assert probe(driver, basic("a%00b:c")) == 401
        with django_assert_num_queries(0):
            assert driver.backchannel.get("/o/authorize/", {"client_id": "a\x00b"}).status_code == 400

    def test_short_secret_cannot_be_brought_along(self, driver: Driver) -> None:
        with pytest.raises(ValueError, match="32"):
            secrets.issue_secret(application=driver.application, text="short")

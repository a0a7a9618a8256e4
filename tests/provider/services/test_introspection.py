"""What is told about a token, below HTTP."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from oauth2_provider.models import get_access_token_model

from provider_site import crypto
from provider_site.models import Consent, Registration
from provider_site.policy import introspection as policy
from provider_site.services import introspection, token_subjects
from provider_site.storage import credentials
from tests import factories
from tests.provider.driver import Driver

INACTIVE = {"active": False}
END = timezone.now()


def found(**changes: Any) -> policy.Found:
    facts: dict[str, Any] = {
        "row": None,
        "authorization": None,
        "holds": True,
        "names": ("openid", "nickname"),
        "expires_at": END,
        "audience": (),
        "is_access_token": True,
    }
    return policy.Found(**(facts | changes))


def shown(token: policy.Found, **server: Any) -> policy.Shown | None:
    facts: dict[str, Any] = {"identifier": "https://a.example", "scopes": frozenset(), "refresh_tokens": False}
    return policy.to_resource_server(token, **(facts | server))


class TestPolicy:
    def test_its_own_client_is_told_all(self) -> None:
        told = policy.to_its_client(found(audience=("https://b.example",), is_access_token=False))
        assert (told.scopes, told.audience) == ({"openid", "nickname"}, ["https://b.example"])

    @pytest.mark.parametrize(
        ("audience", "scopes", "told"),
        [
            ((), set(), None),
            ((), {"email"}, None),
            ((), {"nickname", "email"}, {"nickname"}),
            (("https://a.example",), set(), {"openid", "nickname"}),
            (("https://a.example",), {"nickname"}, {"nickname"}),
            (("https://a.example",), {"email"}, set()),
            (("https://a.example", "https://b.example"), {"nickname"}, {"nickname"}),
            (("https://b.example",), {"nickname"}, None),
            (("https://a.example/",), {"nickname"}, None),
        ],
    )
    def test_resource_server_is_told_of_what_is_for_it(
        self, audience: tuple[str, ...], scopes: set[str], told: set[str] | None
    ) -> None:
        answer = shown(found(audience=audience), scopes=frozenset(scopes))
        assert (None if answer is None else answer.scopes) == told

    def test_nameless_resource_server_is_in_no_audience(self) -> None:
        assert shown(found(audience=("https://b.example",)), identifier="", scopes=frozenset({"nickname"})) is None

    def test_refresh_token_takes_a_permission(self) -> None:
        token, scopes = found(is_access_token=False), frozenset({"nickname"})
        assert shown(token, scopes=scopes) is None
        assert shown(token, scopes=scopes, refresh_tokens=True) is not None


class TestTokens:
    def test_token_of_a_machine_that_was_suspended_since_is_inactive(self, db: None) -> None:
        machine = factories.make_application(authorization_grant_type="client-credentials", scopes={"nickname": False})
        token = Driver(machine).token(grant_type="client_credentials", scope="nickname").access
        assert introspection.introspect(application=machine.application, token=token)["active"]
        Registration.objects.filter(application=machine.application).update(tokens_not_before=timezone.now())
        assert introspection.introspect(application=machine.application, token=token) == INACTIVE

    def test_token_ends_at_the_second_it_says(self, driver: Driver) -> None:
        token = driver.tokens().access
        end = introspection.introspect(application=driver.application, token=token)["exp"]
        assert end == int(get_access_token_model().objects.get().expires.timestamp())
        get_access_token_model().objects.update(expires=timezone.now())
        assert introspection.introspect(application=driver.application, token=token) == INACTIVE

    def test_refresh_token_ends_with_the_consent(self, driver: Driver) -> None:
        token, end = driver.tokens().refresh, timezone.now() + timedelta(hours=1)
        Consent.objects.update(terms={}, ends_at=end)
        answer = introspection.introspect(application=driver.application, token=token)
        assert answer["exp"] == int(end.timestamp())

    def test_token_of_stock_dot_is_told_of_too(self, driver: Driver, user: Any) -> None:
        """Issued before the application was taken over."""
        past = timezone.now() - timedelta(days=1)
        Registration.objects.filter(application=driver.application).update(taken_over_at=timezone.now())
        model = get_access_token_model()
        row = model.objects.create(
            user=user,
            application=driver.application,
            token="",
            token_checksum=crypto.digest("stock"),
            scope="openid nickname",
            expires=timezone.now() + timedelta(hours=1),
        )
        model.objects.filter(pk=row.pk).update(created=past)
        answer = introspection.introspect(application=driver.application, token="stock")
        assert (answer["active"], answer["scope"]) == (True, "openid nickname")
        assert "auth_time" not in answer


class TestTexts:
    @pytest.mark.parametrize("text", ["", "..", "a.b.c", "a.W10.c", "a.bnVsbA.c", "a." + "A" * 9999 + ".c", "a.\x00.c"])
    def test_what_is_no_jwt_says_nothing(self, text: str) -> None:
        assert credentials.claims(text) == {}
        assert credentials.authorization_id(text) is None

    def test_deeply_nested_json_says_nothing(self) -> None:
        import base64

        payload = base64.urlsafe_b64encode(b"[" * 100_000).decode()
        assert credentials.claims(f"a.{payload}.c") == {}

    def test_both_kinds_of_text_name_the_same_family(self, driver: Driver) -> None:
        opaque = driver.tokens()
        family = credentials.authorization_id(opaque.access)
        Registration.objects.filter(application=driver.application).update(access_token_format="jwt")
        assert family is not None
        assert credentials.authorization_id(driver.refresh(opaque.refresh).access) == family


class TestSubjects:
    def test_clients_name_stands_for_it_unless_a_person_has_it(self, user: Any) -> None:
        from provider_site.services.profiles import get_profile

        subject = get_profile(user=user).subject
        assert token_subjects.of_client(client_id="an-app") == "an-app"
        assert token_subjects.of_client(client_id=str(uuid.uuid4())).count(":") == 0
        assert token_subjects.of_client(client_id=subject) == f"client:{subject}"
        assert token_subjects.of_client(client_id=str(user.pk)) == f"client:{user.pk}"

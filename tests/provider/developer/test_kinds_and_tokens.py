"""Developers register devices, say where their application is called, and choose how its tokens are made."""

from typing import Any

import pytest
from django.test import Client

from provider_site.models import AuditEvent, Registration, Review
from provider_site.policy import grants
from provider_site.services import reviews
from tests import factories
from tests.provider.developer.browsers import nobody, signed_in
from tests.provider.developer.pages import change, register

CALLED = {
    "events_url": "https://app.example.com/events",
    "backchannel_logout_uri": "https://app.example.com/logout?by=server",
    "frontchannel_logout_uri": "https://app.example.com/logged-out",
    "initiate_login_uri": "https://app.example.com/begin",
}


@pytest.fixture
def developer(user: Any, settings: Any) -> Client:
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"WHO_MAY_REGISTER": "everyone"}
    return signed_in(user)


def row() -> Registration:
    return Registration.objects.get()


def text(answer: Any) -> str:
    return str(answer.content.decode())


class TestDevice:
    def test_needs_no_redirect_uri_and_gets_no_secret(self, developer: Client) -> None:
        answer = register(developer, client_type="device", redirect_uris="")
        assert answer.status_code == 302
        application = row().application
        assert (application.authorization_grant_type, application.client_type) == (grants.DEVICE_CODE, "public")
        assert application.redirect_uris == ""
        page = text(developer.get(answer["Location"]))
        assert "device_authorization_endpoint" in page
        assert "authorization_endpoint</code>" in page
        assert "<code>authorization_endpoint</code>" not in page

    def test_is_submitted_and_edited_without_one(self, developer: Client, user: Any) -> None:
        register(developer, client_type="device", redirect_uris="")
        application = row().application
        reviews.submit(application=application, actor=user)
        assert row().status == "submitted"
        assert change(developer, application, redirect_uris="", name="Other").status_code == 302
        application.refresh_from_db()
        assert application.name == "Other"

    def test_is_tried_from_a_command_line_alone(self, developer: Client) -> None:
        register(developer, client_type="device", redirect_uris="")
        address = f"/o/developer/{row().application_id}/try/"
        page = text(developer.get(address))
        assert "no browser of its own" in page
        assert '<button type="submit" class="button button-primary">' not in page
        assert developer.post(address, {"scope": "openid"}).status_code == 409

    @pytest.mark.parametrize("kind", ["confidential", "public"])
    def test_everything_else_needs_a_redirect_uri(self, developer: Client, kind: str) -> None:
        answer = register(developer, client_type=kind, redirect_uris="")
        assert answer.status_code == 400
        assert "needs a redirect URI" in str(answer.context["form"].errors["redirect_uris"])
        assert not Registration.objects.exists()


class TestCalledAddresses:
    def test_are_registered_shown_and_a_link_begins_a_sign_in(self, developer: Client) -> None:
        assert register(developer, **CALLED).status_code == 201
        for name, address in CALLED.items():
            assert getattr(row(), name) == address
            assert address in text(developer.get(f"/o/developer/{row().application_id}/"))
        page = text(developer.get(f"/o/developer/{row().application_id}/"))
        assert 'href="https://app.example.com/begin?iss=http%3A%2F%2Flocalhost' in page

    @pytest.mark.parametrize(
        ("field", "address", "says"),
        [
            ("backchannel_logout_uri", "http://app.example.com/logout", "public https:// addresses alone"),
            ("backchannel_logout_uri", "https://10.0.0.1/logout", "public https:// addresses alone"),
            ("backchannel_logout_uri", "https://app.example.com/#x", "Leave out the fragment"),
            (
                "frontchannel_logout_uri",
                "https://other.example.com/out",
                "scheme, host and port of one",
            ),
            ("frontchannel_logout_uri", "https://app.example.com:8443/out", "scheme, host and port of one"),
            ("frontchannel_logout_uri", "http://app.example.com/out", "http is only for the loopback address"),
            ("frontchannel_logout_uri", "https://app.example.com/out?sid=1", "parameters that we add"),
            ("initiate_login_uri", "http://app.example.com/begin", "Use an https:// address."),
            ("initiate_login_uri", "https://evil.example.net/begin", "on the host of a redirect URI or of the home"),
            ("initiate_login_uri", "https://app.example.com/begin?iss=https://evil.example", "parameters that we add"),
            ("initiate_login_uri", "https://app.example.com@evil.example/begin", "may lead elsewhere than it looks"),
        ],
    )
    def test_what_is_refused_says_what_to_do(self, developer: Client, field: str, address: str, says: str) -> None:
        answer = register(developer, **{field: address})
        assert answer.status_code == 400
        assert says in str(answer.context["form"].errors[field])
        assert list(answer.context["form"].errors) == [field]
        assert not Registration.objects.exists()
        assert '<details class="dev-more" open>' in text(answer)

    def test_of_an_approved_application_wait_for_review_and_go_at_once(self, developer: Client) -> None:
        register(developer, **CALLED)
        application = row().application
        reviews.approve(application=application, actor=None)
        given = CALLED | {"backchannel_logout_uri": "https://app.example.com/other"}
        assert change(developer, application, **given).status_code == 302
        assert row().backchannel_logout_uri == CALLED["backchannel_logout_uri"]
        assert Review.objects.filter(is_change=True, decided_at=None).count() == 1
        assert "Back-channel logout URI" in text(developer.get(f"/o/developer/{application.pk}/"))
        developer.post(f"/o/developer/{application.pk}/withdraw/")
        assert change(developer, application, **CALLED | {"initiate_login_uri": ""}).status_code == 302
        assert row().initiate_login_uri == ""
        assert row().backchannel_logout_uri == CALLED["backchannel_logout_uri"]
        assert not Review.objects.filter(is_change=True, decided_at=None).exists()

    def test_front_channel_goes_with_the_redirect_uri_it_is_beside(self, developer: Client) -> None:
        register(developer, **CALLED)
        moved = {"redirect_uris": "https://new.example.com/callback", "initiate_login_uri": ""}
        answer = change(developer, row().application, **CALLED | moved)
        assert answer.status_code == 400
        assert list(answer.context["form"].errors) == ["frontchannel_logout_uri"]
        gone = CALLED | moved | {"frontchannel_logout_uri": ""}
        assert change(developer, row().application, **gone).status_code == 302


class TestTokens:
    @pytest.fixture
    def page(self, user: Any) -> str:
        application = factories.make_application(user).application
        return f"/o/developer/{application.pk}/tokens/"

    def test_are_chosen_without_a_review_and_traced(self, developer: Client, page: str, user: Any) -> None:
        assert "up to five minutes" in text(developer.get(page))
        answer = developer.post(page, {"access_token_format": "jwt", "id_token_alg": "ES256"})
        assert (answer.status_code, answer["Location"]) == (303, page.removesuffix("tokens/"))
        assert (row().access_token_format, row().id_token_alg, row().status) == ("jwt", "ES256", "approved")
        event = AuditEvent.objects.get(action="application.changed")
        assert (event.actor, event.data["fields"]) == (user, ["id_token_alg", "access_token_format"])
        assert [(one["before"], one["after"]) for one in event.data["changes"]] == [
            ("RS256", "ES256"),
            ("opaque", "jwt"),
        ]
        overview = text(developer.get(page.removesuffix("tokens/")))
        assert "JWT (RFC 9068)" in overview
        assert "ES256" in overview

    def test_unchanged_leave_no_trace(self, developer: Client, page: str) -> None:
        assert developer.post(page, {"access_token_format": "opaque", "id_token_alg": "RS256"}).status_code == 303
        assert not AuditEvent.objects.filter(action="application.changed").exists()

    @pytest.mark.parametrize(
        "sent",
        [
            {},
            {"access_token_format": "jwt"},
            {"access_token_format": "jwt", "id_token_alg": "none"},
            {"access_token_format": "jwt", "id_token_alg": "HS256"},
            {"access_token_format": "clear", "id_token_alg": "RS256"},
        ],
        ids=str,
    )
    def test_of_no_known_kind_are_refused(self, developer: Client, page: str, sent: dict[str, str]) -> None:
        assert developer.post(page, sent).status_code == 400
        assert (row().access_token_format, row().id_token_alg) == ("opaque", "RS256")

    def test_site_offers_only_algorithms_it_signs_with(self, developer: Client, page: str, settings: Any) -> None:
        settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"SIGNING_ALGORITHMS": ["RS256", "ES256"]}
        assert "EdDSA" not in text(developer.get(page))
        assert developer.post(page, {"access_token_format": "jwt", "id_token_alg": "EdDSA"}).status_code == 400
        Registration.objects.update(id_token_alg="EdDSA")
        assert "EdDSA" in text(developer.get(page))
        assert developer.post(page, {"access_token_format": "jwt", "id_token_alg": "EdDSA"}).status_code == 303

    def test_machine_has_no_id_tokens(self, developer: Client, user: Any) -> None:
        machine = factories.make_application(
            user, redirect_uris=[], scopes={}, authorization_grant_type=grants.CLIENT_CREDENTIALS
        ).application
        page = f"/o/developer/{machine.pk}/tokens/"
        assert "id_token_alg" not in text(developer.get(page))
        assert developer.post(page, {"access_token_format": "jwt", "id_token_alg": "ES256"}).status_code == 303
        assert (row().access_token_format, row().id_token_alg) == ("jwt", "RS256")

    def test_of_a_suspended_application_stay(self, developer: Client, page: str, user: Any) -> None:
        reviews.suspend(application=row().application, actor=None, reason="Spam.")
        assert developer.get(page).status_code == 409
        assert developer.post(page, {"access_token_format": "jwt", "id_token_alg": "RS256"}).status_code == 409
        assert row().access_token_format == "opaque"

    def test_are_the_owners_alone(self, page: str, other_user: Any) -> None:
        sent = {"access_token_format": "jwt", "id_token_alg": "RS256"}
        assert signed_in(other_user).post(page, sent).status_code == 404
        assert nobody().post(page, sent).status_code == 302
        assert row().access_token_format == "opaque"

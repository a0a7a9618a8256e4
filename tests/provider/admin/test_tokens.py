"""Tokens, consents, profiles, keys and deliveries in the admin: found, never shown in text, acted on by permission."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone
from oauth2_provider.models import get_access_token_model, get_grant_model, get_id_token_model, get_refresh_token_model

from provider_site import crypto
from provider_site.admin.bounded import AtLeast, BoundedPaginator
from provider_site.models import AuditEvent, Consent, OutboxMessage, Profile, SigningKey
from tests import factories
from tests.provider.admin import crowd
from tests.provider.admin.office import as_html, enter, page_of
from tests.provider.driver import Driver, Tokens

AccessToken, RefreshToken = get_access_token_model(), get_refresh_token_model()
Grant, IDToken = get_grant_model(), get_id_token_model()


@pytest.fixture
def office(staff: Any) -> Client:
    """Return a superuser's browser."""
    return enter(staff)


@pytest.fixture
def tokens(driver: Driver) -> Tokens:
    """Return a person's tokens at an application."""
    return driver.tokens()


def clerk(*codenames: str) -> Client:
    """Return the browser of a member of staff with these permissions."""
    person = factories.make_user(is_staff=True)
    person.user_permissions.add(*Permission.objects.filter(codename__in=codenames))
    return enter(person)


def act(browser: Client, model: Any, action: str, *rows: Any) -> Any:
    """Run an action on rows of a list."""
    return browser.post(page_of(model), {"action": action, "_selected_action": [row.pk for row in rows], "index": "0"})


def found(browser: Client, model: Any, **query: Any) -> list[Any]:
    """Return what a list shows."""
    answer = browser.get(page_of(model), query)
    as_html(answer)
    return list(answer.context["cl"].queryset)


class TestTokens:
    @pytest.mark.parametrize("model", [AccessToken, RefreshToken])
    def test_pages_show_neither_text_nor_digest(
        self, driver: Driver, tokens: Tokens, office: Client, model: Any
    ) -> None:
        row = model.objects.get()
        text = as_html(office.get(page_of(model))) + as_html(office.get(page_of(model, row.pk, "change")))
        assert driver.application.name in text
        for secret in (tokens.access, tokens.refresh):
            assert secret not in text
            assert crypto.digest(secret) not in text
            assert secret[-4:] not in text.partition('id="result_list"')[2].partition("</table>")[0]

    @pytest.mark.parametrize("model", [AccessToken, RefreshToken, Consent])
    def test_search_finds_by_exact_client_or_person(
        self, driver: Driver, tokens: Tokens, office: Client, model: Any
    ) -> None:
        row = model.objects.get()
        for query in (
            {"q": driver.application.client_id},
            {"q": " ada "},
            {"application__id__exact": str(driver.application.pk)},
            {"user__id__exact": str(row.user_id)},
        ):
            assert found(office, model, **query) == [row]
        for word in (tokens.access, crypto.digest(tokens.access)):
            assert found(office, model, q=word) == []
        for beginning in ("ad", driver.application.client_id[:-1]):
            assert found(office, model, q=beginning) == ([row] if model is Consent else [])

    def test_token_is_no_lookup(self, tokens: Tokens, office: Client) -> None:
        for lookup in ("token_checksum__startswith", "token", "user__password__startswith", "scope__contains"):
            assert office.get(page_of(AccessToken), {lookup: "a"}).status_code == 400

    @pytest.mark.parametrize("model", [AccessToken, RefreshToken])
    def test_revoking_kills_the_family_and_leaves_a_trace(
        self, driver: Driver, tokens: Tokens, office: Client, staff: Any, model: Any
    ) -> None:
        assert act(office, model, "revoke", model.objects.get()).status_code == 302
        bearer = {"Authorization": f"Bearer {tokens.access}"}
        assert driver.backchannel.get("/o/userinfo/", headers=bearer).status_code == 401
        assert driver.refresh(tokens.refresh).error == "invalid_grant"
        event = AuditEvent.objects.get(action="token.revoked")
        assert (event.actor, event.client_id) == (staff, driver.application.client_id)

    def test_token_of_stock_dot_is_revoked_with_its_refresh_token(
        self, application: Any, user: Any, office: Client
    ) -> None:
        access = AccessToken.objects.create(user=user, application=application, token="a" * 40, expires=timezone.now())
        RefreshToken.objects.create(user=user, application=application, token="r" * 40, access_token=access)
        act(office, AccessToken, "revoke", access)
        assert not AccessToken.objects.exists()
        assert RefreshToken.objects.get().revoked is not None

    def test_revoking_is_a_permission_beyond_seeing(self, tokens: Tokens) -> None:
        row = AccessToken.objects.get()
        seeing = clerk("view_accesstoken")
        assert "Revoke, with all" not in as_html(seeing.get(page_of(AccessToken)))
        act(seeing, AccessToken, "revoke", row)
        assert AccessToken.objects.filter(pk=row.pk).exists()
        revoking = clerk("view_accesstoken", "delete_accesstoken")
        assert "Delete selected" not in as_html(revoking.get(page_of(AccessToken)))
        act(revoking, AccessToken, "revoke", row)
        assert not AccessToken.objects.filter(pk=row.pk).exists()

    @pytest.mark.parametrize("model", [AccessToken, RefreshToken, Grant, IDToken])
    def test_nothing_is_added_changed_or_just_deleted(self, tokens: Tokens, office: Client, model: Any) -> None:
        row = model.objects.first()
        assert office.get(page_of(model, "add")).status_code == 403
        if row is not None:
            for part in ("change", "delete"):
                assert office.post(page_of(model, row.pk, part), {"post": "yes"}).status_code == 403


class TestOthers:
    def test_profile_is_found_by_sub_or_person(self, tokens: Tokens, office: Client, user: Any) -> None:
        profile = Profile.objects.get(user=user)
        for word in (profile.subject, "ada"):
            assert found(office, Profile, q=word) == [profile]
        assert found(office, Profile, q=profile.subject[:-1]) == []

    def test_rotating_keys_is_a_permission_beyond_seeing(self, tokens: Tokens) -> None:
        following = SigningKey.objects.filter(status="next")
        clerk("view_signingkey").post(page_of(SigningKey, "rotate"))
        assert not following.exists()
        clerk("view_signingkey", "rotate_signingkey").post(page_of(SigningKey, "rotate"))
        assert following.exists()

    def test_trying_again_is_a_permission_beyond_seeing(self, db: None) -> None:
        now = timezone.now()
        dead = OutboxMessage.objects.create(kind="x", payload={}, next_attempt_at=now, dead_at=now, attempts=8)
        act(clerk("view_outboxmessage"), OutboxMessage, "try_again", dead)
        dead.refresh_from_db()
        assert dead.dead_at is not None
        act(clerk("view_outboxmessage", "change_outboxmessage"), OutboxMessage, "try_again", dead)
        dead.refresh_from_db()
        assert (dead.dead_at, dead.attempts) == (None, 0)

    def test_deliveries_are_filtered_by_state(self, office: Client) -> None:
        OutboxMessage.objects.all().delete()  # the sign-in may have left some
        now = timezone.now()
        known = {"kind": "consent-given-mail", "payload": {}, "next_attempt_at": now}
        rows = {
            "waiting": OutboxMessage.objects.create(**known),
            "dead": OutboxMessage.objects.create(**known, dead_at=now),
            "delivered": OutboxMessage.objects.create(**known, delivered_at=now),
        }
        for state, row in rows.items():
            assert found(office, OutboxMessage, state=state) == [row]
        assert len(found(office, OutboxMessage, kind="consent-given-mail")) == 3
        assert found(office, OutboxMessage, kind="none") == []


class TestBoundedPaginator:
    @pytest.fixture
    def pages(self, user: Any, application: Any) -> type[BoundedPaginator]:
        """Return a paginator that counts to 20, before 30 rows."""
        crowd.access_tokens(count=30, user=str(user.pk), application=str(application.pk))
        return type("Small", (BoundedPaginator,), {"bound": 20})

    def test_counts_to_its_bound_and_says_so(self, pages: Any) -> None:
        paginator = pages(AccessToken.objects.order_by("-pk"), 8)
        assert paginator.count == 20
        assert str(paginator.count) == "20+"
        assert paginator.num_pages == 3
        assert [len(page) for page in paginator] == [8, 8, 4]

    def test_counts_exactly_below(self, pages: Any) -> None:
        keys = list(AccessToken.objects.order_by("-pk").values_list("pk", flat=True)[:20])
        assert str(pages(AccessToken.objects.filter(pk__in=keys).order_by("pk"), 8).count) == "20"
        assert pages(["a", "b"], 8).count == 2
        assert str(AtLeast(1000)) == "1,000+"

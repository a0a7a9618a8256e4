"""Who may do what in the admin: every role and every action, tried through HTTP and looked up in the database."""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.test import Client
from django.utils import timezone
from oauth2_provider.models import get_access_token_model, get_application_model

from provider_site.models import (
    AuditEvent,
    ClientSecret,
    Consent,
    Member,
    OutboxMessage,
    Profile,
    Registration,
    ResourceServer,
    Review,
    SigningKey,
)
from provider_site.services import first_party, reviews, roles
from provider_site.services.profiles import get_profile
from tests import factories
from tests.provider.admin import crowd, registrations
from tests.provider.admin.office import enter, page_of
from tests.provider.driver import ISSUER_HOST, plant_signing_key

ROLES = ("anonymous", "person", "staff", "reviewer", "operator", "auditor", "superuser", "owner_reviewer")
GROUPS = {
    "reviewer": roles.REVIEWERS,
    "owner_reviewer": roles.REVIEWERS,
    "operator": roles.OPERATORS,
    "auditor": roles.AUDITORS,
}


@dataclass
class World:
    """One application in each state, and what hangs on them."""

    me: Any
    owner: Any
    browser: Client

    def __post_init__(self) -> None:
        self.draft = registrations.draft(self.owner)
        self.submitted = registrations.submitted(self.owner)
        self.approved = registrations.approved(self.owner)
        self.changing = registrations.changing(self.owner)
        self.suspended = registrations.suspended(self.owner)
        plant_signing_key()
        self.member = Member.objects.create(application=self.approved, invited_as="grace", role="tester")
        OutboxMessage.objects.all().delete()
        now = timezone.now()
        self.dead = OutboxMessage.objects.create(kind="gone", payload={}, dead_at=now, next_attempt_at=now)
        crowd.access_tokens(count=1, user=str(self.owner.pk), application=str(self.approved.pk))
        self.token = get_access_token_model().objects.get(application=self.approved)
        self.consent = Consent.objects.create(user=self.owner, application=self.approved, scope="openid", given_at=now)
        self.profile = get_profile(user=self.owner)

    def sees(self, address: str) -> bool:
        """Tell whether there is such a page for me."""
        return bool(self.browser.get(address).status_code == 200)

    def post(self, address: str, **fields: Any) -> Any:
        return self.browser.post(address, fields)

    def step(self, application: Any, step: str) -> str:
        """Take a step on its own page; return where the application is then."""
        seen = registrations_digest(application)
        self.post(page_of(Application(), application.pk, "step", step), reason="Because.", seen=seen)
        return registrations.status(application)

    def decide(self, application: Any, decision: str) -> str:
        """Answer the request that waits; return how it ended."""
        review = registrations.waiting(application)
        address = page_of(Review, review.pk, "change")
        self.post(address, decision=decision, reason="Because.", seen=registrations_digest(application))
        review.refresh_from_db()
        return review.decision

    def bulk(self, model: Any, action: str, row: Any, application: Any) -> str:
        """Take an action from the list, and confirm it; return where the application is then."""
        fields = {"action": action, "_selected_action": str(row.pk), "confirm": "1", "reason": "Because."}
        self.post(page_of(model), **fields, **{f"seen-{row.pk}": registrations_digest(application)})
        return registrations.status(application)

    def change(self, application: Any, **fields: Any) -> None:
        form = registrations.change_form(application, **fields)
        self.browser.post(page_of(Application(), application.pk, "change"), form)

    def add(self, owner: Any, **fields: Any) -> str:
        """Register an application; return its state, empty where it was refused."""
        self.browser.post(page_of(Application(), "add"), registrations.add_form(owner, **fields))
        row = Registration.objects.filter(application__name="New").first()
        return row.status if row is not None else ""


def Application() -> Any:  # noqa: N802 - a model, found when the apps are loaded
    """Return DOT's model."""
    return get_application_model()


def registrations_digest(application: Any) -> str:
    from provider_site.policy.facts import digest

    return digest(*reviews.compared(application=application))


def adds(world: World, **fields: Any) -> str:
    return world.add(world.owner, **fields)


def changes_name(world: World, application: Any) -> bool:
    world.change(application, name="Renamed")
    application.refresh_from_db()
    return bool(application.name == "Renamed")


def waives_pkce(world: World) -> bool:
    world.change(world.approved, **{"registration-0-pkce_waived": "on"})
    return Registration.objects.get(application=world.approved).pkce_waived


def deletes(world: World) -> bool:
    world.post(page_of(Application(), world.approved.pk, "delete"), post="yes")
    return not Application().objects.filter(pk=world.approved.pk).exists()


def deletes_many(world: World) -> bool:
    fields = {"action": "delete_selected", "_selected_action": str(world.approved.pk), "post": "yes"}
    world.post(page_of(Application()), **fields)
    return not Application().objects.filter(pk=world.approved.pk).exists()


def secret_page(world: World, *parts: Any) -> str:
    return page_of(Application(), world.approved.pk, "secret", *parts)


def issues_secret(world: World) -> bool:
    answer = world.post(secret_page(world), name="More", days="90")
    shown = "oscs_" in answer.content.decode()
    assert shown == (ClientSecret.objects.filter(application=world.approved).count() == 2)
    return shown


def rotates_secrets(world: World) -> bool:
    answer = world.post(secret_page(world, "rotate"), name="More", days="90", overlap="0")
    ended = ClientSecret.objects.filter(application=world.approved, expires_at__lte=timezone.now()).count() == 1
    assert ended == ("oscs_" in answer.content.decode())
    return ended


def revokes_secret(world: World) -> bool:
    secret = ClientSecret.objects.get(application=world.approved)
    world.post(secret_page(world, secret.pk, "revoke"))
    secret.refresh_from_db()
    return secret.revoked_at is not None


def exports(world: World) -> bool:
    answer = world.post(page_of(AuditEvent, "export"), format="jsonl")
    return answer.status_code == 200 and world.approved.client_id in b"".join(answer.streaming_content).decode()


def rotates_keys(world: World) -> bool:
    before = SigningKey.objects.count()
    world.post(page_of(SigningKey, "rotate"))
    return SigningKey.objects.count() > before


def retries(world: World) -> bool:
    world.post(page_of(OutboxMessage), action="try_again", _selected_action=str(world.dead.pk))
    world.dead.refresh_from_db()
    return world.dead.dead_at is None


def revokes_token(world: World) -> bool:
    model = get_access_token_model()
    world.post(page_of(model), action="revoke", _selected_action=str(world.token.pk))
    return not model.objects.filter(pk=world.token.pk).exists()


def decides_not_to_ask(world: World) -> bool:
    world.post(page_of(Application(), world.approved.pk, "first-party", "on"), reason="It is ours.")
    return Registration.objects.get(application=world.approved).first_party


def has_people_asked_again(world: World) -> bool:
    first_party.set_first_party(application=world.approved, actor=None, value=True, reason="It is ours.")
    world.post(page_of(Application(), world.approved.pk, "first-party", "off"))
    return not Registration.objects.get(application=world.approved).first_party


def bounds_consents(world: World) -> bool:
    world.change(world.approved, **{"registration-0-max_consent_days": "30"})
    return Registration.objects.get(application=world.approved).max_consent_days == 30


def ends_consent(world: World) -> bool:
    world.post(page_of(Consent, world.consent.pk, "end"), reason="They asked us to.")
    world.consent.refresh_from_db()
    return world.consent.closed_at is not None


def slips_in(world: World) -> bool:
    """Tell whether the decision comes along with a form that does not show it."""
    world.change(world.draft, **{"registration-0-first_party": "on", "first_party": "on"})
    return Registration.objects.get(application=world.draft).first_party


def removes_member(world: World) -> bool:
    world.post(page_of(Member, world.member.pk, "delete"), post="yes")
    return not Member.objects.filter(pk=world.member.pk).exists()


def lets_a_resource_server_learn(world: World) -> bool:
    world.post(page_of(ResourceServer, "add"), application=str(world.approved.pk), identifier="", scope=["nickname"])
    return ResourceServer.objects.filter(application=world.approved).exists()


REVIEWER = {"reviewer", "superuser"}
OPERATOR = {"operator", "superuser"}
SUSPENDER = {"reviewer", "operator", "superuser"}
VIEWER = {"reviewer", "operator", "auditor", "superuser", "owner_reviewer"}

Try = Callable[[World], bool]

# What is tried, and who succeeds; everybody else of ROLES is refused. An owner_reviewer owns every application here.
MATRIX: list[tuple[str, Try, set[str]]] = [
    ("see the list", lambda w: w.sees(page_of(Application())), VIEWER),
    ("see an application", lambda w: w.sees(page_of(Application(), w.approved.pk, "change")), VIEWER),
    ("see the queue", lambda w: w.sees(page_of(Review)), VIEWER),
    ("see a request", lambda w: w.sees(page_of(Review, registrations.waiting(w.changing).pk, "change")), VIEWER),
    ("see the members", lambda w: w.sees(page_of(Member)), VIEWER),
    ("see the audit trail", lambda w: w.sees(page_of(AuditEvent)), VIEWER),
    ("see the tokens", lambda w: w.sees(page_of(get_access_token_model())), {"operator", "auditor", "superuser"}),
    ("see the keys", lambda w: w.sees(page_of(SigningKey)), {"operator", "auditor", "superuser"}),
    ("see the outbox", lambda w: w.sees(page_of(OutboxMessage)), {"operator", "auditor", "superuser"}),
    ("register a draft", lambda w: adds(w) == "draft", OPERATOR),
    ("register as approved", lambda w: adds(w, **{"registration-0-status": "approved"}) == "approved", {"superuser"}),
    ("change facts of a draft", lambda w: changes_name(w, w.draft), OPERATOR),
    ("change approved facts", lambda w: changes_name(w, w.approved), {"superuser"}),
    ("change suspended facts", lambda w: changes_name(w, w.suspended), {"superuser"}),
    ("change what is not reviewed", waives_pkce, OPERATOR),
    ("delete", deletes, OPERATOR),
    ("delete many", deletes_many, OPERATOR),
    ("approve a draft", lambda w: w.step(w.draft, "approve") == "approved", REVIEWER),
    ("approve", lambda w: w.decide(w.submitted, "approve") == "approved", REVIEWER),
    ("reject", lambda w: w.decide(w.submitted, "reject") == "rejected", REVIEWER),
    ("approve a change", lambda w: w.decide(w.changing, "approve") == "approved", REVIEWER),
    ("reject a change", lambda w: w.decide(w.changing, "reject") == "rejected", REVIEWER),
    ("suspend", lambda w: w.step(w.approved, "suspend") == "suspended", SUSPENDER | {"owner_reviewer"}),
    ("reinstate", lambda w: w.step(w.suspended, "reinstate") == "approved", SUSPENDER),
    (
        "approve many requests",
        lambda w: w.bulk(Review, "approve_chosen", registrations.waiting(w.submitted), w.submitted) == "approved",
        REVIEWER,
    ),
    (
        "reject many requests",
        lambda w: w.bulk(Review, "reject_chosen", registrations.waiting(w.submitted), w.submitted) == "rejected",
        REVIEWER,
    ),
    ("approve many", lambda w: w.bulk(Application(), "approve_chosen", w.draft, w.draft) == "approved", REVIEWER),
    (
        "suspend many",
        lambda w: w.bulk(Application(), "suspend_chosen", w.approved, w.approved) == "suspended",
        SUSPENDER | {"owner_reviewer"},
    ),
    (
        "reinstate many",
        lambda w: w.bulk(Application(), "reinstate_chosen", w.suspended, w.suspended) == "approved",
        SUSPENDER,
    ),
    ("issue a secret", issues_secret, OPERATOR),
    ("rotate the secrets", rotates_secrets, OPERATOR),
    ("revoke a secret", revokes_secret, OPERATOR),
    ("remove a member", removes_member, OPERATOR),
    ("export the audit trail", exports, {"auditor", "superuser"}),
    ("rotate the keys", rotates_keys, OPERATOR),
    ("retry a delivery", retries, OPERATOR),
    ("revoke a token", revokes_token, OPERATOR),
    ("decide not to ask", decides_not_to_ask, REVIEWER),
    ("have people asked again", has_people_asked_again, REVIEWER | {"owner_reviewer"}),
    ("slip the decision in", slips_in, set()),
    ("let a resource server learn of tokens", lets_a_resource_server_learn, REVIEWER),
    ("see the resource servers", lambda w: w.sees(page_of(ResourceServer)), VIEWER),
    ("bound the consents", bounds_consents, OPERATOR),
    ("see the consents", lambda w: w.sees(page_of(Consent)), {"operator", "auditor", "superuser"}),
    ("see a consent", lambda w: w.sees(page_of(Consent, w.consent.pk, "change")), {"operator", "auditor", "superuser"}),
    ("end a consent", ends_consent, OPERATOR),
    ("see a profile", lambda w: w.sees(page_of(Profile, w.profile.pk, "change")), {"auditor", "superuser"}),
]


def somebody(role: str) -> tuple[Any, Client]:
    """Return the person of a role, and their browser."""
    is_staff = role not in {"anonymous", "person"}
    person = factories.make_user(role, is_staff=is_staff, is_superuser=role == "superuser")
    if role in GROUPS:
        person.groups.add(Group.objects.get(name=GROUPS[role]))
    return person, Client(headers={"host": ISSUER_HOST}) if role == "anonymous" else enter(person)


@pytest.mark.parametrize("role", ROLES)
def test_role_does_what_the_table_says_and_nothing_else(db: None, role: str) -> None:
    person, browser = somebody(role)
    owner = person if role == "owner_reviewer" else factories.make_user("owner")
    world, done = World(person, owner, browser), set()
    for name, attempt, _allowed in MATRIX:
        with transaction.atomic():
            # The rows are rolled back behind each attempt; what it read into its copies goes with them.
            if attempt(copy.deepcopy(world, {id(browser): browser})):
                done.add(name)
            transaction.set_rollback(True)
    assert done == {name for name, _attempt, allowed in MATRIX if role in allowed}


def test_owner_who_is_a_superuser_reviews_an_application_of_their_own(staff: Any) -> None:
    world = World(staff, staff, enter(staff))
    assert world.decide(world.submitted, "approve") == "approved"


def test_co_owner_is_an_owner_to_the_rule_about_reviews(db: None, user: Any) -> None:
    person, browser = somebody("reviewer")
    world = World(person, user, browser)
    Member.objects.create(
        application=world.submitted, user=person, invited_as="r", role="owner", accepted_at=timezone.now()
    )
    assert world.decide(world.submitted, "approve") == ""


class TestGroups:
    def test_group_an_administrator_changed_stays_as_it_is(self, db: None) -> None:
        group = Group.objects.get(name=roles.AUDITORS)
        group.permissions.clear()
        assert roles.create_missing_groups() == []
        assert not group.permissions.exists()

    def test_missing_group_is_made_with_its_permissions_though_none_of_them_was_made_yet(self, db: None) -> None:
        names = set(Group.objects.get(name=roles.OPERATORS).permissions.values_list("codename", flat=True))
        Group.objects.filter(name=roles.OPERATORS).delete()
        Permission.objects.all().delete()
        assert roles.create_missing_groups() == [roles.OPERATORS]
        again = Group.objects.get(name=roles.OPERATORS).permissions
        assert set(again.values_list("codename", flat=True)) == names
        assert {"change_application", "suspend_registration", "rotate_signingkey"} <= names
        assert "review_registration" not in names

    def test_migration_makes_what_is_missing(self, db: None) -> None:
        from django.core.management import call_command

        Group.objects.filter(name=roles.REVIEWERS).delete()
        call_command("migrate", verbosity=0)
        group = Group.objects.get(name=roles.REVIEWERS)
        assert group.permissions.filter(codename="review_registration").exists()

    def test_nothing_is_made_in_a_database_that_holds_no_groups(self, db: None, settings: Any) -> None:
        Group.objects.all().delete()
        settings.DATABASE_ROUTERS = ["tests.provider.admin.test_roles.NoGroups"]
        assert roles.create_missing_groups() == []

    def test_half_migrated_database_is_left_for_later(self, db: None) -> None:
        from django.apps import apps

        class Early:
            def get_model(self, app_label: str, name: str) -> Any:
                return apps.get_model(app_label, name)

            def get_app_config(self, app_label: str) -> Any:
                raise LookupError(app_label)

        Group.objects.all().delete()
        Permission.objects.filter(content_type__app_label="provider_site").delete()
        assert roles.create_missing_groups(apps=Early()) == []
        assert not Group.objects.exists()


class NoGroups:
    """Keep the groups somewhere else."""

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool | None:
        return False if app_label == "auth" else None

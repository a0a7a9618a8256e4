"""Applications in every state of their lives, with data that no page was drawn for, and who looks at them."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.utils import timezone

from provider_site.models import (
    ClientSecret,
    Consent,
    DailyCount,
    DeviceAuthorization,
    Logo,
    Member,
    OutboxMessage,
    Registration,
    Session,
)
from provider_site.policy import grants
from provider_site.policy.facts import Facts
from provider_site.services import (
    backchannel_logout,
    facts,
    logos,
    members,
    profiles,
    reviews,
    secrets,
    security_events,
    usage,
)
from tests import factories
from tests.browser.connections import connect
from tests.provider.admin import registrations
from tests.provider.developer.browsers import confirm_address
from tests.provider.driver import plant_signing_key
from tests.servers import LiveSites

LONG = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
MIXED = "朝夕日历 <b>Kalender</b> & مفكرة Ünïcode 👩‍👩‍👧‍👦"
ARABIC = "تقويم محمد بن عبد الله آل سعود العتيبي"
REASON = f"It sends <script>spam</script>.\nThe words “{LONG}” say nothing. 请说明用途。 السبب غير واضح."
CALLBACK_PATH = "/no-such-page/"


def scopes(count: int) -> dict[str, dict[str, str]]:
    """Return so many scopes beside the standard ones; after six their titles and descriptions repeat in kind."""
    return {
        f"scope_with_a_rather_long_name:{number}": {
            "title": (f"{MIXED} {number}", f"{LONG} {number}", f"{ARABIC} {number}")[number % 3],
            "description": f"{LONG} " * (number % 2) + "读取并更改您的日程。",
        }
        for number in range(count)
    }


@dataclass
class Gallery:
    """The people, and the applications by the name of what is special about each."""

    sites: LiveSites
    scopes: dict[str, dict[str, str]]
    developer: Any = field(init=False)
    person: Any = field(init=False)
    staff: Any = field(init=False)
    connected: Any = field(init=False)
    applications: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Write all the rows."""
        plant_signing_key()
        self._people()
        self._states()
        self._everything()
        self._further_kinds()
        self._memberships()
        connect(self.connected, self.applications)
        self._what_staff_sees()

    def _people(self) -> None:
        self.developer = factories.make_user("an_account_name_that_never_comes_to_its_end_0123456789")
        address = "a.very.long.address.that.does.not.break@subdomain.of.a.long.example.com"
        self.person = factories.make_user("person", email=address)
        self.staff = factories.make_staff("root")
        self.connected = factories.make_user("connected", first_name=LONG, last_name=ARABIC)
        for user in (self.developer, self.person, self.staff, self.connected):
            confirm_address(user)
        profiles.set_nickname(user=self.developer, nickname="W" * 40)
        profiles.set_nickname(user=self.person, nickname=ARABIC)

    def _states(self) -> None:
        at_consumer = [f"{self.sites.consumer}{CALLBACK_PATH}"]
        developer, staff = self.developer, self.staff
        self.applications = {
            "draft": factories.make_application(developer, name=LONG, status="draft").application,
            "submitted": registrations.submitted(developer, name=MIXED),
            "changing": registrations.changing(
                developer, name=ARABIC, redirect_uris=[f"https://{'a' * 60}.example.com/{'path' * 20}"]
            ),
            "rejected": registrations.submitted(developer, name=f"{MIXED} 2", redirect_uris=at_consumer),
            "suspended": registrations.approved(developer, name=f"{ARABIC} 2", redirect_uris=at_consumer),
            "public": registrations.draft(developer, name="Public", client_type="public"),
        }
        reviews.reject(application=self.applications["rejected"], actor=staff, reason=REASON)
        self._consent(self.applications["suspended"])
        reviews.suspend(application=self.applications["suspended"], actor=staff, reason=REASON)

    def _further_kinds(self) -> None:
        """Register a device, and give one application every address there is and tokens that others read."""
        self.applications["device"] = registrations.draft(
            self.developer,
            name="TV",
            client_type="public",
            redirect_uris=[],
            authorization_grant_type=grants.DEVICE_CODE,
        )
        Registration.objects.filter(application=self.applications["everything"]).update(
            backchannel_logout_uri=f"https://{'d' * 60}.example.com/{'path' * 20}",
            # Opened in a frame, and therefore on this machine.
            frontchannel_logout_uri=f"{self.sites.consumer}{CALLBACK_PATH}{'out' * 20}",
            initiate_login_uri=f"https://{'b' * 60}.example.com/{'begin' * 20}",
            id_token_alg="EdDSA",
            access_token_format="jwt",
        )
        everything = self.applications["everything"]
        everything.post_logout_redirect_uris = f"{self.sites.consumer}{CALLBACK_PATH}"
        everything.save()

    def _what_staff_sees(self) -> None:
        """Let a device wait, a resource server ask, and a message about the end of a session reach nobody."""
        now, application = timezone.now(), self.applications["everything"]
        DeviceAuthorization.objects.create(
            device_code_digest="d" * 64,
            user_code_digest="u" * 64,
            application=application,
            scope=" ".join(self.scopes),
            created=now,
            expires_at=now + timedelta(minutes=10),
            address="2001:db8:1234:5678:9abc:def0:1234:5678",
            user_agent=LONG * 3,
        )
        factories.make_resource_server(
            identifier=f"https://{'r' * 60}.example.com/{'path' * 20}",
            scope=" ".join(self.scopes),
            name=LONG,
            scopes={},
        )
        OutboxMessage.objects.create(
            kind=backchannel_logout.KIND,
            payload={"application": str(application.pk), "claims": {"aud": application.client_id}},
            about=str(Session.objects.get(user=self.connected).sid),
            next_attempt_at=now,
            dead_at=now,
            last_error=LONG * 2,
        )

    def _everything(self) -> None:
        scopes = {"openid": True, "nickname": False, "avatar": False, "profile": False, "email": False}
        scopes |= {"offline_access": False} | dict.fromkeys(self.scopes, False)
        uris = [f"{self.sites.consumer}{CALLBACK_PATH}", f"https://{'b' * 60}.example.com/{'path' * 20}"]
        made = registrations.approved(self.developer, name=LONG, redirect_uris=uris, scopes=scopes, description=MIXED)
        self._events(made)
        Registration.objects.filter(application=made).update(logo=self._logo(made))
        reviews.change(application=made, actor=self.developer, asked=self._asked(made), note=REASON)
        now = timezone.now()
        secrets.issue_secret(application=made, name=LONG[:60], expires_in=timedelta(days=1))
        for name, ended in (("revoked", {"revoked_at": now}), ("ended", {"expires_at": now})):
            secrets.issue_secret(application=made, name=name)
            ClientSecret.objects.filter(application=made, name=name).update(**ended)
        for ago in range(30):
            for kind in DailyCount.Kind.values:
                day = usage.today() - timedelta(days=ago)
                DailyCount.objects.create(application=made, day=day, kind=kind, count=10 ** (ago % 9))
        self.applications["everything"] = made

    def _events(self, application: Any) -> None:
        """Let the test of a long address for events have failed, with much to say about it."""
        Registration.objects.filter(application=application).update(
            events_url=f"https://{'c' * 60}.example.com/{'path' * 20}"
        )
        OutboxMessage.objects.create(
            kind=security_events.TEST_KIND,
            payload={"application": str(application.pk)},
            next_attempt_at=timezone.now(),
            dead_at=timezone.now(),
            last_error=LONG * 2,
        )

    def _asked(self, application: Any) -> Any:
        known = facts.read(application=application).to_json()
        return Facts.from_json(known | {"name": MIXED, "description": ARABIC, "logo": self._logo(application).key})

    def _logo(self, application: Any) -> Logo:
        return logos.store(application=application, upload=factories.make_picture())

    def _consent(self, application: Any) -> None:
        now = timezone.now()
        Consent.objects.create(
            user=self.person,
            application=application,
            scope="openid nickname",
            declined_scope="avatar",
            given_at=now,
            ends_at=now + timedelta(days=30),
        )

    def _memberships(self) -> None:
        invited = [(self.applications[name], role) for name, role in (("draft", "tester"), ("submitted", "owner"))]
        for application, role in [*invited, (self.applications["rejected"], "tester")]:
            members.invite(application=application, identifier="person", role=role, actor=self.developer)
        members.invite(
            application=self.applications["everything"], identifier=LONG, role="tester", actor=self.developer
        )
        accepted = Member.objects.get(application=self.applications["rejected"])
        members.accept(member_id=accepted.pk, user=self.person)

    def authorize(self, name: str, **changes: str) -> str:
        """Return the address a client sends a person to."""
        application = self.applications[name]
        scopes = application.registered_scopes.values_list("scope", flat=True)
        parameters = {
            "response_type": "code",
            "client_id": application.client_id,
            "redirect_uri": f"{self.sites.consumer}{CALLBACK_PATH}",
            "scope": " ".join(scopes),
            "state": "state-1",
            "code_challenge": "a" * 43,
            "code_challenge_method": "S256",
        }
        return f"/o/authorize/?{urlencode(parameters | changes)}"

"""manage.py applications: what a script gets, and what it is refused."""

import json
from typing import Any

import pytest
from django.core.management import CommandError
from django.utils import timezone

from provider_site.models import AuditEvent, ClientSecret, Registration
from provider_site.services.applications import application_model
from tests import factories
from tests.provider.application_command import Ran
from tests.provider.driver import Driver, plant_signing_key

LINKS = {
    "description": "Counts the days.",
    "homepage_url": "https://almanac.example.com/",
    "privacy_policy_url": "https://almanac.example.com/privacy",
}


def create(*arguments: str, owner: str = "ada") -> Ran:
    wanted = ("--name", "Almanac", "--owner", owner, "--redirect-uri", factories.CALLBACK, "--scope", "nickname")
    return Ran("create", *wanted, *arguments)


def the_application() -> Any:
    return application_model().objects.get()


# --- Create, list, show -------------------------------------------------------------------------------------------


def test_created_application_works_with_the_secret_on_stdout(user: Any) -> None:
    plant_signing_key()
    ran = create("--approve", "--client-id", "almanac")

    class Registered:
        application, client_secret = the_application(), ran.out.strip()

    assert Registered.client_secret.startswith("oscs_")
    assert Registered.client_secret not in ran.err
    assert "almanac" in ran.err
    driver = Driver(Registered, user)
    assert driver.works(driver.redeem(driver.code(scopes=["nickname"], scope="openid nickname")).access)
    assert Registered.application.registration.status == "approved"
    assert {event.actor for event in AuditEvent.objects.filter(action="application.approved")} == {None}


def test_machine_that_was_created_gets_a_token(user: Any) -> None:
    create("--machine", "--approve")

    class Registered:
        application, client_secret = the_application(), ""

    secret = Ran("rotate", Registered.application.client_id).out.strip()
    Registered.client_secret = secret
    assert Driver(Registered).token(grant_type="client_credentials", scope="nickname").status == 200


def test_json_of_create_is_for_a_machine_and_draft_is_the_default(user: Any) -> None:
    known = create("--json", "--required-scope", "avatar", "--justification", "avatar=To show it.").json
    assert known["status"] == "draft"
    assert known["client_id"] == the_application().client_id
    assert known["client_secret"].startswith("oscs_")
    scope = the_application().registered_scopes.get(scope="avatar")
    assert (scope.required, scope.justification) == (True, "To show it.")


def test_public_client_gets_no_secret(user: Any) -> None:
    assert create("--client-type", "public").out == ""
    with pytest.raises(CommandError, match="public client has no secret"):
        Ran("rotate", the_application().client_id)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--redirect-uri", "http://app.example.com/"], "loopback"),
        (["--scope", "everything"], "everything"),
        (["--homepage-url", "javascript:alert(1)"], "homepage_url"),
        (["--owner", "nobody"], "nobody"),
        (["--justification", "nickname"], "SCOPE=TEXT"),
        (["--secret-days", "soon"], "no number of days"),
        (["--secret-days", "-1"], "live for some time"),
        (["--machine", "--client-type", "public"], "needs a secret"),
        (["--client-type", "public", "--without-pkce"], "PKCE"),
    ],
)
def test_bad_input_is_refused_in_words_and_leaves_nothing(user: Any, arguments: list[str], complaint: str) -> None:
    with pytest.raises(CommandError, match=complaint) as refused:
        create(*arguments)
    assert refused.value.returncode
    assert not application_model().objects.exists()


def test_list_and_show_name_what_is_there_and_no_secret(user: Any, other_user: Any) -> None:
    one = factories.make_application(user, name="Almanac", **LINKS)
    two = factories.make_application(other_user, name="Zodiac", status="draft")
    assert {line["name"] for line in Ran("list", json=True).json} == {"Almanac", "Zodiac"}
    assert [line["client_id"] for line in Ran("list", "--status", "draft", "--json").json] == [
        two.application.client_id
    ]
    assert [line["owner"] for line in Ran("list", "--owner", "ada", "--json").json] == ["ada"]
    assert "Zodiac" in Ran("list", "--search", "zod").out
    shown = Ran("show", one.application.client_id)
    values = Ran("show", one.application.client_id, "--json").json
    assert values["secrets"][0]["first_characters"] == one.client_secret[:8]
    assert LINKS["description"] in shown.out
    for text in (one.client_secret, ClientSecret.objects.first().digest, one.application.client_secret):
        assert text not in shown.out + json.dumps(values)


def test_name_cannot_write_to_the_terminal_what_it_likes(user: Any) -> None:
    factories.make_application(user, client_id="bad", name="Almanac\x1b[2J\nmachine\tapproved")
    (line,) = Ran("list").out.splitlines()
    assert line.split("\t")[:2] == ["bad", "approved"]
    assert len(line.split("\t")) == 5
    for text in (line, Ran("show", "bad").out):
        assert "\x1b" not in text


# --- Rotate, decide, delete ---------------------------------------------------------------------------------------


def test_rotation_writes_the_new_secret_alone_and_the_old_one_ends_in_time(driver: Driver) -> None:
    ran = Ran("rotate", driver.application.client_id, "--overlap-days", "2", "--name", "July", "--secret-days", "30")
    old, new = ClientSecret.objects.order_by("pk")
    assert ran.out.strip().startswith(new.first_characters)
    assert ran.out.strip().isprintable()
    assert 1.9 < (old.expires_at - timezone.now()).total_seconds() / 86400 <= 2
    driver.secret = ran.out.strip()
    assert driver.tokens().status == 200


def test_suspension_and_its_end_by_command(driver: Driver) -> None:
    tokens, client_id = driver.tokens(), driver.application.client_id
    with pytest.raises(CommandError, match="reason"):
        Ran("suspend", client_id)
    Ran("suspend", client_id, "--reason", "It sends spam.")
    assert not driver.works(tokens.access)
    with pytest.raises(CommandError, match="suspend"):
        Ran("suspend", client_id, "--reason", "Again.")
    Ran("reinstate", client_id)
    assert Registration.objects.get().status == "approved"
    assert not driver.works(tokens.access)


def test_decision_about_several_is_all_or_none(db: None) -> None:
    one, two = (factories.make_application().application for _time in range(2))
    with pytest.raises(CommandError, match="unknown"):
        Ran("suspend", one.client_id, "unknown", "--reason", "Spam.")
    assert set(Registration.objects.values_list("status", flat=True)) == {"approved"}
    Ran("suspend", one.client_id, two.client_id, "--reason", "Spam.")
    assert set(Registration.objects.values_list("status", flat=True)) == {"suspended"}


def test_deletion_asks_unless_told_not_to(application: Any) -> None:
    with pytest.raises(CommandError, match="Nothing"):
        Ran("delete", application.client_id, stdin="yes\n")
    Ran("delete", application.client_id, stdin=f"{application.client_id}\n")
    assert not application_model().objects.filter(client_id=application.client_id).exists()


@pytest.mark.parametrize("subcommand", ["show", "rotate", "delete", "approve", "reinstate", "export"])
def test_unknown_application_is_refused_everywhere(db: None, subcommand: str) -> None:
    with pytest.raises(CommandError, match="No application has the client ID"):
        Ran(subcommand, "nobody's")

"""Addresses, token choices and devices, carried between sites and given by the command."""

import json
from typing import Any

import pytest
from django.core.management.base import CommandError

from provider_site.models import AuditEvent, Registration
from provider_site.policy import grants
from provider_site.services.applications import application_model
from tests import factories
from tests.provider.application_command import Ran

CALLED = {
    "events_url": "https://app.example.com/events",
    "backchannel_logout_uri": "https://app.example.com/logout",
    "frontchannel_logout_uri": "https://app.example.com/logged-out",
    "initiate_login_uri": "https://app.example.com/begin",
}
CHOSEN = {"id_token_alg": "PS256", "access_token_format": "jwt"}


def entry() -> dict[str, Any]:
    (one,) = Ran("export").json["applications"]
    return dict(one)


def bring(*entries: dict[str, Any], update: bool = False) -> Any:
    options = ["--update"] if update else []
    return Ran("import", "-", *options, stdin=json.dumps({"version": 1, "applications": entries}))


def row() -> Registration:
    return Registration.objects.get()


def test_everything_goes_there_and_back(user: Any) -> None:
    factories.make_application(user, **CALLED, **CHOSEN)
    known = entry()
    assert {name: known["facts"][name] for name in CALLED} == CALLED
    assert {name: known[name] for name in CHOSEN} == CHOSEN
    application_model().objects.all().delete()
    bring(known)
    assert {**entry(), "status": "approved", "approved_at": known["approved_at"]} == known
    assert "unchanged" in bring(known, update=True).err


def test_older_document_has_the_defaults(user: Any) -> None:
    factories.make_application(user)
    known = entry()
    old = {name: value for name, value in known.items() if name not in CHOSEN}
    old["facts"] = {name: value for name, value in known["facts"].items() if name not in CALLED}
    application_model().objects.all().delete()
    bring(old)
    assert (row().id_token_alg, row().access_token_format) == ("RS256", "opaque")
    assert not any(getattr(row(), name) for name in CALLED)


def test_changed_choices_are_traced(user: Any) -> None:
    factories.make_application(user)
    done = bring(entry() | CHOSEN, update=True)
    assert "(id_token_alg, access_token_format)" in done.err
    event = AuditEvent.objects.filter(action="application.changed").latest("pk")
    assert [(one["fact"], one["before"], one["after"]) for one in event.data["changes"]] == [
        ("id_token_alg", "RS256", "PS256"),
        ("access_token_format", "opaque", "jwt"),
    ]


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"id_token_alg": "none"}, r"applications\[0\]\.id_token_alg: one of these"),
        ({"id_token_alg": "HS256"}, r"applications\[0\]\.id_token_alg: one of these"),
        ({"access_token_format": "clear"}, r"applications\[0\]\.access_token_format: one of these"),
    ],
)
def test_unknown_choices_are_refused_by_their_place(user: Any, change: dict[str, str], place: str) -> None:
    factories.make_application(user)
    with pytest.raises(CommandError, match=place):
        bring(entry() | change, update=True)


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("backchannel_logout_uri", "http://app.example.com/logout"),
        ("frontchannel_logout_uri", "https://other.example.com/"),
        ("initiate_login_uri", "https://evil.example.net/begin"),
    ],
)
def test_refused_addresses_are_named_by_their_place(user: Any, name: str, address: str) -> None:
    factories.make_application(user)
    known = entry()
    known["facts"] = known["facts"] | {name: address}
    with pytest.raises(CommandError, match=rf"applications\[0\]\.facts\.{name}: "):
        bring(known, update=True)
    assert getattr(row(), name) == ""


def test_algorithm_the_site_does_not_sign_with_is_refused_and_an_old_one_stays(user: Any, settings: Any) -> None:
    factories.make_application(user, id_token_alg="EdDSA")
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"SIGNING_ALGORITHMS": ["RS256"]}
    known = entry()
    assert "unchanged" in bring(known, update=True).err
    with pytest.raises(CommandError, match=r"applications\[0\]\.id_token_alg: This site does not sign with PS256"):
        bring(known | {"id_token_alg": "PS256"}, update=True)
    application_model().objects.all().delete()
    with pytest.raises(CommandError, match="does not sign with EdDSA"):
        bring(known)
    with pytest.raises(CommandError, match="does not sign with ES256"):
        Ran("create", "--name", "A", "--owner", user.username, "--device", "--id-token-alg", "ES256")


def test_command_registers_all_of_it(user: Any) -> None:
    options = [f"--{name.replace('_', '-')}={value}" for name, value in (CALLED | CHOSEN).items()]
    Ran("create", "--name", "A", "--owner", user.username, "--redirect-uri", factories.CALLBACK, *options)
    for name, value in (CALLED | CHOSEN).items():
        assert getattr(row(), name) == value
    shown = Ran("show", row().application.client_id).out
    assert "access_token_format: jwt" in shown
    assert "facts.initiate_login_uri: https://app.example.com/begin" in shown


def test_command_registers_a_device(user: Any) -> None:
    done = Ran("create", "--name", "TV", "--owner", user.username, "--device", "--client-type", "public", "--json")
    assert done.json["client_secret"] is None
    application = row().application
    assert (application.authorization_grant_type, application.redirect_uris) == (grants.DEVICE_CODE, "")
    assert list(application.registered_scopes.values_list("scope", "required")) == [("openid", True)]
    known = entry()
    application_model().objects.all().delete()
    bring(known)
    assert row().application.authorization_grant_type == grants.DEVICE_CODE
    with pytest.raises(CommandError, match="not allowed with argument"):
        Ran("create", "--name", "TV", "--owner", user.username, "--device", "--machine")

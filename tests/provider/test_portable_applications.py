"""Applications carried from one site to another as JSON, by manage.py applications export and import."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from provider_site.models import AuditEvent, ClientSecret, Logo, Member, OutboxMessage, Registration, Review
from provider_site.models.profile import avatar_storage
from provider_site.services import logos, reviews
from provider_site.services.applications import application_model
from tests import factories
from tests.provider.application_command import Ran

LINKS = {
    "description": "Counts the days.",
    "homepage_url": "https://almanac.example.com/",
    "privacy_policy_url": "https://almanac.example.com/privacy",
}


def populate(user: Any, other_user: Any) -> list[Any]:
    """Register applications that differ in everything an export has; return them with their secrets."""
    logo = factories.make_application(user, name="Almanac", client_id="a-logo", pkce_waived=True, **LINKS)
    key = logos.store(application=logo.application, upload=factories.make_picture()).pk
    Registration.objects.update(logo=key, language="zh-hans", subject_type="legacy")
    Member.objects.create(
        application=logo.application, user=other_user, invited_as="g", role="owner", accepted_at=timezone.now()
    )
    Member.objects.create(application=logo.application, user=None, invited_as="who@example.com", role="tester")
    suspended = factories.make_application(user, client_id="b-suspended")
    reviews.suspend(application=suspended.application, actor=None, reason="It sends spam.")
    waiting = factories.make_application(
        other_user,
        client_id="c-waiting",
        status="draft",
        justifications=dict.fromkeys(("nickname", "avatar", "offline_access"), "For the calendar."),
        **LINKS,
    )
    reviews.submit(application=waiting.application, actor=other_user)
    machine = factories.make_application(
        user, client_id="d-machine", authorization_grant_type="client-credentials", redirect_uris=[], scopes={}
    )
    public = factories.make_application(None, client_id="e-public", client_type="public", name="公开")
    Registration.objects.filter(application=public.application).update(owner=None)
    return [logo, suspended, waiting, machine, public]


def wipe() -> None:
    """Make the database that of another site, where the same people have accounts."""
    application_model().objects.all().delete()
    for model in (OutboxMessage, Review, Logo):
        model._default_manager.all().delete()


def exported() -> Any:
    return Ran("export").json


def test_export_has_everything_but_secrets_and_their_hashes(user: Any, other_user: Any) -> None:
    registered = populate(user, other_user)
    text = Ran("export").out
    hidden = [one.client_secret for one in registered if one.client_secret]
    hidden += [one.application.client_secret for one in registered]
    hidden += [row.digest for row in ClientSecret.objects.all()]
    assert len(hidden) == 4 + 5 + 4
    for secret in hidden:
        assert secret not in text
        assert secret[-12:] not in text
    assert "oscs_" not in text
    assert [one["client_id"] for one in json.loads(text)["applications"]] == [
        one.application.client_id for one in registered
    ]


def test_what_was_imported_exports_as_it_was(user: Any, other_user: Any) -> None:
    populate(user, other_user)
    before = exported()
    wipe()
    ran = Ran("import", "-", "--keep-status", stdin=json.dumps(before))
    assert exported() == before
    assert not ClientSecret.objects.exists()
    assert "rotate" in ran.err
    assert reviews.waiting(application=application_model().objects.get(client_id="c-waiting")) is not None
    suspended = Registration.objects.get(application__client_id="b-suspended")
    reviews.reinstate(application=suspended.application, actor=None)
    suspended.refresh_from_db()
    assert suspended.status == "approved"


def test_new_ones_are_drafts_unless_their_status_is_kept(user: Any, other_user: Any, tmp_path: Path) -> None:
    populate(user, other_user)
    file = tmp_path / "applications.json"
    assert "5 exported" in Ran("export", "--output", file).err
    wipe()
    Ran("import", file)
    assert set(Registration.objects.values_list("status", "approved_at")) == {("draft", None)}
    assert AuditEvent.objects.filter(action="application.registered", application__isnull=False).count() == 5


def test_import_overwrites_nothing_unless_told(user: Any, other_user: Any) -> None:
    populate(user, other_user)
    values = exported()
    changed = json.loads(json.dumps(values))
    changed["applications"][0]["facts"] |= {"name": "Zodiac", "logo": ""}
    changed["applications"][0] |= {"owner": "grace", "members": [{"user": "ada", "role": "tester"}], "status": "draft"}
    with pytest.raises(CommandError, match=r"applications\[0\]\.client_id: a-logo exists already"):
        Ran("import", "-", stdin=json.dumps(changed))
    assert exported() == values
    ran = Ran("import", "-", "--update", "--json", stdin=json.dumps(changed))
    assert [one["what"] for one in ran.json] == ["changed"] + ["unchanged"] * 4
    assert set(ran.json[0]["changed"]) == {"name", "logo", "owner", "members"}
    assert exported()["applications"][0] == changed["applications"][0] | {"status": "approved"}
    assert AuditEvent.objects.filter(action="application.changed").count() == 1
    assert ClientSecret.objects.count() == 4


def test_dry_run_keeps_nothing(user: Any, other_user: Any) -> None:
    populate(user, other_user)
    values = exported()
    wipe()
    events, files = AuditEvent.objects.count(), avatar_storage().listdir("provider_site/logos")
    ran = Ran("import", "-", "--dry-run", "--keep-status", stdin=json.dumps(values))
    assert ran.err.count("created") == 6
    assert "dry run" in ran.err
    assert not application_model().objects.exists()
    assert (AuditEvent.objects.count(), OutboxMessage.objects.count()) == (events, 0)
    assert avatar_storage().listdir("provider_site/logos") == files


def test_one_bad_entry_keeps_all_out_and_every_fault_is_named(user: Any, other_user: Any) -> None:
    populate(user, other_user)
    values = exported()
    wipe()
    files = avatar_storage().listdir("provider_site/logos")
    values["applications"][1]["facts"]["redirect_uris"] = ["http://app.example.com/"]
    values["applications"][2]["facts"]["scopes"]["everything"] = {"required": True, "justification": ""}
    values["applications"][3]["owner"] = "stranger"
    with pytest.raises(CommandError) as refused:
        Ran("import", "-", stdin=json.dumps(values))
    assert [line.split(": ")[0] for line in str(refused.value).splitlines()] == [
        "applications[1].facts.redirect_uris",
        "applications[2].facts.scopes",
        "applications[3].owner",
    ]
    assert not application_model().objects.exists()
    assert avatar_storage().listdir("provider_site/logos") == files


def test_people_who_are_not_here_are_replaced_or_left_out_only_when_told(user: Any, other_user: Any) -> None:
    populate(user, other_user)
    values = exported()
    wipe()
    other_user.delete()
    with pytest.raises(CommandError, match=r"members\[0\]\.user: nobody here is called grace"):
        Ran("import", "-", stdin=json.dumps(values))
    Ran("import", "-", "--owner", "ada", "--without-members", stdin=json.dumps(values))
    assert set(Registration.objects.values_list("owner__username", flat=True)) == {"ada"}
    assert not Member.objects.exists()


@pytest.mark.parametrize(
    ("path", "value", "place"),
    [
        ([], [], "document"),
        (["version"], 2, "version"),
        (["version"], True, "version"),
        (["applications"], {}, "applications"),
        (["applications", 0], "x", "applications[0]"),
        (["applications", 0, "client_secret"], "x" * 40, "applications[0]"),
        (["applications", 0, "client_id"], "", "applications[0].client_id"),
        (["applications", 0, "client_id"], "e-public", "applications[4].client_id"),
        (["applications", 0, "client_type"], "secret", "applications[0].client_type"),
        (["applications", 0, "authorization_grant_type"], "magic", "applications[0].authorization_grant_type"),
        (["applications", 0, "facts", "name"], None, "applications[0].facts.name"),
        (["applications", 0, "facts", "name"], "", "applications[0].facts.name"),
        (["applications", 0, "facts", "logo"], "not base64", "applications[0].facts.logo"),
        (["applications", 0, "facts", "logo"], "bm90IGEgcGljdHVyZQ==", "applications[0].facts.logo"),
        (["applications", 0, "facts", "redirect_uris"], "https://a.example/", "applications[0].facts.redirect_uris"),
        (
            ["applications", 0, "facts", "redirect_uris", 0],
            "https://a/ https://b/",
            "applications[0].facts.redirect_uris[0]",
        ),
        (
            ["applications", 0, "facts", "scopes", "avatar", "required"],
            1,
            "applications[0].facts.scopes.avatar.required",
        ),
        (["applications", 0, "members", 0, "role"], "boss", "applications[0].members[0].role"),
        (["applications", 0, "owner"], "grace", "applications[0].members"),
        (["applications", 0, "approved_at"], "2026-01-01", "applications[0].approved_at"),
        (["applications", 0, "approved_at"], "0001-01-01T00:00:00+14:00", "applications[0].approved_at"),
        (["applications", 0, "owner"], "\ud800", "applications[0].owner"),
        (["applications", 0, "members", 0, "user"], "\ud800", "applications[0].members[0].user"),
        (["applications", 0, "language"], "\ud800", "applications[0].language"),
        (["applications", 1, "status_reason"], "\ud800", "applications[1].status_reason"),
        (["applications", 0, "facts", "scopes", "\ud800"], {}, "applications[0].facts.scopes"),
        (["applications", 0, "\ud800"], 1, "applications[0]"),
        (["applications", 1, "status_reason"], "", "applications[1].status_reason"),
        (["applications", 4, "pkce_waived"], True, "applications[4].pkce_waived"),
    ],
)
def test_malformed_document_is_refused_by_the_path(
    user: Any, other_user: Any, path: list[Any], value: Any, place: str
) -> None:
    populate(user, other_user)
    values = exported()
    wipe()
    if path:
        target = values
        for step in path[:-1]:
            target = target[step]
        target[path[-1]] = value
    else:
        values = value
    with pytest.raises(CommandError) as refused:
        Ran("import", "-", stdin=json.dumps(values))
    assert place in [line.split(": ")[0] for line in str(refused.value).splitlines()]
    assert not application_model().objects.exists()


def test_file_that_is_missing_or_no_json_is_refused(db: None, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="No such file"):
        Ran("import", tmp_path / "missing.json")
    for text in (b"\xff{", b"[" * 100_000):
        (tmp_path / "no.json").write_bytes(text)
        with pytest.raises(CommandError, match="no JSON"):
            Ran("import", tmp_path / "no.json")
    with pytest.raises(CommandError):
        Ran("export", "--output", tmp_path / "missing" / "file.json")


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=30)
ENTRY = st.fixed_dictionaries(
    {
        "client_type": st.sampled_from(["confidential", "public"]),
        "status": st.sampled_from(["draft", "approved", "rejected", "suspended"]),
        "status_reason": TEXT.map(lambda text: f"Because {text}.".strip()),
        "subject_type": st.sampled_from(["public", "legacy"]),
        "language": st.sampled_from(["", "en", "zh-hans"]),
        "owner": st.sampled_from([None, "ada"]),
        "facts": st.fixed_dictionaries(
            {
                "name": TEXT.filter(str.strip),
                "description": TEXT,
                "redirect_uris": st.lists(
                    st.integers(1, 99).map(lambda number: f"https://app{number}.example.com/back"),
                    min_size=1,
                    max_size=4,
                    unique=True,
                ),
                "scopes": st.dictionaries(
                    st.sampled_from(["openid", "nickname", "avatar"]),
                    st.fixed_dictionaries({"required": st.booleans(), "justification": TEXT}),
                ),
            }
        ),
    }
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(entries=st.lists(ENTRY, max_size=3))
def test_export_of_any_import_imports_to_the_same_export(user: Any, entries: list[dict[str, Any]]) -> None:
    for number, entry in enumerate(entries):
        entry |= {"client_id": f"client-{number}", "authorization_grant_type": "authorization-code"}
    wipe()
    Ran("import", "-", "--keep-status", stdin=json.dumps({"version": 1, "applications": entries}))
    first = exported()
    for entry, written in zip(entries, first["applications"], strict=True):
        assert {name: written[name] for name in entry if name not in ("facts", "status_reason")} == {
            name: value for name, value in entry.items() if name not in ("facts", "status_reason")
        }
        assert {name: written["facts"][name] for name in entry["facts"]} == entry["facts"]
    wipe()
    Ran("import", "-", "--keep-status", stdin=json.dumps(first))
    assert exported() == first

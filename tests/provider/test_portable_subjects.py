"""Subject types and what else came with consents, carried between sites and given by the command."""

import json
from typing import Any

import pytest
from django.core.management.base import CommandError

from provider_site.models import AuditEvent, Registration
from provider_site.services import first_party, sectors
from provider_site.services.applications import application_model
from tests import factories
from tests.provider.application_command import Ran
from tests.provider.driver import REDIRECT, Driver, plant_signing_key
from tests.provider.sector_host import SectorHost

OTHER = "https://other.example.com/callback"


def entry() -> dict[str, Any]:
    (one,) = Ran("export").json["applications"]
    return dict(one)


def bring(*entries: dict[str, Any], update: bool = False, keep: bool = False) -> Any:
    options = [*(["--update"] if update else []), *(["--keep-status"] if keep else [])]
    return Ran("import", "-", *options, stdin=json.dumps({"version": 1, "applications": entries}))


def row() -> Registration:
    return Registration.objects.get()


@pytest.fixture
def document(user: Any, sector_site: SectorHost) -> dict[str, Any]:
    """Return the entry of an application with several hosts, on a site where it is not."""
    sector_site.listed = [REDIRECT, OTHER]
    factories.make_application(
        user,
        redirect_uris=[REDIRECT, OTHER],
        subject_type="pairwise",
        sector_document=sectors.read(uri=sector_site.uri),
        max_consent_days=30,
        events_url="https://app.example.com/events",
    )
    known = entry()
    application_model().objects.all().delete()
    sector_site.seen.clear()
    return known


def test_what_was_exported_imports_to_the_same(document: dict[str, Any], sector_site: SectorHost) -> None:
    bring(document, keep=True)
    assert entry() == document
    assert (row().sector_identifier, row().max_consent_days) == ("localhost", 30)
    assert len(sector_site.seen) == 1
    assert "unchanged" in bring(document, update=True).err
    assert len(sector_site.seen) == 1  # it was known to list them


def test_import_believes_no_sector(document: dict[str, Any], sector_site: SectorHost) -> None:
    with pytest.raises(CommandError, match=r"applications\[0\]\.sector_identifier"):
        bring(document | {"sector_identifier": "victim.example"})
    sector_site.listed = [REDIRECT]
    with pytest.raises(CommandError, match="does not list"):
        bring(document)
    sector_site.raw = b"nonsense"
    with pytest.raises(CommandError, match=r"applications\[0\]\.sector_identifier_uri: .*can't be read"):
        bring(document)
    with pytest.raises(CommandError, match="it is for pairwise subjects"):
        bring(document | {"subject_type": "public"})
    assert not application_model().objects.exists()


def test_update_moves_no_sector_and_orphans_nobody(user: Any) -> None:
    plant_signing_key()
    registered = factories.make_application(user, subject_type="pairwise")
    known = entry()
    moved = known | {"facts": known["facts"] | {"redirect_uris": [OTHER]}, "sector_identifier": ""}
    with pytest.raises(CommandError, match="everybody would be somebody new to it"):
        bring(moved, update=True)
    bring(known | {"subject_type": "public"}, update=True)  # nobody has used it
    bring(known, update=True)
    Driver(registered, user).tokens()
    with pytest.raises(CommandError, match="people have used it"):
        bring(known | {"subject_type": "public"}, update=True)
    assert row().subject_type == "pairwise"


def test_first_party_is_gained_as_a_status_is(user: Any) -> None:
    registered = factories.make_application(user)
    first_party.set_first_party(application=registered.application, actor=None, value=True, reason="Ours.")
    known = entry()
    assert known["first_party"] is True
    application_model().objects.all().delete()
    bring(known)
    assert row().first_party is False
    bring(known, update=True, keep=True)
    assert row().first_party is False  # neither the status nor this of one that exists
    application_model().objects.all().delete()
    bring(known, keep=True)
    assert row().first_party is True
    event = AuditEvent.objects.filter(action="application.changed", client_id=known["client_id"]).latest("pk")
    assert event.data["fields"] == ["first_party"]
    bring(known | {"first_party": False}, update=True)
    assert row().first_party is True


@pytest.mark.parametrize("days", [0, -1, 40_000, "30", True, 1.5])
def test_days_that_are_none_are_refused(application: Any, days: Any) -> None:
    with pytest.raises(CommandError, match="max_consent_days: a number of days"):
        bring(entry() | {"max_consent_days": days}, update=True)


def test_command_registers_with_a_sector(user: Any, sector_site: SectorHost) -> None:
    sector_site.listed = [REDIRECT, OTHER]
    given = ["create", "--name", "A", "--owner", user.username, "--redirect-uri", REDIRECT, "--redirect-uri", OTHER]
    with pytest.raises(CommandError, match="several hosts"):
        Ran(*given, "--subject-type", "pairwise")
    with pytest.raises(CommandError, match="is for --subject-type pairwise"):
        Ran(*given, "--sector-identifier-uri", sector_site.uri)
    Ran(*given, "--subject-type", "pairwise", "--sector-identifier-uri", sector_site.uri)
    assert (row().subject_type, row().sector_identifier) == ("pairwise", "localhost")

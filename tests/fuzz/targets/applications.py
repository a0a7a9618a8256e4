"""Application documents: read, written again, and imported."""

import json

from django.db import transaction

from provider_site.policy.facts import Facts, can_be_stored
from provider_site.policy.portable import MalformedDocument, document, parse
from provider_site.services.portable_applications import Options, export, import_document
from tests.fuzz.target import Run, Target, pure, refused

_WHOLE = {
    "version": 1,
    "applications": [
        {
            "client_id": "c1",
            "client_type": "confidential",
            "authorization_grant_type": "authorization-code",
            "facts": {
                "name": "App",
                "homepage_url": "https://app.example.com/",
                "redirect_uris": ["https://app.example.com/cb"],
                "initiate_login_uri": "https://app.example.com/login",
                "scopes": {"openid": {"required": True, "justification": ""}},
            },
            "status": "approved",
            "approved_at": "2026-01-01T00:00:00+00:00",
            "members": [],
            "subject_type": "pairwise",
            "max_consent_days": 30,
        }
    ],
}


def _read(data: bytes) -> object:
    return refused(lambda: json.loads(data), ValueError, RecursionError)


def portable(data: bytes) -> None:
    """Read a document; written and read again it is the same, and everything in it can be stored."""
    values = _read(data)
    applications = refused(lambda: parse(values), MalformedDocument)
    if applications is None:
        return
    again = json.loads(json.dumps(document(applications)))
    assert parse(again) == applications
    assert can_be_stored(json.dumps(again, ensure_ascii=False))
    assert len({application.client_id for application in applications}) == len(applications)
    for application in applications:
        assert Facts.from_json(application.facts.to_json()) == application.facts
        assert not (application.pkce_waived and application.client_type == "public")


def build_import() -> Run:
    """Return what imports a document and takes that back."""

    def run(data: bytes) -> None:
        values = _read(data)
        with transaction.atomic():
            done = refused(lambda: import_document(values=values, options=Options(keep_status=True)), MalformedDocument)
            if done:
                written = export(client_ids=[one.application.client_id for one in done])
                assert len(written["applications"]) == len(done)
                again = refused(
                    lambda: import_document(values=written, options=Options(update=True)), MalformedDocument
                )
                assert again is None or {one.what for one in again} == {"unchanged"}
            transaction.set_rollback(True)

    return run


_SEEDS = (
    json.dumps(_WHOLE).encode(),
    json.dumps(_WHOLE).replace("https://app.example.com/cb", "https://[::1").encode(),
    json.dumps(_WHOLE).replace("c1", "\\u0000").replace("App", "\\ud800").encode(),
    json.dumps(_WHOLE).replace("2026-01-01", "0001-01-01").replace("+00:00", "+23:59").encode(),
    b'{"version":1,"applications":[{},null,[]]}',
    b'{"version":1,"applications":[{}]}',
    json.dumps(_WHOLE).replace("https://app.example.com/cb", "\\ud800").encode(),
    b'{"version":1,"applications":[{"client_id":"c","client_type":"public","authorization_grant_type":"x","facts":{}}]}',
    b'{"version":true,"applications":{}}',
    b"[]",
)
TARGETS = [
    Target(
        "portable_document",
        pure(portable),
        "application documents (manage.py applications import)",
        "written and read again the same; storable; no client twice",
        _SEEDS,
        longest=4096,
    ),
    Target(
        "portable_import",
        build_import,
        "the same, imported into a database and exported again",
        "an import is refused in words or done; imported again it changes nothing",
        _SEEDS,
        needs_database=True,
        longest=4096,
    ),
]

"""Applications as a JSON document that one site writes and another reads: its format, and what is wrong with one.

``{"version": 1, "applications": [{...}, ...]}``, each application with the keys of ``PortableApplication.to_json``:

- ``client_id``, ``client_type`` ("confidential" or "public"), ``authorization_grant_type`` (one of ``policy.grants``,
  or what else the application model knows), ``algorithm`` (DOT's field, mostly "")
- ``facts``: what a reviewer approves, as ``policy.facts.Facts.to_json`` writes it, except that ``logo`` is the picture
  itself, a PNG in base64, or ""
- ``status``, ``status_reason``, ``approved_at`` (ISO 8601 or null)
- ``owner`` (a user name or null) and ``members`` (those who have accepted: ``{"user": name, "role": role}``)
- ``pkce_waived``, ``language``, ``max_consent_days`` (a number or null)
- ``id_token_alg`` ("RS256", "ES256", "EdDSA" or "PS256"), ``access_token_format`` ("opaque" or "jwt")
- ``subject_type``, ``sector_identifier_uri``, and ``sector_identifier``, which has to be what the addresses make
- ``first_party``, which is an administrator's decision as ``status`` is

No secret and no hash of one is in it; a change that waits for review is not either, what is in force is.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from provider_site.policy.facts import LISTS, TEXTS, Facts, ScopeRequest, can_be_stored

VERSION = 1
CLIENT_TYPES = ("confidential", "public")
STATUSES = ("draft", "submitted", "approved", "rejected", "suspended")
NEW_SUBJECT_TYPES = ("public", "pairwise")
SIGNING_ALGORITHMS = ("RS256", "ES256", "EdDSA", "PS256")
ACCESS_TOKEN_FORMATS = ("opaque", "jwt")
SUBJECT_TYPES = (*NEW_SUBJECT_TYPES, "legacy")
# What the column holds.
LONGEST_DAYS = 32_767
ROLES = ("owner", "tester")


class MalformedDocument(Exception):
    """A document that is not of the format. ``errors`` names each place and what is wrong there."""

    def __init__(self, errors: list[str]) -> None:
        super().__init__("\n".join(errors))
        self.errors = errors


@dataclass(frozen=True, slots=True)
class PortableApplication:
    """One application of a document. ``facts.logo`` is empty: the picture is in ``logo``."""

    client_id: str
    client_type: str
    authorization_grant_type: str
    facts: Facts
    algorithm: str = ""
    logo: bytes = b""
    status: str = "draft"
    status_reason: str = ""
    approved_at: datetime | None = None
    owner: str | None = None
    members: tuple[tuple[str, str], ...] = ()
    id_token_alg: str = "RS256"
    access_token_format: str = "opaque"
    pkce_waived: bool = False
    subject_type: str = "public"
    sector_identifier_uri: str = ""
    sector_identifier: str = ""
    first_party: bool = False
    max_consent_days: int | None = None
    language: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the application as JSON values."""
        return {
            "client_id": self.client_id,
            "client_type": self.client_type,
            "authorization_grant_type": self.authorization_grant_type,
            "algorithm": self.algorithm,
            "facts": {**self.facts.to_json(), "logo": base64.b64encode(self.logo).decode()},
            "status": self.status,
            "status_reason": self.status_reason,
            "approved_at": self.approved_at.isoformat() if self.approved_at is not None else None,
            "owner": self.owner,
            "members": [{"user": user, "role": role} for user, role in self.members],
            "id_token_alg": self.id_token_alg,
            "access_token_format": self.access_token_format,
            "pkce_waived": self.pkce_waived,
            "subject_type": self.subject_type,
            "sector_identifier_uri": self.sector_identifier_uri,
            "sector_identifier": self.sector_identifier,
            "first_party": self.first_party,
            "max_consent_days": self.max_consent_days,
            "language": self.language,
        }


def document(applications: Collection[PortableApplication]) -> dict[str, Any]:
    """Return the document of these applications."""
    return {"version": VERSION, "applications": [application.to_json() for application in applications]}


def parse(values: Any) -> list[PortableApplication]:
    """Return the applications of a document. Raises MalformedDocument, which names everything that is wrong."""
    reading = _Reading()
    applications = []
    top = reading.mapping(values, "document", keys={"version", "applications"})
    if top and (type(top.get("version")) is not int or top["version"] != VERSION):
        reading.wrong("version", f"this site reads version {VERSION}")
    for index, entry in enumerate(reading.sequence(top, "applications", "applications")):
        applications.append(_application(reading, entry, f"applications[{index}]"))
    seen: set[str] = set()
    for index, application in enumerate(applications):
        if application.client_id in seen:
            reading.wrong(f"applications[{index}].client_id", "it is in the document twice")
        seen.add(application.client_id)
    if reading.errors:
        raise MalformedDocument(reading.errors)
    return applications


class _Reading:
    """Reads typed values and collects what is wrong, by path; what is wrong reads as empty."""

    def __init__(self) -> None:
        self.errors: list[str] = []

    def wrong(self, path: str, text: str) -> None:
        self.errors.append(f"{path}: {text}")

    def mapping(self, value: Any, path: str, *, keys: Collection[str] | None = None) -> Mapping[str, Any]:
        if not isinstance(value, Mapping):
            self.wrong(path, "an object is expected")
            return {}
        if not all(map(can_be_stored, value)):
            self.wrong(path, "a name holds characters that can't be saved")
            return {}
        if keys is not None and (unknown := sorted(set(value) - set(keys))):
            self.wrong(path, f"unknown: {', '.join(unknown)}")
        return value

    def sequence(self, values: Mapping[str, Any], key: str, path: str) -> list[Any]:
        value = values.get(key, [])
        if not isinstance(value, list):
            self.wrong(path, "a list is expected")
            return []
        return value

    def text(
        self,
        values: Mapping[str, Any],
        key: str,
        path: str,
        *,
        among: Collection[str] | None = None,
        default: str | None = None,
    ) -> str:
        if key not in values and default is not None:
            return default
        value = values.get(key)
        if not isinstance(value, str) or not can_be_stored(value):
            self.wrong(f"{path}.{key}", "a text is expected")
            return ""
        if among is not None and value not in among:
            self.wrong(f"{path}.{key}", f"one of these is expected: {', '.join(repr(each) for each in among)}")
        return value

    def flag(self, values: Mapping[str, Any], key: str, path: str) -> bool:
        value = values.get(key, False)
        if not isinstance(value, bool):
            self.wrong(f"{path}.{key}", "true or false is expected")
        return value is True

    def days(self, values: Mapping[str, Any], key: str, path: str) -> int | None:
        value = values.get(key)
        if value is None:
            return None
        if type(value) is not int or not 1 <= value <= LONGEST_DAYS:
            self.wrong(f"{path}.{key}", f"a number of days from 1 to {LONGEST_DAYS} is expected, or null")
            return None
        return value


def _application(reading: _Reading, entry: Any, path: str) -> PortableApplication:
    keys = set(PortableApplication.__dataclass_fields__) - {"logo"}  # it is among the facts
    values = reading.mapping(entry, path, keys=keys)
    if not isinstance(entry, Mapping):  # that was said; an empty object lacks what it has to have, as any other
        return PortableApplication("", "", "", Facts())
    client_id = reading.text(values, "client_id", path)
    if not client_id or not client_id.isascii() or not client_id.isprintable() or len(client_id) > 100:
        reading.wrong(f"{path}.client_id", "1 to 100 printable ASCII characters are expected")
    facts, logo = _facts(reading, values.get("facts"), f"{path}.facts")
    owner = values.get("owner")
    application = PortableApplication(
        client_id=client_id,
        client_type=reading.text(values, "client_type", path, among=CLIENT_TYPES),
        authorization_grant_type=reading.text(values, "authorization_grant_type", path),
        facts=facts,
        algorithm=reading.text(values, "algorithm", path, default=""),
        logo=logo,
        status=reading.text(values, "status", path, among=STATUSES, default="draft"),
        status_reason=reading.text(values, "status_reason", path, default=""),
        approved_at=_moment(reading, values.get("approved_at"), f"{path}.approved_at"),
        owner=reading.text(values, "owner", path) if owner is not None else None,
        members=_members(reading, values, path),
        id_token_alg=reading.text(values, "id_token_alg", path, among=SIGNING_ALGORITHMS, default="RS256"),
        access_token_format=reading.text(
            values, "access_token_format", path, among=ACCESS_TOKEN_FORMATS, default="opaque"
        ),
        pkce_waived=reading.flag(values, "pkce_waived", path),
        subject_type=reading.text(values, "subject_type", path, among=SUBJECT_TYPES, default="public"),
        sector_identifier_uri=reading.text(values, "sector_identifier_uri", path, default=""),
        sector_identifier=reading.text(values, "sector_identifier", path, default=""),
        first_party=reading.flag(values, "first_party", path),
        max_consent_days=reading.days(values, "max_consent_days", path),
        language=reading.text(values, "language", path, default=""),
    )
    if application.pkce_waived and application.client_type == "public":
        reading.wrong(f"{path}.pkce_waived", "only a confidential client can be allowed to sign in without PKCE")
    if application.sector_identifier_uri and application.subject_type != "pairwise":
        reading.wrong(f"{path}.sector_identifier_uri", "it is for pairwise subjects")
    if application.status == "suspended" and not application.status_reason.strip():
        reading.wrong(f"{path}.status_reason", "a suspended application has a reason, which its users read")
    return application


def _facts(reading: _Reading, entry: Any, path: str) -> tuple[Facts, bytes]:
    values = reading.mapping(entry, path, keys={*TEXTS, *LISTS, "scopes"})
    if not isinstance(entry, Mapping):
        return Facts(), b""
    texts = {name: reading.text(values, name, path, default=None if name == "name" else "") for name in TEXTS}
    lists = {}
    for name in LISTS:
        uris = reading.sequence(values, name, f"{path}.{name}")
        for index, uri in enumerate(uris):
            # They are stored in one field, separated by spaces.
            if not isinstance(uri, str) or len(uri.split()) != 1 or uri != uri.strip() or not can_be_stored(uri):
                reading.wrong(f"{path}.{name}[{index}]", "a URI is expected")
        lists[name] = tuple(uri for uri in uris if isinstance(uri, str))
    facts = Facts.from_json({**texts, **lists})
    scopes = _scopes(reading, values.get("scopes", {}), f"{path}.scopes")
    return replace(facts, logo="", scopes=scopes), _picture(reading, texts["logo"], f"{path}.logo")


def _scopes(reading: _Reading, entry: Any, path: str) -> dict[str, ScopeRequest]:
    scopes = {}
    for name, wanted in reading.mapping(entry, path).items():
        own = f"{path}.{name}"
        values = reading.mapping(wanted, own, keys={"required", "justification"})
        justification = reading.text(values, "justification", own, default="")
        if len(justification) > 300:
            reading.wrong(f"{own}.justification", "at most 300 characters are expected")
        scopes[name] = ScopeRequest(reading.flag(values, "required", own), justification)
    return scopes


def _members(reading: _Reading, values: Mapping[str, Any], path: str) -> tuple[tuple[str, str], ...]:
    members = []
    for index, entry in enumerate(reading.sequence(values, "members", f"{path}.members")):
        own = f"{path}.members[{index}]"
        member = reading.mapping(entry, own, keys={"user", "role"})
        members.append((reading.text(member, "user", own), reading.text(member, "role", own, among=ROLES)))
    names = [user for user, _role in members]
    if len(set(names)) < len(names) or values.get("owner") in names:
        reading.wrong(f"{path}.members", "somebody is named twice")
    return tuple(members)


def _picture(reading: _Reading, text: str, path: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        reading.wrong(path, "a picture in base64 is expected")
        return b""


def _moment(reading: _Reading, value: Any, path: str) -> datetime | None:
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value)
        moment.astimezone(UTC)  # what databases keep; the first and the last day have none everywhere
    except (TypeError, ValueError, OverflowError):
        moment = None
    if moment is None or moment.tzinfo is None:
        reading.wrong(path, "a moment as ISO 8601 with its time zone is expected, or null")
        return None
    return moment

"""The sector an application's pairwise subjects are of: settled when they are chosen, and kept from then on."""

from __future__ import annotations

import json
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from provider_site import http
from provider_site.models import Registration
from provider_site.policy import sectors
from provider_site.policy.facts import Facts, can_be_stored
from provider_site.policy.sectors import Document, Fault
from provider_site.services import limits

_FAULTS = {
    Fault.HOSTS: _(
        "The redirect URIs are on several hosts (%(names)s), and people are known by another subject for each host. "
        "Give a sector identifier URI that lists all of them, or choose the subject that is the same everywhere."
    ),
    Fault.NO_HOST: _("No sector can be told from this address: %(names)s"),
    Fault.NOT_HTTPS: _("A sector identifier URI is a plain https address; this is not: %(names)s"),
    Fault.NOT_LISTED: _("The sector identifier URI does not list these redirect URIs: %(names)s"),
    Fault.MOVED: _(
        "People's accounts at this application hang on the sector %(before)s, and these addresses make it %(after)s: "
        "everybody would be somebody new to it. Keep to the host, or let a sector identifier URI on it list them."
    ),
}

# By the code of an outbound error.
_CALLS = {
    "destination_refused": _("the address may not be called"),
    "redirect_refused": _("the answer is a redirect"),
    "answer_too_large": _("the answer is too large"),
    "provider_timeout": _("no answer in time"),
}


def read(*, uri: str, asked_by: Any = None) -> Document:
    """Return what a sector identifier URI lists (OpenID Registration 5). It waits for another host: in no transaction.

    Raises ValidationError where the address may not be one, does not answer, or answers with no JSON list of texts, and
    where ``asked_by``, a person at the developer pages, lets addresses be read too often.
    """
    if (fault := sectors.uri_fault(uri)) is not None:
        raise ValidationError(_FAULTS[fault], code=fault, params={"names": uri})
    if asked_by is not None and limits.spend("outbound", asked_by.pk):
        text = _("You have let many addresses be read in a short time. Wait an hour, then send this once more.")
        raise ValidationError(text, code="too_often")
    try:
        with http.OutboundSession() as session:
            answer = session.get(uri, headers={"Accept": "application/json"}, allow_redirects=False)
        listed = json.loads(answer.content) if answer.status_code == HTTPStatus.OK else None
    except http.OutboundError as error:
        text = _("The sector identifier URI can't be read (%(reason)s).")
        reason = _CALLS.get(error.code, _("no connection, or it broke"))
        raise ValidationError(text, code="unreachable", params={"reason": reason}) from error
    except (ValueError, RecursionError):
        listed = None
    if not isinstance(listed, list) or not all(isinstance(one, str) and can_be_stored(one) for one in listed):
        text = _("The sector identifier URI has to answer 200 with a JSON list of redirect URIs, and nothing else.")
        raise ValidationError(text, code="no_list")
    return Document(uri, tuple(listed))


def read_again(*, application: Any, redirect_uris: Sequence[str], asked_by: Any = None) -> None:
    """Read an application's sector identifier URI once more where it did not list all of these before.

    Call it before the transaction that changes the redirect URIs. Raises ValidationError as ``read`` does.
    """
    pairwise = Registration.SubjectType.PAIRWISE
    rows = Registration.objects.filter(application=application, subject_type=pairwise).exclude(sector_identifier_uri="")
    registration = rows.first()
    if registration is None or set(redirect_uris) <= set(registration.sector_redirect_uris):
        return
    document = read(uri=registration.sector_identifier_uri, asked_by=asked_by)
    rows.filter(sector_identifier_uri=document.uri).update(sector_redirect_uris=list(document.redirect_uris))


def known_or_read(*, registration: Registration | None, uri: str, redirect_uris: Sequence[str]) -> Document | None:
    """Return the document of ``uri``: as last read where that covers these redirect URIs, else read now, as ``read``.

    ``None`` for an empty ``uri``.
    """
    if not uri:
        return None
    known = document_of(registration=registration) if registration is not None else None
    if known is not None and known.uri == uri and set(redirect_uris) <= set(known.redirect_uris):
        return known
    return read(uri=uri)


def document_of(*, registration: Registration) -> Document | None:
    """Return what the sector identifier URI listed when it was last read, or ``None`` where there is none."""
    uri = registration.sector_identifier_uri
    return Document(uri, tuple(registration.sector_redirect_uris)) if uri else None


def settle(*, client_id: str, redirect_uris: Sequence[str], document: Document | None = None, frozen: str = "") -> str:
    """Return the sector; ``frozen`` is the one people are known by already. Raises ValidationError with the reason."""
    sector = sectors.settle(client_id=client_id, redirect_uris=redirect_uris, document=document, frozen=frozen)
    if sector.fault is None:
        return sector.identifier
    names = {"names": ", ".join(sector.names), "before": sector.names[0], "after": sector.names[-1]}
    raise ValidationError(_FAULTS[sector.fault], code=sector.fault, params=names)


def choose(
    *, registration: Registration, client_id: str, redirect_uris: Sequence[str], document: Document | None
) -> None:
    """Set on the registration, which is not saved, the sector it has with these addresses from now on.

    One that has pairwise subjects in the database keeps its sector; one that had them before gets it back where the
    addresses still make it. Raises ValidationError, changing nothing.
    """
    frozen = registration.sector_identifier
    rows = Registration.objects.filter(pk=registration.pk, subject_type=Registration.SubjectType.PAIRWISE)
    is_kept = rows.exists()
    if is_kept and not frozen:
        frozen = sectors.own(client_id)  # services.subjects.sector_of
    given: dict[str, Any] = {"client_id": client_id, "redirect_uris": redirect_uris, "document": document}
    try:
        sector = settle(**given, frozen=frozen)
    except ValidationError as error:
        if is_kept or error.code != Fault.MOVED:
            raise
        sector = settle(**given)
    registration.sector_identifier = sector
    registration.sector_identifier_uri = document.uri if document is not None else ""
    registration.sector_redirect_uris = list(document.redirect_uris) if document is not None else []


def faults(*, application: Any, facts: Facts) -> dict[str, ValidationError]:
    """Return an error for redirect URIs that would move an application with pairwise subjects to another sector.

    Only what is new is judged: whoever takes an address away is never held up.
    """
    if set(facts.redirect_uris) <= set(application.redirect_uris.split()):
        return {}
    rows = Registration.objects.filter(application=application.pk, subject_type=Registration.SubjectType.PAIRWISE)
    if (registration := rows.first()) is None:
        return {}
    try:
        settle(
            client_id=application.client_id,
            redirect_uris=facts.redirect_uris,
            document=document_of(registration=registration),
            frozen=registration.sector_identifier or sectors.own(application.client_id),
        )
    except ValidationError as error:
        return {"redirect_uris": error}
    return {}

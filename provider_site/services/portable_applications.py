"""Applications written to a document and read from one: between sites, or into a version control of one's own.

The format is told in ``policy.portable``. Secrets never leave: a confidential application that was imported gets one
by ``manage.py applications rotate`` or at its page.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.core.files.base import ContentFile
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from provider_site import signals
from provider_site.models import AuditEvent, Logo, Member, Registration
from provider_site.models.profile import avatar_storage
from provider_site.policy.facts import Facts
from provider_site.policy.portable import MalformedDocument, PortableApplication, document, parse
from provider_site.policy.sectors import Document
from provider_site.services import (
    applications,
    audit,
    changes,
    facts,
    first_party,
    logos,
    people,
    pictures,
    reviews,
    sectors,
    signing_choice,
    subjects,
)
from provider_site.services.applications import application_model

_KEPT_AS_THEY_ARE = {Registration.Status.APPROVED, Registration.Status.REJECTED, Registration.Status.SUSPENDED}
_PAIRWISE = Registration.SubjectType.PAIRWISE
# Fields of the registration that are no facts, and that an import puts there as they are.
_BESIDE = (
    "id_token_alg",
    "access_token_format",
    "pkce_waived",
    "subject_type",
    "sector_identifier_uri",
    "max_consent_days",
    "language",
)
_OF_FACTS = {field.name for field in fields(Facts)}


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of one entry of a document: ``what`` is "created", "changed" or "unchanged"."""

    application: Any
    what: str
    changed: tuple[str, ...] = ()

    @property
    def needs_secret(self) -> bool:
        """Whether the application can't do anything before it is given a secret."""
        return self.what == "created" and self.application.client_type == "confidential"


@dataclass(frozen=True, slots=True)
class Options:
    """How to import. ``owner`` is the person to answer for what names nobody, or nobody who is known here."""

    update: bool = False
    keep_status: bool = False
    owner: Any = None
    with_members: bool = True


# --- Export -------------------------------------------------------------------------------------------------------


def export(*, client_ids: Sequence[str] | None = None) -> dict[str, Any]:
    """Return the document of all applications, or of those named, in the order of their client IDs."""
    rows = application_model().objects.exclude(registration__deleted_at__isnull=False).order_by("client_id")
    if client_ids is not None:
        rows = rows.filter(client_id__in=client_ids)
    return document([_portable(row) for row in rows.select_related("registration__owner", "registration__logo")])


def _portable(application: Any) -> PortableApplication:
    registration = getattr(application, "registration", None) or Registration(application=application)
    accepted = Member.objects.filter(application=application, user__isnull=False, accepted_at__isnull=False)
    members = [(row.user.get_username(), row.role) for row in accepted.select_related("user") if row.user is not None]
    return PortableApplication(
        client_id=application.client_id,
        client_type=application.client_type,
        authorization_grant_type=application.authorization_grant_type,
        facts=replace(facts.read(application=application), logo=""),
        algorithm=application.algorithm,
        logo=_picture(registration.logo),
        status=registration.status,
        status_reason=registration.status_reason,
        approved_at=registration.approved_at,
        owner=registration.owner.get_username() if registration.owner is not None else None,
        members=tuple(sorted(members)),
        sector_identifier=registration.sector_identifier,
        first_party=registration.first_party,
        **{name: getattr(registration, name) for name in _BESIDE},
    )


def _picture(logo: Logo | None) -> bytes:
    if logo is None:
        return b""
    try:
        with logo.picture.open("rb") as file:
            return bytes(file.read())
    except FileNotFoundError:  # a database brought here without its files
        return b""


# --- Import -------------------------------------------------------------------------------------------------------


def import_document(*, values: Any, options: Options | None = None, dry_run: bool = False) -> list[Imported]:
    """Create the applications of a document, or change those that exist (``Options.update``): all of them or none.

    New ones are drafts, and not the site's own, unless ``keep_status``; neither is ever touched in an existing one.
    What is missing in an entry has its default. Sector identifier URIs are read before anything is written. ``dry_run``
    does everything and takes it back.

    Raises MalformedDocument with every place where something is wrong.
    """
    entries = parse(values)
    run = _Import(options or Options(), _sector_documents(entries))
    try:
        with transaction.atomic():
            run.all(entries)
            transaction.set_rollback(dry_run)
    except BaseException:
        run.delete_files()
        raise
    if dry_run:
        run.delete_files()
    return run.done


def _sector_documents(entries: Sequence[PortableApplication]) -> dict[str, Document]:
    """Return what the entries' sector identifier URIs list. Raises MalformedDocument for those that can't be read."""
    documents: dict[str, Document] = {}
    errors: list[str] = []
    for index, entry in enumerate(entries):
        if entry.subject_type != _PAIRWISE:
            continue
        registration = Registration.objects.filter(application__client_id=entry.client_id).first()
        try:
            document = sectors.known_or_read(
                registration=registration, uri=entry.sector_identifier_uri, redirect_uris=entry.facts.redirect_uris
            )
        except ValidationError as error:
            errors += _messages(error, f"applications[{index}].sector_identifier_uri")
        else:
            documents |= {entry.client_id: document} if document is not None else {}
    if errors:
        raise MalformedDocument(errors)
    return documents


def _messages(error: ValidationError, path: str) -> Iterator[str]:
    if not hasattr(error, "error_dict"):
        yield from (f"{path}: {message}" for message in error.messages)
        return
    for name, messages in error.message_dict.items():
        place = path if name == NON_FIELD_ERRORS else f"{path}.facts.{name}" if name in _OF_FACTS else f"{path}.{name}"
        yield from (f"{place}: {message}" for message in messages)


class _Import:
    """One import: what it has done, and the files that go again when it is taken back."""

    def __init__(self, options: Options, documents: Mapping[str, Document]) -> None:
        self.options, self.documents = options, documents
        self.done: list[Imported] = []
        self._files: list[str] = []

    def all(self, entries: Sequence[PortableApplication]) -> None:
        """Import every entry. Raises MalformedDocument with all that is wrong with any."""
        errors: list[str] = []
        for index, entry in enumerate(entries):
            try:
                with transaction.atomic():
                    self.done.append(self._one(entry))
            except ValidationError as error:
                errors += _messages(error, f"applications[{index}]")
        if errors:
            raise MalformedDocument(errors)

    def delete_files(self) -> None:
        """Delete the pictures whose rows were rolled back."""
        for name in self._files:
            avatar_storage().delete(name)

    def _one(self, entry: PortableApplication) -> Imported:
        application = application_model().objects.select_for_update().filter(client_id=entry.client_id).first()
        if application is None:
            return self._create(entry)
        if not self.options.update:
            raise ValidationError({"client_id": f"{entry.client_id} exists already; --update changes it"})
        return self._change(application, entry)

    def _create(self, entry: PortableApplication) -> Imported:
        application = application_model()(
            client_id=entry.client_id,
            client_type=entry.client_type,
            authorization_grant_type=entry.authorization_grant_type,
            algorithm=entry.algorithm,
            name=entry.facts.name,
            redirect_uris=" ".join(entry.facts.redirect_uris),
        )
        applications.prepare_application(application=application)
        application.clean_fields(exclude=["user"])
        application.validate_unique()
        application.save()
        signing_choice.check(entry.id_token_alg)
        registration = Registration(application=application, **self._beside(entry))
        if self.options.keep_status and entry.status in _KEPT_AS_THEY_ARE:
            registration.status, registration.status_reason = entry.status, entry.status_reason
            registration.approved_at, registration.status_changed_at = entry.approved_at, timezone.now()
        registration.sector_identifier = entry.sector_identifier
        self._choose_sector(registration, entry)
        registration.clean_fields(exclude=["application", "owner"])
        registration.save()
        facts.write(application=application, facts=self._facts(application, entry))
        self._put_members(application, entry)
        applications.complete_registration(application=application)
        if self.options.keep_status and entry.first_party:
            # As with the status: whoever imports says that the other site's decisions hold here.
            reason = str(_("Imported with what another site had decided."))
            first_party.set_first_party(application=application, actor=None, value=True, reason=reason)
        if self.options.keep_status and entry.status == Registration.Status.SUBMITTED:
            reviews.submit(application=application, actor=registration.owner)
        return Imported(application, "created")

    def _change(self, application: Any, entry: PortableApplication) -> Imported:
        for name in ("client_type", "authorization_grant_type"):
            if getattr(application, name) != getattr(entry, name):
                raise ValidationError({name: "it can't be changed once the application exists"})
        Registration.objects.get_or_create(application=application)
        registration = Registration.objects.select_for_update(of=("self",)).get(application=application)
        before = facts.read(application=application)
        if registration.subject_type != entry.subject_type and subjects.is_used(application=application):
            text = "people have used it, and would all be somebody new to it; the admin changes it"
            raise ValidationError({"subject_type": text})
        if registration.id_token_alg != entry.id_token_alg:
            signing_choice.check(entry.id_token_alg)
        others = []
        for name, value in self._beside(entry).items():
            if (old := getattr(registration, name)) != value:
                others.append({"fact": name, "before": str(old or ""), "after": str(value or "")})
                setattr(registration, name, value)
        if application.algorithm != entry.algorithm:
            others.append({"fact": "algorithm", "before": application.algorithm, "after": entry.algorithm})
            application.algorithm = entry.algorithm
            application.clean_fields(exclude=["user"])
            type(application).objects.filter(pk=application.pk).update(algorithm=entry.algorithm)
        self._choose_sector(registration, entry)
        registration.clean_fields(exclude=["application", "owner"])
        registration.save()
        facts.write(application=application, facts=self._facts(application, entry, registration.logo))
        changed = changes.note_change(application=application, before=before, others=others, actor=None)
        if self._put_members(application, entry):
            changed = [*changed, "members"]
        return Imported(application, "changed" if changed else "unchanged", tuple(changed))

    def _beside(self, entry: PortableApplication) -> dict[str, Any]:
        """Return the registration's fields that are no facts."""
        return {"owner": self._owner(entry), **{name: getattr(entry, name) for name in _BESIDE}}

    def _choose_sector(self, registration: Registration, entry: PortableApplication) -> None:
        if entry.subject_type != _PAIRWISE:
            registration.sector_redirect_uris = []
            return
        try:
            sectors.choose(
                registration=registration,
                client_id=entry.client_id,
                redirect_uris=entry.facts.redirect_uris,
                document=self.documents.get(entry.client_id),
            )
        except ValidationError as error:
            raise ValidationError({"sector_identifier": error}) from error
        if entry.sector_identifier not in {"", registration.sector_identifier}:
            text = f"with these addresses it is {registration.sector_identifier}"
            raise ValidationError({"sector_identifier": text})

    def _owner(self, entry: PortableApplication) -> Any:
        owner = people.named(name=entry.owner) if entry.owner is not None else None
        if owner is not None or self.options.owner is not None:
            return owner or self.options.owner
        if entry.owner is not None:
            raise ValidationError({"owner": f"nobody here is called {entry.owner}; --owner names somebody else"})
        return None

    def _facts(self, application: Any, entry: PortableApplication, logo: Logo | None = None) -> Facts:
        """Return the entry's facts with the key of its logo, which is stored where it is another than ``logo``."""
        if not entry.logo:
            return entry.facts
        try:
            picture = pictures.reencode(ContentFile(entry.logo))
            if logo is None or _picture(logo) != picture:
                logo = logos.keep(application=application, picture=picture)
                self._files.append(str(logo.picture.name))
        except ValidationError as error:
            raise ValidationError({"logo": error}) from error
        return replace(entry.facts, logo=logo.pk)

    def _put_members(self, application: Any, entry: PortableApplication) -> bool:
        """Make the accepted members those of the entry; open invitations stay. Return whether any changed."""
        if not self.options.with_members:
            return False
        wanted = {}
        for index, (name, role) in enumerate(entry.members):
            if (user := people.named(name=name)) is None:
                text = f"nobody here is called {name}; --without-members leaves members out"
                raise ValidationError({f"members[{index}].user": text})
            wanted[user.pk] = (user, role)
        rows = Member.objects.filter(application=application, user__isnull=False, accepted_at__isnull=False)
        there = {row.user_id: row for row in rows}
        gone = [row for row in there.values() if wanted.get(row.user_id, (None, ""))[1] != row.role]
        for row in gone:
            _note_member(AuditEvent.Action.MEMBER_REMOVED, row)
            signals.member_removed.send(sender=Member, member=row)
            row.delete()
        kept = set(there) - {row.user_id for row in gone}
        come = [person for key, person in wanted.items() if key not in kept]
        for user, role in come:
            name = user.get_username()[:254]
            # An open invitation of the same person is answered by this.
            same = Q(user=user) | Q(invited_as__iexact=name)
            Member.objects.filter(same, application=application, accepted_at=None).delete()
            row = Member.objects.create(
                application=application, user=user, invited_as=name, role=role, accepted_at=timezone.now()
            )
            _note_member(AuditEvent.Action.MEMBER_ACCEPTED, row)
            signals.member_accepted.send(sender=Member, member=row)
        return bool(gone or come)


def _note_member(action: AuditEvent.Action, member: Member) -> None:
    data = {"invited_as": member.invited_as, "role": member.role, "imported": True}
    audit.record(action=action, application=member.application, data=data)

"""Look after applications without a browser."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.db.models import ProtectedError, Q

from provider_site.errors import ProviderError
from provider_site.management import application_arguments
from provider_site.management.terminal import on_one_line
from provider_site.models import Registration
from provider_site.policy import grants
from provider_site.policy.portable import MalformedDocument
from provider_site.services import (
    applications,
    consent_limits,
    deletion,
    facts,
    first_party,
    people,
    portable_applications,
    reviews,
    secrets,
    sectors,
)


class Command(BaseCommand):
    """Thin over the services that the pages use; in the audit trail it was the site itself."""

    help = (
        "Create, list, show, approve, suspend, reinstate and delete applications, rotate their secrets, decide about "
        "consent to them, and carry them between sites as JSON. A new secret is written to stdout alone, once; words "
        "for people go to stderr."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the subcommands."""
        application_arguments.add_to(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the subcommand. Raises CommandError for what can't be done."""
        with _refusals_in_words():
            getattr(self, f"_{options['subcommand'].replace('-', '_')}")(**options)

    # --- One application ------------------------------------------------------------------------------------------

    def _create(self, **options: Any) -> None:
        scopes = dict.fromkeys(options["scope"], False) | dict.fromkeys(options["required_scope"], True)
        if options["machine"] and options["client_type"] == "public":
            raise CommandError("A machine that acts for itself needs a secret: it is no public client.")
        grant = _grant(options)
        if grants.needs_redirect_uri(grant) and not options["redirect_uri"]:
            raise CommandError("An application that people sign in to needs --redirect-uri.")
        uri = options["sector_identifier_uri"]
        if uri and options["subject_type"] != Registration.SubjectType.PAIRWISE:
            raise CommandError("--sector-identifier-uri is for --subject-type pairwise.")
        document = sectors.read(uri=uri) if uri else None  # before the transaction: it waits for another host
        with transaction.atomic():
            registered = applications.register_application(
                name=options["name"],
                owner=_person(options["owner"]),
                client_id=options["client_id"],
                client_type=options["client_type"],
                authorization_grant_type=grant,
                redirect_uris=options["redirect_uri"],
                post_logout_redirect_uris=options["post_logout_redirect_uri"],
                scopes={"openid": True} | scopes if grants.signs_in(grant) else scopes,
                justifications=_justifications(options["justification"], scopes),
                id_token_alg=options["id_token_alg"],
                access_token_format=options["access_token_format"],
                pkce_waived=options["without_pkce"],
                max_consent_days=options["max_consent_days"],
                secret_lives=options["secret_days"],
                subject_type=options["subject_type"],
                sector_document=document,
                **{name: options[name] for name in facts.OF_REGISTRATION},
            )
            if options["approve"]:
                reviews.approve(application=registered.application, actor=None)
        self._say(f"client ID: {registered.application.client_id}")
        self._hand_out(registered.application, registered.client_secret, as_json=options["json"])

    def _rotate(self, **options: Any) -> None:
        application = _application(options["client_id"])
        text = secrets.rotate(
            application=application,
            overlap=options["overlap_days"],
            name=options["name"],
            expires_in=options["secret_days"],
        )
        self._say(f"The other secrets end in {options['overlap_days'] / timedelta(days=1):g} days at the latest.")
        self._hand_out(application, text, as_json=options["json"])

    def _hand_out(self, application: Any, secret: str | None, *, as_json: bool) -> None:
        """Write a new secret to stdout and nothing else, so that it can be piped where it belongs."""
        if as_json:
            self._dump({**_line(application), "client_secret": secret})
        elif secret is not None:
            self._say("The secret on stdout is not shown again:")
            self.stdout.write(secret)

    def _show(self, **options: Any) -> None:
        application = _application(options["client_id"])
        (known,) = portable_applications.export(client_ids=[application.client_id])["applications"]
        known["facts"]["logo"] = bool(known["facts"]["logo"])
        known["legacy_secret"] = secrets.has_legacy_secret(application=application)
        known["secrets"] = [
            {
                "name": secret.name,
                "first_characters": secret.first_characters,
                "live": secrets.is_live(secret=secret),
                **{field: getattr(secret, field) for field in ("created", "expires_at", "last_used_at", "revoked_at")},
            }
            for secret in secrets.listed(application=application)
        ]
        if options["json"]:
            self._dump(known)
            return
        for name, value in _flat(known):
            self.stdout.write(on_one_line(f"{name}: {value}"))

    def _first_party(self, **options: Any) -> None:
        application, value = _application(options["client_id"]), not options["off"]
        first_party.set_first_party(application=application, actor=None, value=value, reason=options["reason"])
        self._say(f"{application.client_id}: people are {'not asked any more' if value else 'asked'}")

    def _limit_consent(self, **options: Any) -> None:
        application = _application(options["client_id"])
        consent_limits.set_limit(application=application, days=options["days"], actor=None)
        length = f"{options['days']} days at most" if options["days"] else "as long as the site allows"
        self._say(f"{application.client_id}: a consent lasts {length}")

    def _delete(self, **options: Any) -> None:
        application = _application(options["client_id"])
        if not options["no_input"]:
            self._say(f"This deletes {application.name} with its consents and tokens. Type its client ID to go on:")
            if sys.stdin.readline().strip() != application.client_id:
                raise CommandError("Nothing was deleted.")
        deletion.delete_application(application=application, actor=None)
        self._say(f"{options['client_id']} deleted")

    # --- Several --------------------------------------------------------------------------------------------------

    def _list(self, **options: Any) -> None:
        rows = applications.application_model().objects.exclude(registration__deleted_at__isnull=False)
        if status := options["status"]:
            # One without a registration counts as a draft.
            none = Q(registration=None) if status == Registration.Status.DRAFT else Q(pk__in=())
            rows = rows.filter(Q(registration__status=status) | none)
        if options["owner"]:
            rows = rows.filter(registration__owner=_person(options["owner"]))
        if text := options["search"]:
            rows = rows.filter(Q(name__icontains=text) | Q(client_id__icontains=text))
        rows = rows.select_related("registration__owner").order_by("client_id")
        if options["json"]:
            self._dump([_line(row) for row in rows])
            return
        for line in map(_line, rows.iterator()):
            words = (line["client_id"], line["status"], line["client_type"], line["owner"] or "-", line["name"])
            self.stdout.write("\t".join(map(on_one_line, words)))

    def _approve(self, **options: Any) -> None:
        self._decide(reviews.approve, "approved", options)

    def _suspend(self, **options: Any) -> None:
        self._decide(reviews.suspend, "suspended", options)

    def _reinstate(self, **options: Any) -> None:
        self._decide(reviews.reinstate, "reinstated", options)

    def _decide(self, step: Any, word: str, options: Mapping[str, Any]) -> None:
        with transaction.atomic():  # all of them or none
            for client_id in options["client_ids"]:
                step(application=_application(client_id), actor=None, reason=options["reason"])
        for client_id in options["client_ids"]:
            self._say(f"{client_id} {word}")

    def _export(self, **options: Any) -> None:
        client_ids = [_application(client_id).client_id for client_id in options["client_ids"]] or None
        values = portable_applications.export(client_ids=client_ids)
        if options["output"]:
            text = json.dumps(values, indent=2, ensure_ascii=False) + "\n"
            _file(options["output"], lambda path: path.write_text(text, encoding="utf-8"))
        else:
            self._dump(values)
        self._say(f"{len(values['applications'])} exported")

    def _import(self, **options: Any) -> None:
        done = portable_applications.import_document(
            values=_document(options["file"]),
            options=portable_applications.Options(
                update=options["update"],
                keep_status=options["keep_status"],
                owner=_person(options["owner"]) if options["owner"] else None,
                with_members=not options["without_members"],
            ),
            dry_run=options["dry_run"],
        )
        if options["json"]:
            self._dump(
                [{"client_id": one.application.client_id, "what": one.what, "changed": one.changed} for one in done]
            )
        for one in done:
            changed = f" ({', '.join(one.changed)})" if one.changed else ""
            self._say(f"{one.application.client_id} {one.what}{changed}")
        if any(one.needs_secret for one in done):
            self._say("Those created have no secret yet: manage.py applications rotate CLIENT_ID")
        if options["dry_run"]:
            self._say("This was a dry run: nothing was kept.")

    # --- Output ---------------------------------------------------------------------------------------------------

    def _say(self, text: str) -> None:
        self.stderr.write(on_one_line(text), style_func=str)  # stderr is red by default; this is no error

    def _dump(self, value: Any) -> None:
        self.stdout.write(json.dumps(value, indent=2, ensure_ascii=False, cls=DjangoJSONEncoder))


@contextmanager
def _refusals_in_words() -> Iterator[None]:
    try:
        yield
    except ValidationError as error:
        if hasattr(error, "error_dict"):
            lines = [f"{name}: {text}" for name, texts in error.message_dict.items() for text in texts]
        else:
            lines = error.messages
        raise CommandError("\n".join(lines)) from error
    except (MalformedDocument, ProviderError, ProtectedError) as error:
        raise CommandError(str(error)) from error


def _person(name: str) -> Any:
    person = people.named(name=name)
    if person is None:
        raise CommandError(f"Nobody is called {name!r}.")
    return person


def _application(client_id: str) -> Any:
    rows = applications.application_model().objects.exclude(registration__deleted_at__isnull=False)
    application = rows.filter(client_id=client_id).first()
    if application is None:
        raise CommandError(f"No application has the client ID {client_id!r}.")
    return application


def _line(application: Any) -> dict[str, Any]:
    registration = getattr(application, "registration", None) or Registration(application=application)
    return {
        "client_id": application.client_id,
        "name": application.name,
        "client_type": application.client_type,
        "status": str(registration.status),
        "owner": registration.owner.get_username() if registration.owner is not None else None,
        "created": application.created,
    }


def _grant(options: Mapping[str, Any]) -> str:
    if options["machine"]:
        return grants.CLIENT_CREDENTIALS
    return grants.DEVICE_CODE if options["device"] else grants.AUTHORIZATION_CODE


def _justifications(pairs: list[str], scopes: Mapping[str, bool]) -> dict[str, str]:
    justifications = {}
    for pair in pairs:
        scope, equals, text = pair.partition("=")
        if not equals or scope not in scopes:
            raise CommandError(f"--justification is SCOPE=TEXT with a scope of the application, not {pair!r}.")
        justifications[scope] = text
    return justifications


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{prefix}{name}.")
        elif isinstance(value, list) and value:
            for index, entry in enumerate(value):
                yield from _flat({f"{name}[{index}]": entry}, prefix)
        else:
            yield prefix + name, "-" if value in (None, "", [], {}) else value


def _file(name: str, action: Any) -> Any:
    try:
        return action(Path(name))
    except OSError as error:
        raise CommandError(f"{name}: {error.strerror}") from error


def _document(name: str) -> Any:
    try:
        text = sys.stdin.read() if name == "-" else _file(name, lambda path: path.read_text(encoding="utf-8"))
        return json.loads(text)
    except (ValueError, RecursionError) as error:  # neither JSON nor UTF-8, or nested without end
        raise CommandError(f"{name}: this is no JSON ({error})") from error

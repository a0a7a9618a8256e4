"""A kept authorization request as its person is asked about it now: what the page shows and the decision goes by."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from provider_site import crypto
from provider_site.conf import provider_settings
from provider_site.models import AppProfile, AuthorizationRequest, Consent, DeviceAuthorization, Registration
from provider_site.policy import claims, durations
from provider_site.policy import consent as policy
from provider_site.policy.consent import Outcome, Situation
from provider_site.policy.durations import Duration
from provider_site.policy.terms import Term
from provider_site.services import app_profiles, consents, device_requests, facts, situations
from provider_site.storage import consented


@dataclass(frozen=True, slots=True)
class Question:
    """``consent`` is the person's latest to the application; ``terms`` are those of the scopes that hold by it now."""

    kept: AuthorizationRequest
    user: Any
    consent: Consent | None
    situation: Situation
    outcome: Outcome
    terms: Mapping[str, Term]
    offered: list[Duration]
    app_profile: AppProfile | None

    @property
    def application(self) -> Any:
        """The application that asks."""
        return self.kept.application

    @property
    def registration(self) -> Registration:
        """The application's registration."""
        registration: Registration = self.application.registration
        return registration

    @property
    def device(self) -> DeviceAuthorization | None:
        """The device that asks, where none of the person's own programs does."""
        return device_requests.device_of(self.kept) if self.kept.parameters.get("device") else None

    @property
    def redirect_uri(self) -> str:
        """Where the person goes next; empty where a device asks."""
        return str(self.kept.parameters["redirect_uri"])

    @property
    def requested(self) -> frozenset[str]:
        """The scopes the page asks about."""
        return frozenset(self.kept.parameters["scope"])

    @property
    def required(self) -> frozenset[str]:
        """Of them, those that are no choice."""
        return frozenset(self.kept.parameters["required"])

    @property
    def choices(self) -> frozenset[str]:
        """Of them, those the person may leave out."""
        return policy.choices(requested=self.requested, required=self.required)

    @property
    def settled(self) -> frozenset[str]:
        """Of them, those whose terms a decision leaves as they are."""
        return policy.settled(self.situation)

    @property
    def profile_claims(self) -> frozenset[str]:
        """What the person may choose anew for this application: ``nickname`` and ``picture``, as far as asked for."""
        return app_profiles.CLAIMS & claims.opened(self.requested)

    @property
    def digest(self) -> str:
        """A text that stands for this question: what is asked anew and for how long at most, of whom, by whom."""
        parts = [
            self.outcome,
            sorted(self.settled),
            sorted(self.requested & self.terms.keys()),
            [durations.to_text(duration) for duration in self.offered],
            facts.identity(application=self.application),
        ]
        return crypto.digest(json.dumps(parts, sort_keys=True))

    def end(self, scope: str) -> datetime | None:
        """Return when a scope that holds now ends by itself."""
        return self.terms[scope].end(consented.limit(self.registration))

    def preselected(self) -> Duration:
        """Return the duration that comes selected: the one chosen before where a consent is open, else the site's."""
        wish = provider_settings.default_consent_days
        if self.consent is not None and self.terms and self.consent.source == Consent.Source.PERSON:
            try:
                before = durations.from_text(self.consent.duration)
            except ValueError:  # of a row older than the field
                before = wish
            if before in self.offered:
                return before
        return durations.preselected(self.offered, wish=wish)


def read(*, kept: AuthorizationRequest, user: Any) -> Question:
    """Gather what is to be asked. A decision made for this request is not there yet."""
    application = kept.application
    consent = situations.latest(user=user, application=application)
    situation = situations.read(
        application=application,
        consent=consent,
        requested=kept.parameters["scope"],
        prompt=kept.parameters["prompt"],
        redirect_uri=kept.parameters["redirect_uri"],
        decided=False,
    )
    held = consented.held(consent, application.registration) if consent is not None else frozenset()
    return Question(
        kept=kept,
        user=user,
        consent=consent,
        situation=situation,
        outcome=policy.decide(situation),
        terms={name: term for name, term in consented.terms(consent).items() if name in held} if consent else {},
        offered=consents.offered_durations(registration=application.registration),
        app_profile=app_profiles.get(user=user, application_id=application.pk),
    )

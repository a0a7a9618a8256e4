"""Notices to people by e-mail."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.core.mail import send_mail
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation

from provider_site.conf import provider_settings
from provider_site.models import Consent
from provider_site.policy.scopes import allowable, in_order
from provider_site.services import people
from provider_site.services.outbox import deliverer
from provider_site.storage import access, consented


def mail(*, addresses: Iterable[str], language: str, template: str, context: Mapping[str, Any]) -> None:
    """Send one e-mail to each address, from ``email/<template>_subject.txt`` and ``_body.txt``, in ``language``."""
    with translation.override(language or None):
        known = {"site_name": provider_settings.site_name, **context}
        # A subject is one line: an application's name can't bring another header with it.
        subject = " ".join(render_to_string(f"provider_site/email/{template}_subject.txt", known).split())
        body = render_to_string(f"provider_site/email/{template}_body.txt", known)
    for address in addresses:
        send_mail(subject, body, None, [address])


@deliverer("consent-given-mail")
def mail_consent_given(payload: dict[str, Any]) -> None:
    """Tell a person by e-mail what an application may see from now on and how to undo it."""
    consent = Consent.objects.select_related("user", "application").filter(pk=payload["consent"]).first()
    if consent is None or not (address := people.address_of(user=consent.user)):
        return
    context = {
        "consent": consent,
        "groups": _by_end(consent),
        "apps_url": provider_settings.issuer_origin + reverse("provider_site:connected-apps"),
    }
    mail(addresses=[address], language=payload.get("language") or "", template="consent_given", context=context)


def _by_end(consent: Consent) -> list[dict[str, Any]]:
    """Return what a consent allows by when it ends, the first end first: each thing was allowed on terms of its own.

    That the application knows the person is said already; it is among the titles where it alone has its end.
    """
    definitions, bound = allowable(), consented.limit(access.registration_of(consent.application))
    ends: dict[datetime | None, list[str]] = {}
    for name, term in consented.terms(consent).items():
        ends.setdefault(term.end(bound), []).append(name)
    return [
        {
            "ends_at": end,
            "titles": [
                definitions[name].title
                for name in in_order(ends[end])
                if name != "openid" or 1 == len(ends[end]) < len(consent.scopes)
            ],
        }
        for end in sorted(ends, key=lambda end: (end is None, end))
    ]

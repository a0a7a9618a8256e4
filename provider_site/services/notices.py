"""Notices to people by e-mail."""

from __future__ import annotations

from typing import Any

from django.core.mail import send_mail
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation

from provider_site.conf import provider_settings
from provider_site.models import Consent
from provider_site.policy.scopes import catalog, in_order
from provider_site.services.outbox import deliverer


@deliverer("consent-given-mail")
def mail_consent_given(payload: dict[str, Any]) -> None:
    """Tell a person by e-mail what an application may see from now on and how to undo it."""
    consent = Consent.objects.select_related("user", "application").filter(pk=payload["consent"]).first()
    address = getattr(consent.user, consent.user.get_email_field_name(), "") if consent is not None else ""
    if consent is None or not address:
        return
    definitions = catalog()
    with translation.override(payload.get("language") or None):
        context = {
            "consent": consent,
            "site_name": provider_settings.site_name,
            "titles": [definitions[name].title for name in in_order(consent.scopes) if name != "openid"],
            "apps_url": provider_settings.issuer_origin + reverse("provider_site:connected-apps"),
        }
        # A subject is one line: an application's name can't bring another header with it.
        subject = " ".join(render_to_string("provider_site/email/consent_given_subject.txt", context).split())
        body = render_to_string("provider_site/email/consent_given_body.txt", context)
    send_mail(subject, body, None, [address])

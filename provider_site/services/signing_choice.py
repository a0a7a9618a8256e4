"""What an application's ID tokens may be signed with here."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from provider_site.conf import provider_settings
from provider_site.models import Registration


def algorithms(*, registration: Registration | None = None) -> list[tuple[str, Any]]:
    """Return what is offered, each with its name; an application may keep the one it has."""
    kept = registration.id_token_alg if registration is not None else ""
    offered = {*provider_settings.signing_algorithms, kept}
    return [(one.value, one.label) for one in Registration.SigningAlgorithm if one.value in offered]


def check(alg: str) -> None:
    """Raise ValidationError, by field, for an algorithm this site has no key of."""
    if alg not in provider_settings.signing_algorithms:
        text = _("This site does not sign with %(alg)s. Choose one of these: %(offered)s")
        params = {"alg": alg, "offered": ", ".join(provider_settings.signing_algorithms)}
        raise ValidationError({"id_token_alg": ValidationError(text, code="not_offered", params=params)})

"""What a connector's probe found out about its entry in the admin, and who probes which connector's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from django.utils.functional import Promise

if TYPE_CHECKING:
    from allauth.socialaccount.models import SocialApp

Text = str | Promise


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a probe looked at; `ok` is None where it could not be told."""

    ok: bool | None
    title: Text
    detail: Text = ""
    hint: Text = ""


class Probe(Protocol):
    """Ask the service, in a few bounded calls, whether an entry works; raise nothing, and tell no secret.

    `app` has its secret opened, and may not be saved yet; `callback_url` is the full address that the service sends
    people back to.
    """

    def __call__(self, app: SocialApp, *, callback_url: str) -> tuple[Finding, ...]: ...


_probes: dict[str, Probe] = {}


def register(provider: str, probe: Probe) -> None:
    """Make `probe` the one for entries of the connector whose provider class has the id `provider`.

    Called at the import of the connector's provider module, which allauth imports before anything is asked of it.
    """
    _probes[provider] = probe


def probe_for(provider: str) -> Probe | None:
    """Return the connector's probe, or None."""
    return _probes.get(provider)

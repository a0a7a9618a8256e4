"""The probes as addresses, for a project that has no room for ProbeMiddleware: they pass its whole middleware then."""

from django.urls import path
from django.views.decorators.http import require_safe

from site_monitoring.probes import PROBES

urlpatterns = [path(address.removeprefix("/"), require_safe(probe)) for address, probe in PROBES.items()]

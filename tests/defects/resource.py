"""A resource behind DOT's own view: a host's API asks for access tokens like this, here as at stock DOT."""

from typing import Any

from django.http import HttpResponse
from oauth2_provider.views import ProtectedResourceView


class ResourceView(ProtectedResourceView):
    """Tell who the bearer of an access token is."""

    def get(self, request: Any) -> HttpResponse:
        """Answer with the resource owner's name."""
        return HttpResponse(request.resource_owner.get_username())

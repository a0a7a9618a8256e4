"""The person's own data as a file."""

from __future__ import annotations

from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache

from provider_site.portal.recent_sign_in import RecentSignInMixin
from provider_site.security_headers import protect
from provider_site.services import personal_data


@method_decorator(never_cache, name="dispatch")
class PersonalDataView(LoginRequiredMixin, RecentSignInMixin):
    """Hand out what is kept of the signed-in person, who has to have signed in a short while ago."""

    # No HEAD: that the data went out is an event.
    http_method_names = ["get"]

    def get(self, request: HttpRequest) -> HttpResponseBase:
        """Answer with a JSON file, written as it is read."""
        pieces = personal_data.export(user=request.user, actor=request.user, request=request)
        answer = StreamingHttpResponse(pieces, content_type="application/json")
        answer["Content-Disposition"] = f'attachment; filename="my-data-{timezone.now():%Y-%m-%d}.json"'
        return protect(answer)

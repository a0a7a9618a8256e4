"""Views that machines call: they come without a session, and what they send is secret."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.views import View


class MachineView(View):
    """A view without CSRF protection and without a need to sign in, whose form never shows in an error report.

    As ``csrf_exempt``, ``login_not_required`` and ``sensitive_post_parameters`` would have it: Django wraps decorators
    of a method around it anew at each request.
    """

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer, with every field of the form marked as secret."""
        request.sensitive_post_parameters = "__ALL__"  # type: ignore[attr-defined]  # Django's own name for it
        return super().dispatch(request, *args, **kwargs)

    dispatch.csrf_exempt = True  # type: ignore[attr-defined]  # as above
    dispatch.login_required = False  # type: ignore[attr-defined]  # as above

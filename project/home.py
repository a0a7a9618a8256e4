"""The provider's home page."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe


@require_safe
@never_cache
def home(request: HttpRequest) -> HttpResponse:
    """Show who is signed in and where to go."""
    return render(request, "project/home.html")

"""DOT's own addresses and admin, and one resource it protects: what a project has that uses DOT alone."""

from django.contrib.admin import AdminSite
from django.contrib.auth import get_user_model
from django.contrib.auth.admin import UserAdmin
from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from oauth2_provider import admin as dot_admin
from oauth2_provider import models as dot_models

from tests.defects.resource import ResourceView

site = AdminSite(name="admin")
site.register(get_user_model(), UserAdmin)
site.register(dot_models.get_application_model(), dot_admin.ApplicationAdmin)
site.register(dot_models.get_access_token_model(), dot_admin.AccessTokenAdmin)
site.register(dot_models.get_refresh_token_model(), dot_admin.RefreshTokenAdmin)
site.register(dot_models.get_grant_model(), dot_admin.GrantAdmin)
site.register(dot_models.get_id_token_model(), dot_admin.IDTokenAdmin)


def sign_in(request: HttpRequest) -> HttpResponse:
    """Stand for the host's sign-in page."""
    return HttpResponse("Sign in")


urlpatterns = [
    path("o/", include("oauth2_provider.urls", namespace="oauth2_provider")),
    path("admin/", site.urls),
    path("accounts/login/", sign_in, name="sign-in"),
    path("resource/", ResourceView.as_view(), name="resource"),
]

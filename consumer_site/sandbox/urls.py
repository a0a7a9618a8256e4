"""Mount the emulators: ``path("sandbox/", include("consumer_site.sandbox.urls"))``."""

from django.urls import include, path

app_name = "consumer_sandbox"
urlpatterns = [path("qq/", include("consumer_site.sandbox.qq.urls"))]

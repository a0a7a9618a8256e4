from django.urls import include, path

urlpatterns = [path("sandbox/", include("consumer_site.sandbox.urls"))]

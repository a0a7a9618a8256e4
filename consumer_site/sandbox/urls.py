"""Mount the emulators: ``path("sandbox/", include("consumer_site.sandbox.urls"))``."""

from django.urls import URLPattern, URLResolver, include, path

from consumer_site.sandbox.services import SERVICES
from consumer_site.sandbox.views.behaviour import behaviour
from consumer_site.sandbox.views.face import face
from consumer_site.sandbox.views.index import index
from consumer_site.sandbox.views.style import style

app_name = "consumer_sandbox"
urlpatterns: list[URLPattern | URLResolver] = [path("", index, name="index"), path("sandbox.css", style, name="style")]
for _service in SERVICES.values():
    _its = {"service": _service.key}
    urlpatterns += [
        path(f"{_service.path}/avatar/face/<slug:person>", face, _its, name=f"{_service.key}-face"),
        path(f"{_service.path}/behaviour/", behaviour, _its, name=f"{_service.key}-behaviour"),
    ]
urlpatterns += [
    path("qq/", include("consumer_site.sandbox.qq.urls")),
    path("weixin/", include("consumer_site.sandbox.weixin.urls")),
    path("github/", include("consumer_site.sandbox.github.urls")),
]

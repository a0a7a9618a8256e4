"""The ASGI entry."""

import os

from django.core.asgi import get_asgi_application

from project import content_types

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
application = content_types.asgi(get_asgi_application())

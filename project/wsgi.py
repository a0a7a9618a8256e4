"""The WSGI entry: `gunicorn project.wsgi`."""

import os

from django.core.wsgi import get_wsgi_application

from project import content_types

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
application = content_types.wsgi(get_wsgi_application())

"""The WSGI entry of the floor and of stock django-oauth-toolkit: DJANGO_SETTINGS_MODULE says which."""

from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()

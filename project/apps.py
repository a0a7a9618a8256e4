"""The project's own app (templates, static files, commands) and its admin."""

from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps


class ProjectConfig(AppConfig):
    """The reference project."""

    name = "project"
    default = True

    def ready(self) -> None:
        """Name what the admin shows of others' apps."""
        from project import model_names

        model_names.name_models()


class ProjectAdminConfig(admin_apps.AdminConfig):
    """Django's admin with the project's AdminSite as `django.contrib.admin.site`."""

    default_site = "project.admin.SiteAdmin"
    default = False

    def ready(self) -> None:
        """Find everybody's admin pages, then put the project's own lists in the place of other apps'."""
        super().ready()
        from django.contrib import admin

        from project import keyset_admin, people_admin

        people_admin.register()
        keyset_admin.replace(admin.site)

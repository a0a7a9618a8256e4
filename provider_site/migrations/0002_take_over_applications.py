"""Register the applications that existed before this app: approved, with the subject their clients know."""

from django.conf import settings
from django.db import migrations
from django.utils import timezone
from oauth2_provider.settings import oauth2_settings

STANDARD_SCOPES = ("openid", "profile", "email", "offline_access")


def take_over(apps, schema_editor):
    application_label, _, application_name = oauth2_settings.APPLICATION_MODEL.partition(".")
    application_model = apps.get_model(application_label, application_name)
    registration_model = apps.get_model("provider_site", "Registration")
    scope_model = apps.get_model("provider_site", "ApplicationScope")
    alias = schema_editor.connection.alias
    # Stock DOT lets every application ask for every scope of the site.
    hosts_scopes = (getattr(settings, "OAUTH2_PROVIDER", None) or {}).get("SCOPES", {})
    own_scopes = (getattr(settings, "PROVIDER_SITE", None) or {}).get("SCOPES", {})
    scopes = list(dict.fromkeys([*STANDARD_SCOPES, *hosts_scopes, *own_scopes]))
    now = timezone.now()
    unregistered = application_model.objects.using(alias).filter(registration__isnull=True)
    for application in unregistered.only("pk", "user_id").iterator(chunk_size=1000):
        registration_model.objects.using(alias).create(
            application_id=application.pk,
            owner_id=application.user_id,
            status="approved",
            subject_type="legacy",
            taken_over_at=now,
        )
        scope_model.objects.using(alias).bulk_create(
            scope_model(application_id=application.pk, scope=scope, required=False) for scope in scopes
        )


class Migration(migrations.Migration):
    dependencies = [("provider_site", "0001_initial")]

    # Nothing to undo: without these tables the applications are stock DOT's again.
    operations = [migrations.RunPython(take_over, migrations.RunPython.noop)]

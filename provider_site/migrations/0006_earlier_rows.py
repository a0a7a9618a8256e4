"""Bring rows from before applications had a life to what the life expects of them."""

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import migrations, models
from django.db.models import F, OuterRef, Subquery
from django.db.models.functions import Cast, Coalesce, Left
from oauth2_provider.settings import oauth2_settings


def name_who_and_which(apps, schema_editor):
    """Write down the names in earlier audit events, while the people and applications are still there."""
    alias = schema_editor.connection.alias
    events = apps.get_model("provider_site", "AuditEvent").objects.using(alias)
    people = apps.get_model(settings.AUTH_USER_MODEL).objects.using(alias)
    applications = apps.get_model(oauth2_settings.APPLICATION_MODEL).objects.using(alias)
    text = models.CharField()
    client_id = applications.filter(pk=OuterRef("application")).values(text_for_the_trail=Left("client_id", 100))
    events.filter(client_id="", application__isnull=False).update(
        client_id=Coalesce(Subquery(client_id, text), "client_id")
    )
    # A historical model has no USERNAME_FIELD; and where everything is made anew, the field may come later than we do.
    field = get_user_model().USERNAME_FIELD
    if field not in {known.name for known in people.model._meta.get_fields()}:
        return
    username = people.filter(pk=OuterRef("actor")).values(text_for_the_trail=Left(Cast(field, models.TextField()), 150))
    events.filter(actor_name="", actor__isnull=False).update(
        actor_name=Coalesce(Subquery(username, text), "actor_name")
    )


def queue_what_was_submitted(apps, schema_editor):
    """Put into the queue what was "submitted" when there was none: nobody could decide it or take it back."""
    alias = schema_editor.connection.alias
    reviews = apps.get_model("provider_site", "Review").objects.using(alias)
    waiting = reviews.filter(decided_at=None).values("application")
    submitted = apps.get_model("provider_site", "Registration").objects.using(alias).filter(status="submitted")
    rows = submitted.exclude(application__in=waiting).values_list("application", "owner", "created")
    reviews.bulk_create(
        [
            reviews.model(application_id=application, submitted_by_id=owner, submitted_at=created)
            for application, owner, created in rows
        ],
        batch_size=1000,
    )


def note_approval_of_suspended(apps, schema_editor):
    """Let a suspended application that was taken over, hence approved, come back as that and not as a draft."""
    rows = apps.get_model("provider_site", "Registration").objects.using(schema_editor.connection.alias)
    suspended = rows.filter(status="suspended", approved_at=None, taken_over_at__isnull=False)
    suspended.update(approved_at=F("taken_over_at"))


class Migration(migrations.Migration):
    dependencies = [
        ("provider_site", "0005_admin_at_scale"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        migrations.swappable_dependency(oauth2_settings.APPLICATION_MODEL),
    ]

    operations = [
        migrations.RunPython(name_who_and_which, migrations.RunPython.noop),
        migrations.RunPython(queue_what_was_submitted, migrations.RunPython.noop),
        migrations.RunPython(note_approval_of_suspended, migrations.RunPython.noop),
    ]

"""Indexes that the admin's lists and searches are read by, made while the tables are in use."""

from django.db import migrations, models
from oauth2_provider.settings import oauth2_settings

from keyset_lists.concurrently import AddIndexWhileInUse, IndexElsewhere

# How a name begins: varchar_pattern_ops is what PostgreSQL finds a prefix by, whatever the database's collation.
BY_NAME = IndexElsewhere(
    *oauth2_settings.APPLICATION_MODEL.split("."),
    models.Index(fields=["name"], name="provider_site_app_by_name", opclasses=["varchar_pattern_ops"]),
)


class Migration(migrations.Migration):
    atomic = False
    dependencies = [
        ("provider_site", "0008_protocol"),
        migrations.swappable_dependency(oauth2_settings.APPLICATION_MODEL),
    ]

    operations = [
        AddIndexWhileInUse(
            model_name="registration", index=models.Index(fields=["status"], name="provider_site_by_status")
        ),
        migrations.RunPython(BY_NAME.forwards, BY_NAME.backwards, atomic=False),
    ]

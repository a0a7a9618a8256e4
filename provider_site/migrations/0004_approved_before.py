"""Note of applications that are approved already that they are: their changes are reviewed, not their whole."""

from django.db import migrations
from django.db.models import F


def note_approval(apps, schema_editor):
    rows = apps.get_model("provider_site", "Registration").objects.using(schema_editor.connection.alias)
    rows.filter(status="approved", approved_at=None).update(approved_at=F("created"))


class Migration(migrations.Migration):
    dependencies = [("provider_site", "0003_registration_life")]

    operations = [migrations.RunPython(note_approval, migrations.RunPython.noop)]

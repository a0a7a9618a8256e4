"""An index that the admin's list of stored tokens is read by, made while the table is in use."""

from django.db import migrations, models

from keyset_lists.concurrently import AddIndexWhileInUse


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("consumer_site", "0003_move_social_tokens")]

    operations = [
        AddIndexWhileInUse(
            model_name="storedtoken",
            index=models.Index(
                fields=["-id"], condition=models.Q(("needs_sign_in", True)), name="consumer_token_ended"
            ),
        ),
    ]

"""Seal what allauth stored in clear before this app came."""

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db import migrations

from consumer_site.vault.moving import move_plain_tokens


def move(apps: Any, schema_editor: Any) -> None:
    """Move the rows, if there are any; say which setting is missing where they can't be sealed."""
    using = schema_editor.connection.alias
    social_tokens = apps.get_model("socialaccount", "SocialToken")
    try:
        move_plain_tokens(
            social_tokens=social_tokens, stored_tokens=apps.get_model("consumer_site", "StoredToken"), using=using
        )
    except ImproperlyConfigured as error:
        count = social_tokens.objects.using(using).count()
        raise ImproperlyConfigured(
            f"{count} tokens of allauth lie in clear in the database, and are to be sealed now. {error} "
            'Make a secret with: python -c "import secrets; print(secrets.token_urlsafe(48))" and run migrate again.'
        ) from None


class Migration(migrations.Migration):
    # Each row is moved in a transaction of its own, so that a migration that is broken off goes on where it stopped.
    atomic = False

    dependencies = [
        ("consumer_site", "0002_tokens_and_sessions"),
        ("socialaccount", "0006_alter_socialaccount_extra_data"),
    ]

    operations = [migrations.RunPython(move, migrations.RunPython.noop)]

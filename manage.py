#!/usr/bin/env python
"""Run Django's command line for the reference project."""

import os
import sys


def main() -> None:
    """Run the command; a fault in the configuration is one sentence, not a traceback."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
    from django.conf import settings  # needs the settings module named above
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        # Django itself would take settings that can't be read for a command that doesn't exist.
        settings.INSTALLED_APPS  # noqa: B018 - reading it is the point
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(f"Configuration: {error}")


if __name__ == "__main__":
    main()

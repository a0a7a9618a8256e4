"""Fill the floor's table: `python -m benchmarks.floor.seed`."""

import django

ROWS = 1000


def main() -> None:
    """Make the table and its rows."""
    django.setup()
    from django.db import connection  # noqa: PLC0415 - after the settings are there

    from benchmarks.floor.models import Row  # noqa: PLC0415 - after the settings are there

    with connection.schema_editor() as editor:
        editor.create_model(Row)
    Row._default_manager.bulk_create(Row(key=f"row-{number}", text="x" * 200) for number in range(ROWS))


if __name__ == "__main__":
    main()

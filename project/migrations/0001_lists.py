"""Indexes that the admin's lists of others' tables are read by."""

from django.conf import settings
from django.db import migrations
from django.db.models import Index, Q

from keyset_lists.concurrently import IndexElsewhere

INDEXES = [
    # The few among all people.
    IndexElsewhere("auth", "User", Index(fields=["username"], condition=Q(is_staff=True), name="project_staff")),
    IndexElsewhere(
        "auth", "User", Index(fields=["username"], condition=Q(is_superuser=True), name="project_superuser")
    ),
    IndexElsewhere("auth", "User", Index(fields=["username"], condition=Q(is_active=False), name="project_inactive")),
    IndexElsewhere(
        "django_tasks_database", "DBTaskResult", Index(fields=["-enqueued_at", "-id"], name="project_task_newest")
    ),
    IndexElsewhere(
        "django_tasks_database",
        "DBTaskResult",
        Index(fields=["status", "-enqueued_at", "-id"], name="project_task_by_status"),
    ),
]


class Migration(migrations.Migration):
    atomic = False
    initial = True
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("django_tasks_database", "0021_conditional_partial_index_ordering"),
    ]

    operations = [migrations.RunPython(index.forwards, index.backwards, atomic=False) for index in INDEXES]

"""The one table of the floor."""

from django.db import models


class Row(models.Model):
    """About as wide as an access token."""

    key = models.CharField(max_length=64, unique=True)
    text = models.CharField(max_length=255)
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        app_label = "floor"

    def __str__(self) -> str:
        return self.key

"""What a connector's probe found out about its entry in the admin."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise

Text = str | Promise


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a probe looked at; `ok` is None where it could not be told."""

    ok: bool | None
    title: Text
    detail: Text = ""
    hint: Text = ""

"""Run manage.py applications as a script would."""

import io
import json
from typing import Any

import pytest
from django.core.management import call_command


class Ran:
    """What a run of the command wrote."""

    def __init__(self, *arguments: Any, stdin: str = "", **options: Any) -> None:
        out, err = io.StringIO(), io.StringIO()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("sys.stdin", io.StringIO(stdin))
            call_command("applications", *map(str, arguments), stdout=out, stderr=err, **options)
        self.out, self.err = out.getvalue(), err.getvalue()

    @property
    def json(self) -> Any:
        return json.loads(self.out)

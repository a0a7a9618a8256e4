"""Files whose attack is shown to succeed against stock django-oauth-toolkit: the runs of tests/defects that show it."""

BY_STOCK: dict[str, tuple[str, ...]] = {}

"""Forms as a browser would send them: what a page holds, filled in."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any


@dataclass
class Form:
    """One form of a page: where it leads, and its fields as they were served."""

    action: str
    fields: dict[str, Any] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[Form] = []
        self.open: Form | None = None
        self.text: str | None = None
        self.select: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.open = Form(known.get("action", ""))
            self.found.append(self.open)
        if tag == "option" and self.open is not None and self.select is not None:
            is_selected = any(attribute == "selected" for attribute, _value in attrs)
            if is_selected or self.select not in self.open.fields:
                self.open.fields[self.select] = known.get("value", "")
        name = known.get("name")
        if self.open is None or not name:
            return
        self.open.names.add(name)
        if tag == "textarea":
            self.text, self.open.fields[name] = name, ""
        elif tag == "select":
            self.select = name
        elif tag == "input" and known.get("type") in {"radio", "checkbox"}:
            if any(attribute == "checked" for attribute, _value in attrs):
                self.open.fields[name] = known.get("value", "on")
        elif tag == "input" and known.get("type") not in {"file", "submit"}:
            self.open.fields[name] = known.get("value", "")

    def handle_data(self, data: str) -> None:
        if self.open is not None and self.text is not None:
            self.open.fields[self.text] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea" and self.open is not None and self.text is not None:
            self.open.fields[self.text] = self.open.fields[self.text].removeprefix("\r\n").removeprefix("\n")
            self.text = None
        elif tag == "select":
            self.select = None
        elif tag == "form":
            self.open = None


def find(answer: Any, *, leads_to: str = "", holds: str = "") -> Form:
    """Return the one form of a page whose address ends so and which holds a field of that name."""
    text = answer.content.decode()
    assert answer.status_code == 200, (answer.status_code, text[:3000])
    parser = _Forms()
    parser.feed(text)
    found = [form for form in parser.found if form.action.endswith(leads_to) and (not holds or holds in form.names)]
    assert len(found) == 1, [(form.action, sorted(form.names)) for form in parser.found]
    return found[0]

"""The test persons of the GitHub emulator. Their numbers are theirs at every app."""

from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext_lazy as _

from consumer_site.sandbox.person import BasePerson


@dataclass(frozen=True, kw_only=True)
class Email:
    """Describe one e-mail address of a person."""

    address: str
    verified: bool = True
    primary: bool = False
    public: bool = False


@dataclass(frozen=True, kw_only=True)
class Person(BasePerson):
    """Describe one GitHub account; ``nickname`` is what the emulator's own page shows."""

    number: int
    login: str
    name: str | None
    emails: tuple[Email, ...]
    bio: str | None = None
    company: str | None = None

    @property
    def public_email(self) -> str | None:
        """Return the address on the public profile; most people show none."""
        return next((email.address for email in self.emails if email.public and email.verified), None)


def _primary(address: str, *, verified: bool = True, public: bool = False) -> Email:
    return Email(address=address, verified=verified, primary=True, public=public)


_ALL = (
    Person(
        key="octo",
        nickname="Mona Octo",
        note=_("An ordinary person, whose e-mail address is private"),
        colour=(88, 64, 152),
        number=40000001,
        login="mona-octo",
        name="Mona Octo",
        emails=(_primary("mona@example.com"), Email(address="40000001+mona-octo@users.noreply.example.com")),
    ),
    Person(
        key="nameless",
        nickname="no-name-given",
        note=_("No name, only a login"),
        colour=(96, 96, 104),
        number=40000002,
        login="no-name-given",
        name=None,
        emails=(_primary("nameless@example.com", public=True),),
    ),
    Person(
        key="unverified",
        nickname="Una Verified",
        note=_("A primary e-mail address that was never verified"),
        colour=(184, 72, 72),
        number=40000003,
        login="una-verified",
        name="Una Verified",
        emails=(_primary("una@example.com", verified=False), Email(address="una@example.org")),
    ),
    Person(
        key="claims",
        nickname="Mona Octo",
        note=_("Another person with the same name, and an unverified address of somebody else"),
        colour=(152, 88, 32),
        number=40000004,
        login="mona-0cto",
        name="Mona Octo",
        emails=(_primary("impostor@example.net"), Email(address="mona@example.com", verified=False)),
    ),
    Person(
        key="long",
        nickname="Maximiliane-Alexandra Wilhelmine von und zu Überlangenfeld-Donaudampfschifffahrtsgesellschaft",
        note=_("A name longer than any line"),
        colour=(56, 128, 72),
        number=40000005,
        login="a" * 39,
        name="Maximiliane-Alexandra Wilhelmine von und zu Überlangenfeld-Donaudampfschifffahrtsgesellschaft",
        emails=(_primary("long@example.com"),),
    ),
    Person(
        key="emoji",
        nickname="🐙👩‍👩‍👧‍👦 Octo 🎉",
        note=_("A name with emoji"),
        colour=(24, 112, 136),
        number=40000006,
        login="octo-family",
        name="🐙👩‍👩‍👧‍👦 Octo 🎉",
        emails=(_primary("emoji@example.com"),),
    ),
    Person(
        key="rtl",
        nickname="محمد الطيّار",
        note=_("A name written from right to left"),
        colour=(0, 120, 128),
        number=40000007,
        login="mohammad-t",
        name="محمد الطيّار",
        emails=(_primary("rtl@example.com"),),
    ),
    Person(
        key="markup",
        nickname='<b>O\'Neil</b> & "quotes"',
        note=_("A name that looks like HTML"),
        colour=(144, 64, 48),
        number=40000008,
        login="o-neil",
        name='<b>O\'Neil</b> & "quotes"',
        bio="</script><script>alert(1)</script>",
        company="@<img src=x>",
        emails=(_primary("markup@example.com"),),
    ),
)

PERSONS: Final[dict[str, Person]] = {person.key: person for person in _ALL}


def person_by_number(number: int) -> Person | None:
    """Return whose number this is."""
    return next((person for person in _ALL if person.number == number), None)

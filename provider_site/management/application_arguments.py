"""The subcommands of ``manage.py applications`` and their arguments."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError
from datetime import timedelta

from provider_site.policy.portable import (
    ACCESS_TOKEN_FORMATS,
    CLIENT_TYPES,
    LONGEST_DAYS,
    NEW_SUBJECT_TYPES,
    SIGNING_ALGORITHMS,
    STATUSES,
)

_CLIENT_ID = "client ID of the application"
_JSON = "write JSON for a machine"


def add_to(parser: ArgumentParser) -> None:
    """Add every subcommand to the command's parser."""
    subcommands = parser.add_subparsers(dest="subcommand", required=True, metavar="SUBCOMMAND")

    def add(name: str, what: str) -> ArgumentParser:
        return subcommands.add_parser(name, help=what, description=f"{what[0].upper()}{what[1:]}.")

    _create(add("create", "register an application; its secret is written to stdout, once"))
    _list(add("list", "list applications"))
    _show(add("show", "show one application with its secrets by their first characters"))
    _rotate(add("rotate", "issue a secret, written to stdout once, and let the others end"))
    _decide(add("approve", "approve applications, submitted or not"), needs_reason=False)
    _decide(add("suspend", "switch applications off; their tokens are dead at once"), needs_reason=True)
    _decide(add("reinstate", "switch suspended applications on again"), needs_reason=False)
    _first_party(add("first-party", "stop asking people for consent to an application of this site, or ask them again"))
    _limit(add("limit-consent", "bound how long a consent to an application lasts, given before or not"))
    _delete(add("delete", "delete an application with everything that hangs on it"))
    _export(add("export", "write applications as JSON, without secrets"))
    _import(add("import", "read applications from JSON: all of them or none"))


def _create(parser: ArgumentParser) -> None:
    parser.add_argument("--name", required=True, help="what people call the application")
    parser.add_argument("--owner", required=True, metavar="USER", help="user name of the person answerable for it")
    parser.add_argument("--client-id", help="made up when left out")
    parser.add_argument("--client-type", choices=CLIENT_TYPES, default="confidential", help="default: %(default)s")
    grant = parser.add_mutually_exclusive_group()
    grant.add_argument("--machine", action="store_true", help="it acts for itself (client credentials)")
    grant.add_argument("--device", action="store_true", help="a TV or a command line: it shows a code (RFC 8628)")
    parser.add_argument("--redirect-uri", action="append", default=[], metavar="URI", help="may be repeated")
    parser.add_argument(
        "--post-logout-redirect-uri", action="append", default=[], metavar="URI", help="may be repeated"
    )
    parser.add_argument("--scope", action="append", default=[], help="one it may ask for; may be repeated")
    parser.add_argument("--required-scope", action="append", default=[], help="one it can't work without; the same")
    parser.add_argument(
        "--justification", action="append", default=[], metavar="SCOPE=TEXT", help="what a scope is needed for"
    )
    parser.add_argument("--description", default="", help="one sentence for the consent page")
    parser.add_argument("--homepage-url", default="", metavar="URL")
    parser.add_argument("--privacy-policy-url", default="", metavar="URL")
    parser.add_argument("--terms-url", default="", metavar="URL")
    _addresses_and_tokens(parser)
    parser.add_argument(
        "--subject-type",
        choices=NEW_SUBJECT_TYPES,
        default="public",
        help="public: it knows people by the same subject as other applications; pairwise: by one of its sector's own",
    )
    parser.add_argument(
        "--sector-identifier-uri", default="", metavar="URL", help="for pairwise subjects and several hosts; it is read"
    )
    parser.add_argument("--without-pkce", action="store_true", help="allow sign-in without PKCE (confidential clients)")
    parser.add_argument(
        "--max-consent-days",
        type=whole_days,
        metavar="DAYS",
        help="how long a consent lasts; else: the site's limit",
    )
    parser.add_argument("--approve", action="store_true", help="approve it at once; otherwise it is a draft")
    parser.add_argument("--secret-days", type=days, metavar="DAYS", help="how long its secret lives; else: the longest")
    parser.add_argument("--json", action="store_true", help=_JSON)


def _addresses_and_tokens(parser: ArgumentParser) -> None:
    parser.add_argument("--events-url", default="", metavar="URL", help="where it takes security events (RFC 8935)")
    parser.add_argument(
        "--backchannel-logout-uri", default="", metavar="URL", help="where it is told of sign-outs, by this site"
    )
    parser.add_argument(
        "--frontchannel-logout-uri", default="", metavar="URL", help="the same, by the person's browser in a frame"
    )
    parser.add_argument("--initiate-login-uri", default="", metavar="URL", help="where a sign-in at it begins (https)")
    parser.add_argument(
        "--id-token-alg",
        choices=SIGNING_ALGORITHMS,
        default=SIGNING_ALGORITHMS[0],
        help="what its ID tokens are signed with; default: %(default)s",
    )
    parser.add_argument(
        "--access-token-format",
        choices=ACCESS_TOKEN_FORMATS,
        default=ACCESS_TOKEN_FORMATS[0],
        help="jwt: others read its tokens without asking, up to five minutes after the end; default: %(default)s",
    )


def _list(parser: ArgumentParser) -> None:
    parser.add_argument("--status", choices=STATUSES)
    parser.add_argument("--owner", metavar="USER", help="user name of the owner")
    parser.add_argument("--search", default="", metavar="TEXT", help="part of the name or client ID")
    parser.add_argument("--json", action="store_true", help=_JSON)


def _show(parser: ArgumentParser) -> None:
    parser.add_argument("client_id", help=_CLIENT_ID)
    parser.add_argument("--json", action="store_true", help=_JSON)


def _rotate(parser: ArgumentParser) -> None:
    parser.add_argument("client_id", help=_CLIENT_ID)
    parser.add_argument(
        "--overlap-days", type=days, default="7", metavar="DAYS", help="how long the others go on; default: %(default)s"
    )
    parser.add_argument("--name", default="", help="name of the new secret")
    parser.add_argument("--secret-days", type=days, metavar="DAYS", help="how long it lives; else: the longest")
    parser.add_argument("--json", action="store_true", help=_JSON)


def _decide(parser: ArgumentParser, *, needs_reason: bool) -> None:
    parser.add_argument("client_ids", nargs="+", metavar="client_id", help=_CLIENT_ID)
    whom = "its owners and users read it" if needs_reason else "its owners read it"
    parser.add_argument("--reason", required=needs_reason, default="", help=whom)


def _first_party(parser: ArgumentParser) -> None:
    parser.add_argument("client_id", help=_CLIENT_ID)
    parser.add_argument("--reason", default="", help="needed without --off; its owners read it")
    parser.add_argument("--off", action="store_true", help="ask people again; what it got without asking ends")


def _limit(parser: ArgumentParser) -> None:
    parser.add_argument("client_id", help=_CLIENT_ID)
    group = parser.add_mutually_exclusive_group(required=True)
    group.add_argument("--days", type=whole_days, help="the longest, in whole days")
    group.add_argument("--off", action="store_true", help="as long as the site allows")


def _delete(parser: ArgumentParser) -> None:
    parser.add_argument("client_id", help=_CLIENT_ID)
    parser.add_argument("--no-input", action="store_true", help="do not ask whether it is meant")


def _export(parser: ArgumentParser) -> None:
    parser.add_argument("client_ids", nargs="*", metavar="client_id", help="all applications when left out")
    parser.add_argument("--output", metavar="FILE", help="instead of stdout")


def _import(parser: ArgumentParser) -> None:
    parser.add_argument("file", help="what export wrote; - is stdin")
    parser.add_argument("--update", action="store_true", help="change those that exist; without it they are refused")
    parser.add_argument("--keep-status", action="store_true", help="give new ones their status; otherwise drafts")
    parser.add_argument("--owner", metavar="USER", help="owner of those whose owner has no account here")
    parser.add_argument("--without-members", action="store_true", help="leave co-owners and test users out")
    parser.add_argument("--dry-run", action="store_true", help="say what would be done, and do nothing")
    parser.add_argument("--json", action="store_true", help=_JSON)


def days(text: str) -> timedelta:
    """Return a number of days, fractions included. Raises ArgumentTypeError for what is none."""
    try:
        return timedelta(days=float(text))
    except (ValueError, OverflowError):
        raise ArgumentTypeError(f"{text!r} is no number of days") from None


def whole_days(text: str) -> int:
    """Return a number of whole days from 1. Raises ArgumentTypeError for what is none."""
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= LONGEST_DAYS):
        raise ArgumentTypeError(f"{text!r} is no number of whole days")
    return int(text)

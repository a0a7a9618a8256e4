"""What can go wrong with an outbound call. `summary` may be shown: it names no address and quotes no answer."""

from __future__ import annotations

from requests import RequestException


class OutboundError(RequestException):
    """An outbound call failed; the message names method, host and path, never the query or a body."""

    code = "provider_unreachable"
    summary = "the call failed"


class DestinationRefused(OutboundError):
    """The address may not be called: wrong scheme, or a private, loopback or otherwise special network."""

    code = "destination_refused"
    summary = "the address may not be called"


class RedirectRefused(OutboundError):
    """The answer redirects to another origin, or too often."""

    code = "redirect_refused"
    summary = "the answer is a redirect"


class AnswerTooLarge(OutboundError):
    """The answer is larger than the policy's `max_bytes`."""

    code = "answer_too_large"
    summary = "the answer is too large"


class CallTimeout(OutboundError):
    """Connecting, or the whole call, took longer than allowed."""

    code = "provider_timeout"
    summary = "no answer in time"


class CallFailed(OutboundError):
    """The connection could not be made, or broke."""

    code = "provider_unreachable"
    summary = "no connection, or it broke"


class AnswerNotJSON(OutboundError):
    """The answer is not the JSON object that it should be."""

    code = "answer_invalid"
    summary = "the answer is not a JSON object"

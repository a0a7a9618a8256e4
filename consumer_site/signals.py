"""Signals that a project may listen to."""

from django.dispatch import Signal

# Sent after a person signed in through a connector, tokens stored and session bound.
# Payload: request (HttpRequest), user, account (allauth SocialAccount).
# Sender: the SocialAccount class.
signed_in = Signal()

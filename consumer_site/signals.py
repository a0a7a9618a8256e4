"""Signals that a project may listen to."""

from django.dispatch import Signal

# Sent after a person signed in through a connector, tokens stored and session bound.
# Payload: request (HttpRequest), user, account (allauth SocialAccount).
# Sender: the SocialAccount class.
signed_in = Signal()

# Sent when a person poured one account of theirs into another, inside the transaction: what a project keeps for
# `source` it gives to `target` here, and an exception undoes all of it.
# Payload: source (the user that is closed), target (the user that goes on).
# Sender: the class of the user model.
people_merged = Signal()

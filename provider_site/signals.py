"""Public signals. Receivers run in the transaction of what they report."""

from django.dispatch import Signal

# A person allowed an application something.
# sender: the Consent class; consent: the Consent; request: HttpRequest or None
consent_given = Signal()

# A person refused an application's request as a whole.
# sender: the AuthorizationRequest class; authorization_request: the AuthorizationRequest; request: HttpRequest or None
consent_refused = Signal()

# A consent ended by the person's wish.
# sender: the Consent class; consent: the Consent; request: HttpRequest or None
consent_withdrawn = Signal()

# Tokens were issued.
# sender: the validator's class; authorization_id: UUID or None; application_id, user_id: primary keys or None;
# grant_type: the OAuth name of the grant
tokens_issued = Signal()

# A single-use credential was used a second time; everything it bought is dead.
# sender: the validator's class; authorization_id: UUID; kind: "code" or "refresh_token"
replay_detected = Signal()

# An application was registered.
# sender: the Registration class; registration: the Registration
application_registered = Signal()

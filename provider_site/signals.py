"""Public signals. Receivers run in the transaction of what they report."""

from django.dispatch import Signal

# A person allowed an application something, or (consent.source) an administrator decided that they are not asked.
# sender: the Consent class; consent: the Consent; granted, declined: frozensets of the scopes this decision was about;
# request, as in every signal that has one: HttpRequest or None
consent_given = Signal()

# A person refused an application's request as a whole.
# sender: the AuthorizationRequest class; authorization_request: the AuthorizationRequest; request: HttpRequest or None
consent_refused = Signal()

# A consent ended by the person's wish, or (consent.closed_reason) by an administrator's.
# sender: the Consent class; consent: the Consent; request: HttpRequest or None
consent_withdrawn = Signal()

# A person took some scopes back from an application, and left it others.
# sender: the Consent class; consent: the Consent; taken: frozenset of scopes; request: HttpRequest or None
consent_narrowed = Signal()

# Tokens were issued. A receiver that raises undoes that: it is called in the transaction that stores them.
# sender: the validator's class; authorization_id: UUID or None; application_id, user_id: primary keys or None;
# grant_type: the OAuth name of the grant
tokens_issued = Signal()

# A single-use credential was used a second time; everything it bought is dead.
# sender: the validator's class; authorization_id: UUID; kind: "code", "device_code" or "refresh_token"
replay_detected = Signal()

# A person was shown an error page instead of the way to an application; no transaction is open.
# sender: the HttpRequest class; request: HttpRequest; kind: the page's name; client_id: the application's identifier,
# empty where the page knows of none
error_shown = Signal()

# Something happened, or was about to, more often than RATE_LIMITS lets it.
# sender: the Rate class; limit: the name of the limit
limit_reached = Signal()

# An application was registered.
# sender: the Registration class; registration: the Registration
application_registered = Signal()

# Facts of an application were changed, at once or by an approved change.
# sender: the Registration class; registration: the Registration; fields: list of the names of what changed
application_changed = Signal()

# An application is about to be deleted with everything that hangs on it.
# sender: the Registration class; registration: the Registration
application_deleted = Signal()

# An application, or a change of an approved one, was submitted for review, or taken back from it.
# sender: the Review class; registration: the Registration; review: the Review
review_submitted = Signal()
review_withdrawn = Signal()

# A review ended. `review` is None for an application approved without having been submitted.
# sender: the Registration class; registration: the Registration; review: the Review or None; reason: str
application_approved = Signal()
application_rejected = Signal()

# An application was switched off, or on again.
# sender: the Registration class; registration: the Registration; reason: str
application_suspended = Signal()
application_reinstated = Signal()

# Somebody was invited to an application, accepted, or is no longer a member.
# sender: the Member class; member: the Member
member_invited = Signal()
member_accepted = Signal()
member_removed = Signal()

# A client secret was made or revoked. Its text is in neither.
# sender: the ClientSecret class; secret: the ClientSecret
secret_issued = Signal()
secret_revoked = Signal()

# Anything was written to the audit trail: the one signal to forward all of it elsewhere.
# sender: the AuditEvent class; event: the AuditEvent
audit_recorded = Signal()

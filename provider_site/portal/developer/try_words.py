"""What each part of the flow means, in one sentence for a developer who sees it for the first time."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Words = dict[str, str | Promise]

AUTHORIZATION_REQUEST: Words = {
    "response_type": _("You ask for a code, which is exchanged for tokens later; nothing else is offered here."),
    "client_id": _("Which application asks. It is public: it may be in addresses and in code."),
    "redirect_uri": _(
        "Where the answer goes. Your application sends one of its own registered addresses; for this run it is a page "
        "of this site that takes answers for the owners of an application only."
    ),
    "scope": _("What you ask for, separated by spaces. The person may decline what is not required."),
    "state": _("A random text of this very run. An answer that does not repeat it was not asked for: throw it away."),
    "nonce": _("A random text that comes back inside the ID token, so that no older token can be slipped in."),
    "code_challenge": _("The SHA-256 of a secret text, the verifier, that only the one who begins the run knows."),
    "code_challenge_method": _("How the challenge was made. S256 is the only one."),
}

AUTHORIZATION_ANSWER: Words = {
    "code": _("Good for one exchange within a minute, and only together with the verifier."),
    "state": _("The text you sent: it is the same, so this is the answer to this run."),
    "iss": _("Who answers. Compare it with the issuer you meant to ask; it is the same here."),
    "error": _("What went wrong, as a code for programs."),
    "error_description": _("The same in words, for the log of your application and not for people."),
}

TOKEN_REQUEST: Words = {
    "Authorization": _(
        "How your application proves itself: client ID and secret, joined by a colon, in Base64. For this run a secret "
        "that existed only while this page was made stood in for yours, which nobody here knows."
    ),
    "grant_type": _("What you offer in exchange."),
    "client_id": _("A public application has no secret: it only names itself, and the verifier is its proof."),
    "code": _("The code of the answer above."),
    "redirect_uri": _("The same as in the authorization request, or the exchange is refused."),
    "code_verifier": _("The secret text whose SHA-256 you sent as the challenge: whoever stole the code lacks it."),
    "scope": _("What the application asks for itself. No person is involved, so nothing of a person is in it."),
}

TOKEN_ANSWER: Words = {
    "access_token": _("Opens userinfo and your other resources. Treat it as opaque and never show it to a browser."),
    "expires_in": _("Seconds the access token lives."),
    "token_type": _("How it is sent: in the header “Authorization: Bearer …”."),
    "scope": _("What the person allowed. Compare it with what you asked for and work with what you have."),
    "refresh_token": _("Buys new access tokens later. Each one works once and comes back with its successor."),
    "id_token": _("Who has signed in, signed by this site. It is taken apart below."),
    "error": _("What went wrong, as a code for programs."),
    "error_description": _("The same in words, for the log of your application."),
}

ID_TOKEN: Words = {
    "iss": _("Who signed it: the issuer."),
    "sub": _("Who the person is, for ever: the key of your users’ table. Never use a nickname or an e-mail for that."),
    "aud": _("For which application it was made: your client ID."),
    "exp": _("Until when it may be accepted, in seconds since 1970."),
    "iat": _("When it was made."),
    "auth_time": _("When the person proved who they are."),
    "nonce": _("The text of your request."),
    "at_hash": _("Ties the token to the access token beside it."),
    "sid": _("The session here that it belongs to."),
    "amr": _("How the person signed in."),
}

USERINFO_REQUEST: Words = {"Authorization": _("The access token you were given.")}

USERINFO_ANSWER: Words = {
    "sub": _("The same person as in the ID token. Check that, before you believe the rest."),
    "nickname": _("The name the person chose to show."),
    "picture": _("The address of the picture the person chose to show."),
    "email": _("The e-mail address."),
    "email_verified": _("Whether the person has proven that the address is theirs."),
    "name": _("The full name."),
    "given_name": _("The given name."),
    "family_name": _("The family name."),
    "preferred_username": _("The user name here. It may change, and somebody else may have it later."),
    "updated_at": _("When any of this changed last, in seconds since 1970."),
}

# What to do about an error code, of either endpoint.
ERRORS: Words = {
    "access_denied": _(
        "The person said no. Your application should say so kindly and offer to try again; it must not insist."
    ),
    "invalid_scope": _("Ask only for scopes this application is registered for."),
    "invalid_request": _("A parameter is missing, doubled or malformed; the description says which."),
    "invalid_client": _(
        "The application could not prove itself: a wrong, ended or missing secret, or an application that is suspended."
    ),
    "invalid_grant": _(
        "The code is used, too old, of another application, or the verifier or redirect URI is not the one it was "
        "made with. Begin again: a code is good for a minute."
    ),
    "unauthorized_client": _(
        "This application is not registered for this, or it has to be approved first: without a person, only an "
        "approved application gets a token."
    ),
    "login_required": _("Nobody is signed in, and the request said not to ask. Ask again without prompt=none."),
    "consent_required": _("The person has to be asked, and the request said not to. Ask again without prompt=none."),
    "server_error": _("This site failed. Try again; tell the people who run it if it stays."),
}
UNKNOWN_ERROR = _("Read the description and the log of your application.")

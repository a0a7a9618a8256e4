"""Texts of allauth and Django that this project says in its own words in Chinese.

Their Chinese calls people 您 where ours says 你, leaves "Email" and "passkey" as they are, and has two names each for
signing out and for the second factor, on pages that stand beside ours. Marked here, these texts are extracted into the
project's catalogue, which wins over theirs because `project` stands first in INSTALLED_APPS. English stays as it is.
"""

from django.utils.functional import Promise
from django.utils.translation import gettext_noop as _
from django.utils.translation import ngettext_lazy, pgettext_lazy

TEXTS = (
    # Forms and what they complain about.
    _("Username"),
    _("Email"),
    _("Username or email"),
    _("Remember Me"),
    _("Forgot your password?"),
    _("Forgot Password?"),
    _("Email address"),
    _("Password (again)"),
    _("Current Password"),
    _("New Password"),
    _("New Password (again)"),
    _("Code"),
    _("You must type the same password each time."),
    _("The username and/or password you specified are not correct."),
    _("The email address and/or password you specified are not correct."),
    _("Please type your current password."),
    _("Incorrect password."),
    _("Incorrect code."),
    _("Invalid login."),
    _("Invalid or expired key."),
    _("The password reset token was invalid."),
    _("This account is currently inactive."),
    _("Too many failed login attempts. Try again later."),
    _("Be patient, you are sending too many requests."),
    _("The new value must be different from the current one."),
    _("Username can not be used. Please use other username."),
    _("A user with that username already exists."),
    _("Required. 150 characters or fewer. Letters, digits and @/./+/-/_ only."),
    _("Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters."),
    _("A user is already registered with this email address."),
    _("The email address is not assigned to any user account."),
    _("This email address is already associated with this account."),
    _("You cannot add more than %d email addresses."),
    _("You cannot remove your primary email address."),
    _("You cannot remove your primary email address (%(email)s)."),
    _("Your primary email address must be verified."),
    _("Please select only one."),
    _("You cannot add an email address to an account protected by two-factor authentication."),
    _("You cannot deactivate two-factor authentication."),
    _("You cannot generate recovery codes without having two-factor authentication enabled."),
    _("You cannot activate two-factor authentication until you have verified your email address."),
    _("Your password can’t be too similar to your other personal information."),
    _("Your password can’t be a commonly used password."),
    _("Your password can’t be entirely numeric."),
    _("The password is too similar to the %(verbose_name)s."),
    _("This password is too common."),
    _("This password is entirely numeric."),
    # Signing in and up, passwords.
    _("Sign In"),
    _("Sign Up"),
    _("Signup"),
    _("Sign Out"),
    _("Are you sure you want to sign out?"),
    _("If you have not created an account yet, then please %(link)ssign up%(end_link)s first."),
    _("Already have an account? Then please %(link)ssign in%(end_link)s."),
    _("Sign in with a passkey"),
    _("Sign Up Closed"),
    _("We are sorry, but the sign up is currently closed."),
    _("Account Inactive"),
    _("This account is inactive."),
    _("Note"),
    _("You are already logged in as %(user_display)s."),
    _("Warning:"),
    _(
        "You currently do not have any email address set up. You should really add an email address so you can "
        "receive notifications, reset your password, etc."
    ),
    _("Confirm"),
    _("Confirm Access"),
    _("Please reauthenticate to safeguard your account."),
    _("Alternative options"),
    _("Enter your password:"),
    _("Use your password"),
    _("Use authenticator app or code"),
    _("Use a security key"),
    _("Cancel"),
    _("Change Password"),
    _("Set Password"),
    _("Password Reset"),
    _("Reset My Password"),
    _("Forgotten your password? Enter your email address below, and we'll send you an email allowing you to reset it."),
    _("Please contact us if you have any trouble resetting your password."),
    _(
        "We have sent you an email. If you have not received it please check your spam folder. Otherwise contact us "
        "if you do not receive it in a few minutes."
    ),
    _("Bad Token"),
    _(
        "The password reset link was invalid, possibly because it has already been used.  Please request a <a "
        'href="%(passwd_reset_url)s">new password reset</a>.'
    ),
    _("Your password is now changed."),
    # E-mail addresses.
    _("Email Addresses"),
    _("The following email addresses are associated with your account:"),
    _("Unverified"),
    _("Primary"),
    _("Make Primary"),
    _("Re-send Verification"),
    _("Remove"),
    _("Add Email Address"),
    _("Add Email"),
    _("Do you really want to remove the selected email address?"),
    _("Confirm Email Address"),
    _('Please confirm that <a href="mailto:%(email)s">%(email)s</a> is an email address for user %(user_display)s.'),
    _("Unable to confirm %(email)s because it is already confirmed by a different account."),
    _(
        'This email confirmation link expired or is invalid. Please <a href="%(email_url)s">issue a new email '
        "confirmation request</a>."
    ),
    _("Verify Your Email Address"),
    _(
        "We have sent an email to you for verification. Follow the link provided to finalize the signup process. If "
        "you do not see the verification email in your main inbox, check your spam folder. Please contact us if you "
        "do not receive the verification email within a few minutes."
    ),
    _(
        "This part of the site requires us to verify that\nyou are who you claim to be. For this purpose, we require "
        "that you\nverify ownership of your email address. "
    ),
    _(
        "We have sent an email to you for\nverification. Please click on the link inside that email. If you do not "
        "see the verification email in your main inbox, check your spam folder. Otherwise\ncontact us if you do not "
        "receive it within a few minutes."
    ),
    _('<strong>Note:</strong> you can still <a href="%(email_url)s">change your email address</a>.'),
    # The second factor.
    _("Two-Factor Authentication"),
    _("Authenticator App"),
    _("Authentication using an authenticator app is active."),
    _("An authenticator app is not active."),
    _("Activate"),
    _("Deactivate"),
    _("Security Keys"),
    _("No security keys have been added."),
    _("Manage"),
    _("Recovery Codes"),
    _("No recovery codes set up."),
    _("View"),
    _("Download"),
    _("Generate"),
    _("Your account is protected by two-factor authentication. Please enter an authenticator code:"),
    _("Enter an authenticator code:"),
    _("Activate Authenticator App"),
    _(
        "To protect your account with two-factor authentication, scan the QR code below with your authenticator app. "
        "Then, input the verification code generated by the app below."
    ),
    _("Authenticator secret"),
    _("You can store this secret and use it to reinstall your authenticator app at a later time."),
    _("Authenticator code"),
    _("Deactivate Authenticator App"),
    _("You are about to deactivate authenticator app based authentication. Are you sure?"),
    _("You are about to generate a new set of recovery codes for your account."),
    _("This action will invalidate your existing codes."),
    _("Are you sure?"),
    _("Unused codes"),
    _("Download codes"),
    _("Generate new codes"),
    _("I have saved my recovery codes"),
    _("Add Security Key"),
    _("Edit Security Key"),
    _("Remove Security Key"),
    _("Are you sure you want to remove this security key?"),
    _("Master key"),
    _("Backup key"),
    _("Key nr. {number}"),
    _("Key"),
    _("Passkey"),
    _("Security key"),
    _("This key does not indicate whether it is a passkey."),
    _("Unspecified"),
    _("Added on %(created_at)s"),
    _("Last used %(last_used)s"),
    _("Edit"),
    _("Passwordless"),
    _(
        "Enabling passwordless operation allows you to sign in using just this key, but imposes additional "
        "requirements such as biometrics or PIN protection."
    ),
    _("This functionality requires JavaScript."),
    # Messages on the next page.
    _("Successfully signed in as %(name)s."),
    _("You have signed out."),
    _("Confirmation email sent to %(email)s."),
    _("You have confirmed %(email)s."),
    _("Removed email address %(email)s."),
    _("Primary email address set."),
    _("Password successfully changed."),
    _("Password successfully set."),
    _("Authenticator app activated."),
    _("Authenticator app deactivated."),
    _("A new set of recovery codes has been generated."),
    _("Save them  in a secure location now — they won't be shown again."),
    _("Security key added."),
    _("Security key removed."),
    _("The third-party account has been connected."),
    _("The third-party account has been disconnected."),
    _("The third-party account is already connected to a different account."),
    _("You cannot disconnect your last remaining third-party account."),
    _("Your account has no password set up."),
    _("Your account has no verified email address."),
    _(
        "An account already exists with this email address. Please sign in to that account first, then connect your "
        "%s account."
    ),
    # E-mails.
    _("Hello from %(site_name)s!"),
    _("Thank you for using %(site_name)s!\n%(site_domain)s"),
    _("You are receiving this mail because the following change was made to your account:"),
    _(
        "If you do not recognize this change then please take proper security precautions immediately. The change to "
        "your account originates from:\n\n- IP address: %(ip)s\n- Browser: %(user_agent)s\n- Date: %(timestamp)s"
    ),
    _("Please Confirm Your Email Address"),
    _(
        "You're receiving this email because user %(user_display)s has given your email address to register an "
        "account on %(site_domain)s."
    ),
    _("To confirm this is correct, go to %(activate_url)s"),
    _("Account Already Exists"),
    _(
        "You are receiving this email because you or someone else tried to signup for an\naccount using email "
        "address:\n\n%(email)s\n\nHowever, an account using that email address already exists.  In case you have\n"
        "forgotten about this, please use the password forgotten procedure to recover\nyour account:\n\n"
        "%(password_reset_url)s"
    ),
    _("Password Reset Email"),
    _(
        "You're receiving this email because you or someone else has requested a password reset for your user "
        "account.\nIt can be safely ignored if you did not request a password reset. Click the link below to reset "
        "your password."
    ),
    _("In case you forgot, your username is %(username)s."),
    _("Password Changed"),
    _("Your password has been changed."),
    _("Your password has been reset."),
    _("Password Set"),
    _("Your password has been set."),
    _("Email Changed"),
    _("Your email has been changed from %(from_email)s to %(to_email)s."),
    _("Email Confirmation"),
    _("Your email has been confirmed."),
    _("Email Removed"),
    _("Email address %(deleted_email)s has been removed from your account."),
    _("Authenticator App Activated"),
    _("Authenticator App Deactivated"),
    _("New Recovery Codes Generated"),
    _("A new set of Two-Factor Authentication recovery codes has been generated."),
    _("Security Key Added"),
    _("A new security key has been added."),
    _("Security Key Removed"),
    _("A security key has been removed."),
    _("Third-Party Account Connected"),
    _("A third-party account from %(provider)s has been connected to your account."),
    _("Third-Party Account Disconnected"),
    _("A third-party account from %(provider)s has been disconnected from your account."),
    # Days of the week in a narrow table.
    _("Mon"),
    _("Tue"),
    _("Wed"),
    _("Thu"),
    _("Fri"),
    _("Sat"),
    _("Sun"),
    # The admin.
    _("Select %s to change"),
    _("Select %s to view"),
    _("Select %s"),
    _("Add %s"),
    _("Change %s"),
    _("View %s"),
    _("Add %(name)s"),
    _("Add another %(verbose_name)s"),
    _("Cannot delete %(name)s"),
    _(" By %(filter_title)s "),
    _("Filter"),
    _("Action"),
    _("Action:"),
    _("Recent actions"),
    _("My actions"),
    _("Mark selected email addresses as verified"),
    _("Marked {email} as verified."),
    _("Log out"),
    _("You may edit it again below."),
    _("email address"),
    _("email addresses"),
    _("verified"),
    _("primary"),
    _("provider ID"),
    _("provider"),
    _("client id"),
    _("secret key"),
    _("social application"),
    _("social applications"),
    _("social account"),
    _("social accounts"),
    _("social application token"),
    _("social application tokens"),
    _("extra data"),
    _("uid"),
    _("Social Accounts"),
    _("MFA"),
)
TEXTS_WITH_NUMBERS: tuple[Promise, ...] = (
    ngettext_lazy(
        "This password is too short. It must contain at least %d character.",
        "This password is too short. It must contain at least %d characters.",
        "count",
    ),
    ngettext_lazy(
        "Your password must contain at least %(min_length)d character.",
        "Your password must contain at least %(min_length)d characters.",
        "count",
    ),
    ngettext_lazy(
        "You have added %(count)s security key.",
        "You have added %(count)s security keys.",
        "count",
    ),
    ngettext_lazy(
        "There is %(unused_count)s out of %(total_count)s recovery codes available.",
        "There are %(unused_count)s out of %(total_count)s recovery codes available.",
        "count",
    ),
)
# Marked by Django or its tasks, and translated by neither.
TEXTS_WITHOUT_CHINESE = (
    _("Model name"),
    _("Add link"),
    _("Change or view list link"),
    _("enqueued at"),
    _("started at"),
    _("finished at"),
    _("priority"),
    _("task path"),
    _("queue name"),
    _("Error:"),
    _("Task Result"),
    _("Task Results"),
)
TEXTS_WITH_CONTEXT: tuple[Promise, ...] = (
    pgettext_lazy("Task", "Ready"),
    pgettext_lazy("Task", "Running"),
    pgettext_lazy("Task", "Failed"),
    pgettext_lazy("Task", "Successful"),
    pgettext_lazy("field label", "Login"),
)

"""What the house connector and the sign-out endpoints share: the OpenID providers that this site is a client of."""

"""Where a person is signed in: each browser, and the way to end what is there."""

"""Views that do next to nothing: what the machine, the server and Django allow at most."""

"""Stock django-oauth-toolkit (DOT), wired in this same project as its own documentation says."""

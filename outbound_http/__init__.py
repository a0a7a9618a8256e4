"""The one outbound HTTP client of both apps: bounded in time and size, guarded against SSRF, logged without secrets.

It knows no app, no setting and no Django. An app gives its rules as a `Policy`, and binds them in a module of its own.
"""

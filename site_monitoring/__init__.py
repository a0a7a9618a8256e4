"""What both apps tell those who watch a site: whether it lives, whether it is ready, and what took how long.

It knows no app. An app registers what it needs (`checks.register`) and whom it trusts (`access.register`).
"""

"""Logout at an application's wish, what the browser shows of it, and how pages learn that somebody signed out."""

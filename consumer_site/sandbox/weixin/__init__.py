"""Emulate WeChat: a website with a QR code, and pages inside WeChat."""

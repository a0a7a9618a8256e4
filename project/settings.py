"""Settings of the reference project (bootstrap)."""

import os
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent
PORT = os.environ.get("PORT", "8000")
SECRET_KEY = "development-only"
DEBUG = True
ALLOWED_HOSTS = ["localhost", "127.0.0.1"]

"""The version of the application; it stands nowhere else. SECURITY rises when none before may return."""

VERSION = "0.1.0"
SECURITY = 1

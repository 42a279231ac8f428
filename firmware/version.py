"""The version of the application; it stands nowhere else."""

VERSION = "0.1.0"

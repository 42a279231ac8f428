"""What runs on a computer, as the package `menshen`: pyproject.toml gives this folder that name."""

from __future__ import annotations

import pytest
from dash._get_app import app_context


@pytest.fixture(autouse=True)
def _no_app_before() -> None:
    """Dash signs with the app that a thread served last; here one thread serves every test."""
    app_context.set(None)

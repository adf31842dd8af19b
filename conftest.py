"""What the tests of every lesson have in common."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# Machines differ in speed, facts do not. In CI the examples are the same every time.
settings.register_profile(
    "house",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize="CI" in os.environ,
)
settings.load_profile("house")


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker."""
    config.addinivalue_line("markers", "needs_data(file): needs this file of $LM_DATA_DIR")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test whose data is not at hand; where it has to be, in CI, that is a failure."""
    for marker in item.iter_markers("needs_data"):
        folder = os.environ.get("LM_DATA_DIR")
        if not folder:
            pytest.skip(f"needs {marker.args[0]}: set LM_DATA_DIR to a folder that has it")
        if not (Path(folder) / marker.args[0]).exists():
            pytest.fail(f"{marker.args[0]} is not in LM_DATA_DIR, {folder}")

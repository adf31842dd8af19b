"""What the tests of every lesson have in common."""

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

# No deadline, since machines differ in speed. In CI, the examples are the same every time.
settings.register_profile(
    "house",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize="CI" in os.environ,
)
settings.load_profile("house")


def pytest_configure(config: pytest.Config) -> None:
    """Handle Ctrl-C as usual, and declare the marker.

    Shells and schedulers often start background programs with Ctrl-C ignored, and the programs that
    tests start would inherit that.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    config.addinivalue_line("markers", "needs_data(file): needs this file of $LM_DATA_DIR")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test that needs data, unless LM_DATA_DIR is set; then missing data is a failure."""
    for marker in item.iter_markers("needs_data"):
        folder = os.environ.get("LM_DATA_DIR")
        if not folder:
            pytest.skip(f"needs {marker.args[0]}: set LM_DATA_DIR to a folder that has it")
        if not (Path(folder) / marker.args[0]).exists():
            pytest.fail(f"{marker.args[0]} is not in LM_DATA_DIR, {folder}")


@pytest.fixture(autouse=True)
def end_programs(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """End the programs that a test started and left running, as a failing test does."""
    started: list[subprocess.Popen[Any]] = []
    start = subprocess.Popen.__init__

    def start_and_remember(self: Any, *args: Any, **kwargs: Any) -> None:
        start(self, *args, **kwargs)
        started.append(self)

    monkeypatch.setattr(subprocess.Popen, "__init__", start_and_remember)
    yield
    for program in started:
        if program.poll() is None:
            with program:  # closes its pipes, and waits for it
                program.kill()

"""What every test may rely on: fixed hypothesis examples and the folder of shared data."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# The same examples on every machine and every run: a red check is a defect, never bad
# luck.  Speed is no property of the code here (the cores are shared), so no deadline.
settings.register_profile(
    "satchel",
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=100,
    print_blob=False,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("satchel")

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of data beside the clone; the test is skipped, and the run says so, without it."""
    if not SHARED.is_dir():
        pytest.skip("../shared is missing")
    return SHARED

"""What every test shares: how hard hypothesis looks.

``pytest --hypothesis-profile=soak`` looks 25 times as long.
"""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# No deadline: a machine that is busy with something else is no defect of ours.
settings.register_profile("siptapi", deadline=None)
settings.register_profile(
    "soak",
    deadline=None,
    max_examples=2500,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("siptapi")

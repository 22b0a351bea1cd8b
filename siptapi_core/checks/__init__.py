"""What ``siptapi doctor`` looks at: the settings, each line's way to its phone, and what is around.

::

    open_installation(settings, catalog) ──▶ Installation ──line(name)──▶ ExaminedLine
                                                 │                             │
               checks of the whole ◀── examine(installation, checks, lines) ──▶ checks of each line
                                                 │
                                                 ▼
                                             Finding, ...

A check disturbs nobody: no phone rings, nothing is registered, and a password is tried once. What
several checks need to know is asked once, by `ExaminedLine`.
"""

from siptapi_core.checks.built_in import BUILT_IN
from siptapi_core.checks.installation import Installation, open_installation
from siptapi_core.checks.running import examine
from siptapi_core.checks.settings_file import findings_of

__all__ = ["BUILT_IN", "Installation", "examine", "findings_of", "open_installation"]

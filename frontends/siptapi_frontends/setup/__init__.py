"""``siptapi setup``: from an account to settings that were tried.

::

    profiles ─▶ Account ─▶ dialogue: ask, try by the doctor's checks ─▶ proposal ─▶ writing

Nothing is written before the end, and then all at once; what is there already stays as it is.
"""

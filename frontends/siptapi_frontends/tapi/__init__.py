"""What makes the TAPI service provider part of a Windows, and takes it away again.

The provider itself, ``siptapi.tsp``, is C (``frontends/tsp``); what it says to ``siptapi serve`` is
the control line. Here is only its set-up, which ``siptapi tapi`` offers:

====================================  =========================================================
``registry_values``, ``reg_...``      the Windows registry and its ``.reg`` files as values
``parent_settings``, ``import...``    from the settings of SIPTAPI 0.3 to ``siptapi.toml``
``steps``, ``..._steps``              what can be done to a Windows and undone, as data
``installation``                      which of them make an installation
``carrying_out``                      all of the steps, or none
``windows``, ``native_...``           what the steps need of Windows, and the real one
``handover``                          the same for another computer: files, and steps in words
``status``                            what is there
``service``                           what Windows starts
====================================  =========================================================
"""

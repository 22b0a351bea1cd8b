"""What makes the TAPI service provider part of a Windows, and takes it away again.

The provider itself, ``siptapi.tsp``, is C (``frontends/tsp``); what it says to ``siptapi serve`` is
the control line. Here is only its set-up, which ``siptapi tapi`` offers:

=========================================  ====================================================
``registry_values``, ``reg_reader``, ...   the Windows registry and its ``.reg`` files as values
``parent_settings``, ``importing``         from the settings of SIPTAPI 0.3 to ``siptapi.toml``
``steps``, ``installation``                what an installation consists of, as data
``carrying_out``                           all of the steps, or none
``windows``, ``native_windows``            what the steps need of Windows, and the real one
``handover``                               the same for another computer: files, and steps in words
``status``                                 what is there
``service``                                what Windows starts
=========================================  ====================================================
"""

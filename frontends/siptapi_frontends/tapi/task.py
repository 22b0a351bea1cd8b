r"""The scheduled task that runs ``siptapi serve`` from the start of the computer on.

A Windows service proper must talk to the service manager, which Python does only through packages
and programs of third parties. A task needs none of them, runs in an account without a person, and
is looked after by Windows all the same: it is tried again each minute, and started once only. Its
end is sudden: calls that are being set up then are as after a power cut.

The elements are those of Microsoft's Task Scheduler schema 1.2.
"""

from __future__ import annotations

from xml.sax.saxutils import escape

LOCAL_SERVICE = "S-1-5-19"

_XML = """\
<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo>
    <Description>SIPTAPI, which the TAPI service provider siptapi.tsp dials through</Description>
  </RegistrationInfo>
  <Triggers>
    <BootTrigger>
      <Repetition>
        <Interval>PT1M</Interval>
      </Repetition>
    </BootTrigger>
    <RegistrationTrigger>
      <Repetition>
        <Interval>PT1M</Interval>
      </Repetition>
    </RegistrationTrigger>
  </Triggers>
  <Principals>
    <Principal id="Author">
      <UserId>{user}</UserId>
      <RunLevel>LeastPrivilege</RunLevel>
    </Principal>
  </Principals>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>
    <Priority>5</Priority>
  </Settings>
  <Actions Context="Author">
    <Exec>
      <Command>{command}</Command>
      <Arguments>-I -m siptapi_frontends.tapi.service "{folder}"</Arguments>
      <WorkingDirectory>{folder}</WorkingDirectory>
    </Exec>
  </Actions>
</Task>
"""


def task_xml(*, command: str, folder: str) -> str:
    """The task; ``command`` is a ``pythonw.exe``, ``folder`` the one with the settings."""
    return _XML.format(user=LOCAL_SERVICE, command=escape(command), folder=escape(folder))

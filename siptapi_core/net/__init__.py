"""The only SIP sockets, and what else the machines need from the system: time and tokens."""

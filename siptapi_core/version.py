"""The version of SIPTAPI: read by the build, by ``siptapi --version`` and by User-Agent."""

VERSION = "0.1.0"

"""Public helpers for the tests of SIPTAPI and of plugins: fakes, and a network in memory."""

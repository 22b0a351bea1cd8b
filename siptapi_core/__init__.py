"""SIPTAPI: makes a person's own SIP phone place a call."""

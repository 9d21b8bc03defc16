"""Fakes that obey the ports' laws, and those laws as suites; shipped for users' own tests."""

"""Durable execution: the only package that knows DBOS. Start in `run.py`."""

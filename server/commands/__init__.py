"""The verbs of the command line, one module per verb; `server/__main__.py` registers them.

This file imports nothing: the processes of a mall live in this package too, and they start without the verbs.
"""

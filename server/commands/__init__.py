"""The verbs of the command line, one room each; `server/__main__.py` registers them.

Nothing is imported here: the processes of a mall live in this package too and start without the verbs.
"""

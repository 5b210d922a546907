"""An imitation of WeChat's mini-program server API and of WeChat Pay APIv3, for development and tests.

It signs and encrypts for real, keeps its state in one SQLite file and knows nothing of the rest of the project.
"""

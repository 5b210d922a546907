"""Access to the panel: accounts, passwords, second factors, devices."""

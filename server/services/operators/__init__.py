"""Who may enter the panel: accounts, passwords, second factors, devices."""

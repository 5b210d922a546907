"""The operators' panel as it is seen: templates, style, script, and the packages that are served beside them."""

"""JSON for the mini program and the H5 shop."""

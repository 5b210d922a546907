"""Templates, style and script of the operators' panel, and the packages served with them."""

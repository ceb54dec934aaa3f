"""OSRM and Valhalla to be measured against, in a Python of their own: neither has a current package for ours."""

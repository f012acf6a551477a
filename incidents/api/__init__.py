"""Incidents for programs: the same scope, filters and domain functions as the pages."""

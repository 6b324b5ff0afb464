"""Reads Nightdrop's files without Nightdrop; written from the pages in Formats/ only."""

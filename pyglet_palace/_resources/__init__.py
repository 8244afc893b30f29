"""Kinds of resources: files, entries of zip files, and files of a factory. Each can be opened on any thread."""

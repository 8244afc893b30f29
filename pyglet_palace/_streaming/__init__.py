"""Sounds that are decoded while they play."""

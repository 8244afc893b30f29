"""Voices and the sounds they play."""

"""Encoders: built, trained, evaluated, kept in files that cannot run code."""

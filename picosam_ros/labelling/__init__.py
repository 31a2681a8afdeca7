"""Prompts and a recording become labelled images."""

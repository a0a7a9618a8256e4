"""Grep all output of the whole suite for every secret issued in it.

`births` records secrets where they are made, `plugin` collects what is written, `watch` looks for the one in the other.
"""

"""Scenarios of requests, written down once and sent to any server: record, compare, explain.

A scenario is a YAML file of steps, or a HAR file of a browser; a recording is the list of its
answers with ids and times taken out. Both are read and written by hand as well as by the command.
"""

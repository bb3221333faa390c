"""Measurements that print one table each; never part of the tests."""

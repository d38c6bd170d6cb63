"""The SQL of genscope: schema, staging, interval, classify, attribution and metric.

A package only so that importlib.resources can find the files; it holds no code.
"""

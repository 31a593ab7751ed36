"""The documents that go in and out: one schema each, for both ways, and the truth for /openapi.json.

What GET shows may be sent back: names that are only shown are taken and left aside, any other unknown
name is refused. A document that one place alone shows stands beside its routes.
"""

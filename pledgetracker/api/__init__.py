"""The HTTP API: one module per URL segment, strict documents, one table of problems."""

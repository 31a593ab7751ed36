"""Read-only renderings of the record for programs of other makes, in the formats that they know."""

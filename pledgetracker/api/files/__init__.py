"""Files that go in and out: tables, JSON, archives, and how foreign tables are read."""

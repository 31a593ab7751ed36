"""How the record is kept: tables, one store per aggregate, transactions. Stores return values, never rows."""

"""What happens: use cases over one transaction each; `now` is always an argument."""

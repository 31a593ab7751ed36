"""The pages for people: server-rendered, without scripts; they call services, never storage."""

"""The sections of `make bench`: each is a module with a TITLE and `measure(frames) -> rows`."""

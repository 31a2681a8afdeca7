"""The demo's parts: a tour of what the camera sees, a table, and the nodes beside it."""

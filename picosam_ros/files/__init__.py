"""Files of users: YAML that is nothing but data, and files that are replaced whole."""

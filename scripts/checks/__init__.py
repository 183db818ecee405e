"""House rules that no linter knows; each module has `problems(root)`: sentences, none where all is well."""

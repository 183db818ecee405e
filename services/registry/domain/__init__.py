"""Registry's rules: what a model's stream says, and what may be appended to it next. Pure."""

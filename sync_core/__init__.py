"""What the plugins share: mappings, errors, retries, and a careful HTTP client."""

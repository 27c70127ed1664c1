"""Ready rules: what e-mail addresses, phone numbers, payment cards and keys look like, in text of every script."""

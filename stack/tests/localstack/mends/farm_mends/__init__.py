"""What of LocalStack's own would deceive a test, done otherwise."""

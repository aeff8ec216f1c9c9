"""What the wire tests are made of: transports, contents, and rows of request and response."""

"""S3: moto's, made durable and mirrored as plain folders."""

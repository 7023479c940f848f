"""S3, the Glue Data Catalog and Athena: the only modules that hold an AWS client."""

"""The Glue job `bovespa-etl-job`: raw files to staging. Plain PySpark and boto3, so that it runs wherever Spark 3.5 runs."""

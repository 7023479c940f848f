"""The floor of every Glue run on the laptop: a process, a JVM, Spark, and one task that does nothing."""

from pyspark.sql import SparkSession

SparkSession.builder.getOrCreate().range(1).collect()

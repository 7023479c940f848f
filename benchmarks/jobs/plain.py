"""The ETL as most public projects of this kind write it, with Spark's defaults: plain.py --input s3://… --output s3://…/."""

import sys

from pyspark.sql import SparkSession
from pyspark.sql import functions as f

given = dict(zip(sys.argv[1::2], sys.argv[2::2], strict=True))
spark = SparkSession.builder.getOrCreate()
text = f.trim(f.regexp_replace("setor", r"\s+", " "))
rows = (
    spark.read.parquet(*given["--input"].split(","))
    .withColumn("classe", f.trim(f.substring("tipo", 1, 4)))
    .withColumn("eventos", f.trim(f.substring("tipo", 5, 4)))
    .withColumn("segmento_listagem", f.trim(f.substring("tipo", 9, 2)))
    .withColumn("setor", f.trim(f.split(text, "/").getItem(0)))
    .withColumn("subsetor", f.trim(f.split(text, "/").getItem(1)))
    .withColumnRenamed("acao", "nome_acao")
    .withColumnRenamed("qtde_teorica", "quantidade_teorica_acoes")
    .withColumnRenamed("participacao_pct", "percentual_participacao_ibov")
    .withColumn("dias_desde_coleta", f.datediff(f.current_date(), f.to_date("timestamp_coleta")))
    .withColumn("year", f.year("data_pregao"))
    .withColumn("month", f.month("data_pregao"))
    .withColumn("day", f.dayofmonth("data_pregao"))
    .withColumn("acao", f.col("codigo"))
)
groups = rows.groupBy("data_pregao", "year", "month", "day", "setor", "classe").agg(
    f.sum("quantidade_teorica_acoes").alias("quantidade_teorica_total"),
    f.avg("percentual_participacao_ibov").alias("participacao_media"),
    f.sum("percentual_participacao_ibov").alias("participacao_total"),
    f.count("*").alias("total_acoes"),
)
rows.write.mode("append").partitionBy("year", "month", "day", "acao").parquet(f"{given['--output']}refined-data/")
groups.write.mode("append").partitionBy("year", "month", "day").parquet(f"{given['--output']}resumo-data/")

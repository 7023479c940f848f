"""What is made once for an installation, so that Spark starts sooner."""

"""IAM: which role may do what, judged for every request."""

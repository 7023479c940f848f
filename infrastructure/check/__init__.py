"""`make infra-check`: what AWS and the Pulumi CLI would refuse of the program, found without either."""

"""The account itself: its home, its server process, its state, the endpoint in front of its services."""

ACCOUNT_ID = "123456789012"
"""moto's own number for an account."""

REGION = "sa-east-1"

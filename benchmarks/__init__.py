"""What the pipeline costs in time, requests, memory and money: measured, against others and against the limit."""

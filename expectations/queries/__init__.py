"""What reads and makes the tables: views, saved queries, the job's transformations, the dictionary. Standard library only."""

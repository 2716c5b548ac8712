"""What several machines share: an index in Postgres, and passages of any vector store put in order."""

"""Where the tasks of a corpus are done: in processes of this machine, or on a Ray cluster."""

"""English words: their forms, what they mean beside one another, and how two sentences pair up."""

"""How many topics a request may name, and how long each may be."""

MIN_TOPICS, MAX_TOPICS, MAX_TOPIC_CHARACTERS = 2, 20, 200

"""What the engine and the activities may ask of the world, as small Protocols."""

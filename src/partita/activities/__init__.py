"""The steps of a run, one file each; effects only through the World they are given."""

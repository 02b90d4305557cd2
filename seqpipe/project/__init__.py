"""project.yml: load, plan, run, lock, assets."""

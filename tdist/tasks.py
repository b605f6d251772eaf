class Task: pass

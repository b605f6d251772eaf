"""Rendered rooms with the ground truth of eight tasks."""

from tdist.scenes.furniture import OBJECTS, SCENES
from tdist.scenes.rooms import MAPS, TASKS, Rooms, render

__all__ = ["MAPS", "OBJECTS", "SCENES", "TASKS", "Rooms", "render"]

"""Drawn material: package faces and their photographs, made from seeds with numpy, OpenCV and Pillow only.

It serves training, tests and the demo. Nothing of it runs during an inspection.
"""

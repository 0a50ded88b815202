"""Adapters of the two ports, Camera and Scanner. Only edge/app.py and provisioning choose among them.

Cameras: `camera_stream` (OpenCV: video files, HTTP MJPEG, V4L2), `camera_folder` (a watched folder), `camera_replay`.
Scanners: `scanner_serial` (pyserial), `scanner_stdin` (a stream of lines), `scanner_replay`.
`addresses` turns the words of the settings into one of them.
"""

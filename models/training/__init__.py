"""How the packaging model is made: pairs, edits, net, training, quantization. Torch lives here and nowhere else.

Nothing of this package is imported at run time. `python -m models.training --help` tells the commands.
"""

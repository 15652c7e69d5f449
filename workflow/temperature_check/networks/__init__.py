"""Networks in Keras 3, for any backend. The module of a network is imported by name.

The function `build` of the module takes the settings of its kind, an input shape and a number of classes. Every network
ends in a Dense layer without activation, whose outputs are the logits z.
"""

"""The bench: a parcel in, a reasoned verdict out, with or without a network. It never imports sync."""
